#include "ui/clusters/cluster_draft.h"

#include "jobs/job/job_settings.h"

#include <QRegularExpression>
#include <QStringList>

namespace facet::ui {

namespace {

using nlohmann::json;

QStringList linesOf(const QString& text)
{
    QStringList lines;
    for (const QString& line : text.split(QLatin1Char('\n')))
        if (!line.trimmed().isEmpty())
            lines << line.trimmed();
    return lines;
}

/// Text as a value of the same kind as `sample`; what is no number stays a text, which the reader refuses in
/// words.
json valueOf(const QString& text, const json& sample)
{
    if (sample.is_boolean())
        return text == QStringLiteral("true");
    if (sample.is_number()) {
        bool isNumber = false;
        const qlonglong number = text.trimmed().isEmpty() ? 0 : text.trimmed().toLongLong(&isNumber);
        return isNumber || text.trimmed().isEmpty() ? json(number) : json(text.toStdString());
    }
    if (sample.is_array()) {
        json list = json::array();
        for (const QString& line : linesOf(text))
            list.push_back(line.toStdString());
        return list;
    }
    if (sample.is_object()) {
        json object = json::object();
        for (const QString& line : linesOf(text))
            object[line.section(QLatin1Char('='), 0, 0).toStdString()] =
                line.section(QLatin1Char('='), 1).toStdString();
        return object;
    }
    return text.toStdString();
}

QString textOf(const json& value)
{
    if (value.is_boolean())
        return value.get<bool>() ? QStringLiteral("true") : QString();
    if (value.is_number())
        return value == 0 ? QString() : QString::number(value.get<qlonglong>());
    QStringList lines;
    if (value.is_array())
        for (const json& each : value)
            lines << QString::fromStdString(each.get<std::string>());
    else if (value.is_object())
        for (const auto& [name, each] : value.items())
            lines << QString::fromStdString(name + "=" + each.get<std::string>());
    else
        return QString::fromStdString(value.get<std::string>());
    return lines.join(QLatin1Char('\n'));
}

}  // namespace

ClusterDraft::ClusterDraft(std::filesystem::path recipes, QObject* parent)
    : QObject(parent), m_recipes(std::move(recipes))
{
}

void ClusterDraft::setProfile(const jobs::ClusterProfile& profile)
{
    m_profile = profile;
    m_wrongTexts.clear();
    m_wrongWhy.clear();
    compute();
}

QString ClusterDraft::text(const QString& key) const
{
    const auto wrong = m_wrongTexts.find(key);
    return wrong == m_wrongTexts.end() ? textOf(jobs::toJson(m_profile)[key.toStdString()]) : *wrong;
}

void ClusterDraft::setText(const QString& key, const QString& text)
{
    json object = jobs::toJson(m_profile);
    json& member = object[key.toStdString()];
    member = valueOf(text, member);
    const auto profile = jobs::profileFrom(object);
    m_wrongTexts.remove(key);
    m_wrongWhy.remove(key);
    if (!profile) {
        m_wrongTexts[key] = text;
        m_wrongWhy[key] = QString::fromStdString(profile.error().message);
        compute();
        return;
    }
    if (*profile == m_profile) {
        compute();
        return;
    }
    m_profile = *profile;
    compute();
    Q_EMIT edited(key);
}

QString ClusterDraft::problem(const QString& key) const
{
    if (const auto wrong = m_wrongWhy.find(key); wrong != m_wrongWhy.end())
        return *wrong;
    for (const jobs::Finding& each : m_findings)
        if (each.weight == jobs::Finding::Weight::Refused && each.key == key.toStdString())
            return QString::fromStdString(each.sentence);
    return {};
}

QString ClusterDraft::doubt(const QString& key) const
{
    for (const jobs::Finding& each : m_findings)
        if (each.weight == jobs::Finding::Weight::Doubtful && each.key == key.toStdString())
            return QString::fromStdString(each.sentence);
    return {};
}

int ClusterDraft::numProblems() const
{
    return static_cast<int>(m_wrongWhy.size()) + static_cast<int>(m_findings.size()) - numDoubts();
}

int ClusterDraft::numDoubts() const
{
    return static_cast<int>(
        std::ranges::count(m_findings, jobs::Finding::Weight::Doubtful, &jobs::Finding::weight));
}

core::Result<void> ClusterDraft::openJob(const QString& path)
{
    const auto settings = jobs::readJobFile(path.toStdString());
    if (!settings)
        return settings.error();
    auto task = jobs::trainingTask(*settings, {}, m_recipes);
    if (!task)
        return task.error().during(path.toStdString());
    if (const auto script = jobs::batchScript(*task, m_profile); !script)
        return script.error();
    m_task = *std::move(task);
    compute();
    return {};
}

core::Result<void> ClusterDraft::setJob(const jobs::Settings& settings,
                                        const std::vector<jobs::Sweep>& sweeps)
{
    auto task = jobs::trainingTask(settings, sweeps, m_recipes);
    m_task = task ? std::optional(*task) : std::nullopt;
    compute();
    return task ? core::Result<void>() : task.error();
}

void ClusterDraft::clearJob()
{
    m_task.reset();
    compute();
}

QString ClusterDraft::jobName() const
{
    return m_task ? QString::fromStdString(m_task->job.name) : QString();
}

QString ClusterDraft::runFolder() const
{
    const std::string own = m_task ? m_task->job.dir : std::string();
    QString folder =
        QString::fromStdString(own.empty() ? m_profile.runs + "/" + jobName().toStdString() : own);
    if (!m_profile.host.empty())
        return folder;
    if (folder.startsWith(QStringLiteral("~/")))
        folder.replace(0, 1, QStringLiteral("$HOME"));
    static const QRegularExpression kVariable(QStringLiteral(R"(^\$(?:(\w+)|\{(\w+)\}))"));
    const QRegularExpressionMatch match = kVariable.match(folder);
    const QString name = match.captured(1) + match.captured(2);
    if (!name.isEmpty() && !qEnvironmentVariableIsEmpty(name.toUtf8().constData()))
        folder.replace(0, match.capturedLength(), qEnvironmentVariable(name.toUtf8().constData()));
    return folder;
}

void ClusterDraft::compute()
{
    m_findings.clear();
    m_script.clear();
    if (m_task) {
        m_findings = jobs::lint(*m_task, m_profile);
        const auto script = jobs::batchScript(*m_task, m_profile);
        if (script)
            m_script = QString::fromStdString(*script);
        else
            m_findings.push_back({jobs::Finding::Weight::Refused, "", "", script.error().message, {}});
    }
    Q_EMIT changed();
}

int ClusterDraft::lineOf(const jobs::Finding& finding) const
{
    return jobs::lineOf(finding, m_script.toStdString());
}

void ClusterDraft::fix(const jobs::Finding& finding)
{
    if (finding.fix)
        setText(QString::fromStdString(finding.key), QString::fromStdString(finding.fix->value));
}

}  // namespace facet::ui
