#include "ui/finetune/job_probe.h"

#include "core/base/file.h"
#include "ui/background.h"

#include <nlohmann/json.hpp>

namespace facet::ui {

namespace {

core::Result<void> write(const std::filesystem::path& file, const std::string& text)
{
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    return core::writeFileAtomically(file, text);
}

JobProbe::Figures figuresFrom(const nlohmann::json& probe)
{
    const nlohmann::json seconds = probe.value("seconds", nlohmann::json::object());
    return {.memoryBytes = probe.value("memory_bytes", 0.0),
            .estimatedBytes = probe.value("estimated_memory_bytes", 0.0),
            .secondsPerStep = probe.value("seconds_per_step", 0.0),
            .dataSeconds = seconds.value("data", 0.0),
            .forwardSeconds = seconds.value("forward", 0.0),
            .backwardSeconds = seconds.value("backward", 0.0),
            .optimizerSeconds = seconds.value("optimizer", 0.0),
            .tokensPerSecond = probe.value("tokens_per_second", 0.0),
            .secondsOfAllSteps = probe.value("seconds_of_all_steps", 0.0),
            .areRowsMadeUp = probe.value("rows", "") == "made up"};
}

}  // namespace

JobProbe::JobProbe(std::filesystem::path home, std::filesystem::path engine, QObject* parent)
    : QObject(parent), m_home(std::move(home)), m_engine(std::move(engine))
{
}

JobProbe::~JobProbe()
{
    if (m_process) {
        m_process->disconnect(this);
        m_process->kill();
        m_process->waitForFinished(1000);
    }
}

void JobProbe::start(const JobDocument& document, const std::string& device)
{
    reset();
    m_state = State::Running;
    m_progress = tr("starting");
    Q_EMIT changed();
    const std::filesystem::path file = m_home / "cache" / "probe.json";
    runInBackground(
        this, [file, text = jobText(document).text] { return write(file, text); },
        [this, file, device, round = m_round](const core::Result<void>& written) {
            if (round != m_round)
                return;
            if (written)
                run(file, device);
            else
                fail(QString::fromStdString(written.error().message));
        });
}

void JobProbe::run(const std::filesystem::path& file, const std::string& device)
{
    m_process = new QProcess(this);
    connect(m_process, &QProcess::readyReadStandardError, this, &JobProbe::readProgress);
    connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            fail(tr("The engine %1 cannot be started: %2.")
                     .arg(QString::fromStdString(m_engine.string()), m_process->errorString()));
    });
    connect(m_process, &QProcess::finished, this, &JobProbe::finish);
    m_process->start(QString::fromStdString(m_engine.string()),
                     {QStringLiteral("estimate"), QString::fromStdString(file.string()),
                      QStringLiteral("name=probe"), QStringLiteral("--device"),
                      QString::fromStdString(device), QStringLiteral("--probe"), QStringLiteral("--json")});
}

void JobProbe::reset()
{
    ++m_round;
    if (m_process) {
        m_process->disconnect(this);
        connect(m_process, &QProcess::finished, m_process, &QObject::deleteLater);
        m_process->kill();
        m_process = nullptr;
    }
    m_progress.clear();
    m_problem.clear();
    m_edits.clear();
    if (m_state == State::Idle)
        return;
    m_state = State::Idle;
    Q_EMIT changed();
}

void JobProbe::readProgress()
{
    const QList<QByteArray> lines = m_process->readAllStandardError().trimmed().split('\n');
    if (lines.isEmpty() || lines.last().isEmpty())
        return;
    m_progress = QString::fromUtf8(lines.last());
    Q_EMIT changed();
}

void JobProbe::finish()
{
    const QByteArray out = m_process->readAllStandardOutput();
    const bool hasCrashed = m_process->exitStatus() != QProcess::NormalExit;
    m_process->deleteLater();
    m_process = nullptr;
    const nlohmann::json answer = nlohmann::json::parse(out.begin(), out.end(), nullptr, false);
    if (!answer.is_object() || !answer.contains("probe")) {
        fail(hasCrashed ? tr("The engine ended by a signal: memory may not have sufficed.") : m_progress);
        return;
    }
    const nlohmann::json& probe = answer["probe"];
    if (probe.value("fits", false)) {
        m_figures = figuresFrom(probe);
        m_state = State::Measured;
    } else {
        m_problem = QString::fromStdString(probe.value("message", ""));
        for (const nlohmann::json& edit : probe.value("edits", nlohmann::json::array()))
            m_edits.push_back({edit.value("sentence", ""), edit.value("changes", jobs::Settings()),
                               edit.value("bytes", 0.0), edit.value("fits", false)});
        m_state = State::TooLarge;
    }
    Q_EMIT changed();
}

void JobProbe::fail(const QString& sentence)
{
    m_problem = sentence;
    m_state = State::Failed;
    Q_EMIT changed();
}

}  // namespace facet::ui
