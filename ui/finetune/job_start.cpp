#include "ui/finetune/job_start.h"

#include "core/base/file.h"
#include "ui/background.h"

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

}  // namespace

JobStart::JobStart(std::filesystem::path home, std::filesystem::path engine, QObject* parent)
    : QObject(parent), m_home(std::move(home)), m_engine(std::move(engine))
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
