#pragma once

// Which run has which device of this machine now, and how many wait for it: from the runs' folders and the
// queue's file, whoever started them.

#include "core/run/observed_run.h"

#include <QObject>
#include <QString>

#include <filesystem>
#include <map>
#include <string>

namespace facet::ui {

class RunList;

class DeviceUse final : public QObject {
    Q_OBJECT

public:
    struct Use {
        QString run;  ///< that has the device; "": it is free
        double secondsLeft = 0;
        int numWaiting = 0;  ///< in the queue, which may take this device
        bool operator==(const Use&) const = default;
    };

    /// `runs` must outlive this object; null: nothing is known, and every device counts as free.
    DeviceUse(RunList* runs, std::filesystem::path home, QObject* parent = nullptr);

    Use of(const std::string& device) const;
    bool isTaken(const std::string& device) const { return !of(device).run.isEmpty(); }

Q_SIGNALS:
    void changed();

private:
    using Uses = std::map<std::string, Use>;
    static Uses look(const std::vector<core::ObservedRun>& runs, const std::filesystem::path& home);
    void lookSoon();

    RunList* m_runs;
    std::filesystem::path m_home;
    Uses m_uses;
    bool m_isLooking = false;
};

}  // namespace facet::ui
