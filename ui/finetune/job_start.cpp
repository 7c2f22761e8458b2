#include "ui/finetune/job_start.h"

#include "core/base/file.h"
#include "jobs/queue/queue_worker.h"
#include "jobs/queue/sweep_results.h"
#include "ui/background.h"
#include "ui/finetune/job_verdict.h"

namespace facet::ui {

namespace {

constexpr int kPollMs = 100;

core::Result<jobs::Launched> writeAndLaunch(const std::filesystem::path& file, const std::string& text,
                                            const jobs::Launch& what)
{
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    if (const core::Result<void> written = core::writeFileAtomically(file, text); !written)
        return written.error();
    return jobs::launch(what);
}

struct Queued {
    QStringList names;
    QString nextName;
};

/// NAME, or NAME-2 ...: no run is called so, and none will be.
std::string nameAfter(const std::filesystem::path& home, const std::string& name)
{
    const core::Result<jobs::RunQueue> queue = jobs::QueueFile(home).read();
    const auto isTaken = [&](const std::string& each) {
        return (queue && queue->idOf(each)) || jobs::readSweep(home, each);
    };
    std::string next = freeRunName(home, name);
    for (int number = 2; isTaken(next); ++number)
        next = freeRunName(home, name + "-" + std::to_string(number));
    return next;
}

core::Result<Queued> planAndEnqueue(const jobs::Settings& job, const std::vector<jobs::Sweep>& sweeps,
                                    const std::vector<std::string>& devices,
                                    const std::filesystem::path& home, const std::filesystem::path& engine,
                                    const jobs::Surroundings& surroundings)
{
    const core::Result<std::vector<jobs::PlannedRun>> runs = jobs::planRuns(job, sweeps, surroundings);
    if (!runs)
        return runs.error();
    const std::string name = job.at("name").get<std::string>();
    const auto added = jobs::enqueue(jobs::QueueFile(home), *runs, {devices, {}}, sweeps, name);
    if (!added)
        return added.error();
    if (const core::Result<void> started = jobs::startQueueWorker(home, engine); !started)
        return started.error().during("the queue was filled, but nobody works it");
    Queued queued;
    for (const jobs::QueueEntry& entry : *added)
        queued.names << QString::fromStdString(entry.name);
    queued.nextName = QString::fromStdString(nameAfter(home, name));
    return queued;
}

}  // namespace

JobStart::JobStart(std::filesystem::path home, std::filesystem::path engine, jobs::Surroundings surroundings,
                   QObject* parent)
    : QObject(parent),
      m_home(std::move(home)),
      m_engine(std::move(engine)),
      m_surroundings(std::move(surroundings))
{
    m_poll.setInterval(kPollMs);
    connect(&m_poll, &QTimer::timeout, this, &JobStart::look);
}

void JobStart::start(const JobDocument& document, const std::string& device)
{
    const auto name = document.said.find("name");
    if (m_isBusy || name == document.said.end() || !name->second.is_string())
        return;
    m_isBusy = true;
    m_name = QString::fromStdString(name->second.get<std::string>());
    Q_EMIT busyChanged();
    const std::filesystem::path file = m_home / "jobs" / (m_name.toStdString() + ".json");
    const jobs::Launch what = {m_engine, file, device, {}};
    runInBackground(
        this, [file, text = jobText(document).text, what] { return writeAndLaunch(file, text, what); },
        [this](const core::Result<jobs::Launched>& launched) {
            if (!launched) {
                end();
                Q_EMIT failed(QString::fromStdString(launched.error().message));
                return;
            }
            m_folder = {launched->folder};
            m_process = core::ProcessIdentity::of(launched->pid);
            m_poll.start();
        });
}

void JobStart::enqueue(const JobDocument& document, const std::vector<std::string>& devices,
                       const std::vector<jobs::Sweep>& sweeps)
{
    const auto name = document.said.find("name");
    if (m_isBusy || name == document.said.end() || !name->second.is_string())
        return;
    m_isBusy = true;
    Q_EMIT busyChanged();
    runInBackground(
        this,
        [job = document.said, sweeps, devices, home = m_home, engine = m_engine, where = m_surroundings] {
            return planAndEnqueue(job, sweeps, devices, home, engine, where);
        },
        [this](const core::Result<Queued>& done) {
            end();
            if (done)
                Q_EMIT queued(done->names, done->nextName);
            else
                Q_EMIT failed(QString::fromStdString(done.error().message));
        });
}

void JobStart::look()
{
    const bool isAlive = core::isAlive(m_process).value_or(false);
    if (const core::Result<core::RunStatus> status = core::readStatus(m_folder)) {
        end();
        if (status->state == core::RunState::Failed)
            Q_EMIT failed(QString::fromStdString(status->message));
        else
            Q_EMIT started(m_name, QString::fromStdString(m_folder.path.string()));
    } else if (!isAlive) {
        end();
        const QString words = QString::fromStdString(core::lastWords(m_folder));
        Q_EMIT failed(words.isEmpty()
                          ? tr("The engine ended without a word: see launch.log in the folder of the run.")
                          : words);
    }
}

void JobStart::end()
{
    m_poll.stop();
    m_isBusy = false;
    Q_EMIT busyChanged();
}

}  // namespace facet::ui
