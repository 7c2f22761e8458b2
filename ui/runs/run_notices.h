#pragma once

#include "ui/runs/run_list.h"

#include <QObject>
#include <QWidget>

namespace facet::ui {

/// Says when a run has ended or failed: by the desktop's notifications, so that one hears of it with another
/// window in front, and in the window where the desktop has none.
///
/// Source  Desktop Notifications Specification 1.2, org.freedesktop.Notifications.Notify
class RunNotices final : public QObject {
    Q_OBJECT

public:
    /// Both must outlive this object.
    RunNotices(RunList& runs, QWidget& window, QObject* parent = nullptr);

private:
    void tell(const QString& path);

    RunList& m_runs;
    QWidget& m_window;
};

}  // namespace facet::ui
