#pragma once

// Starts the job of a form on this machine and says what became of the start.

#include "core/run/launch_record.h"
#include "jobs/launch/launch.h"
#include "ui/finetune/job_document.h"

#include <QObject>
#include <QTimer>

namespace facet::ui {

class JobStart final : public QObject {
    Q_OBJECT

public:
    /// `engine` is the program facet-engine; job files lie in `home`/jobs.
    JobStart(std::filesystem::path home, std::filesystem::path engine, QObject* parent = nullptr);

    bool isBusy() const { return m_isBusy; }

    /// Writes the job file and starts `facet-engine train`, which outlives this program.
    void start(const JobDocument& document, const std::string& device);

Q_SIGNALS:
    void busyChanged();

    /// The run has begun: it has a status. `folder` is its own.
    void started(const QString& name, const QString& folder);

    /// It could not be started, or ended before it had a status.
    void failed(const QString& sentence);

private:
    void look();
    void end();

    std::filesystem::path m_home;
    std::filesystem::path m_engine;
    core::RunFolder m_folder;
    core::ProcessIdentity m_process;
    QString m_name;
    QTimer m_poll;
    bool m_isBusy = false;
};

}  // namespace facet::ui
