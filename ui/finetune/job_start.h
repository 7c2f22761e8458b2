#pragma once

// Starts the job of a form on this machine, or puts it into the queue, and says what became of that.

#include "core/run/launch_record.h"
#include "jobs/launch/launch.h"
#include "jobs/queue/enqueue.h"
#include "ui/finetune/job_document.h"

#include <QObject>
#include <QStringList>
#include <QTimer>

namespace facet::ui {

class JobStart final : public QObject {
    Q_OBJECT

public:
    /// `engine` is the program facet-engine; job files lie in `home`/jobs.
    JobStart(std::filesystem::path home, std::filesystem::path engine, jobs::Surroundings surroundings,
             QObject* parent = nullptr);

    bool isBusy() const { return m_isBusy; }

    /// Writes the job file and starts `facet-engine train`, which outlives this program.
    void start(const JobDocument& document, const std::string& device);

    /// Adds the job to the queue, once or for every combination of the sweeps' values, and sees to it that
    /// the queue is worked. Precondition: the document has no problems.
    void enqueue(const JobDocument& document, const std::vector<std::string>& devices,
                 const std::vector<jobs::Sweep>& sweeps);

Q_SIGNALS:
    void busyChanged();

    /// Runs wait in the queue; the next job may be called `nextName`.
    void queued(const QStringList& names, const QString& nextName);

    /// The run has begun: it has a status. `folder` is its own.
    void started(const QString& name, const QString& folder);

    /// It could not be started, or ended before it had a status.
    void failed(const QString& sentence);

private:
    void look();
    void end();

    std::filesystem::path m_home;
    std::filesystem::path m_engine;
    jobs::Surroundings m_surroundings;
    core::RunFolder m_folder;
    core::ProcessIdentity m_process;
    QString m_name;
    QTimer m_poll;
    bool m_isBusy = false;
};

}  // namespace facet::ui
