#include "ui/finetune/sweep_draft.h"

#include "ui/finetune/job_rules.h"

namespace facet::ui {

namespace {

/// A line as a sweep whose values may all stand at its key.
core::Result<jobs::Sweep> sweepOf(const SweepDraft::Line& line)
{
    const std::string key = line.key.trimmed().toStdString();
    if (key.empty())
        return core::Error{core::ErrorCode::InvalidInput, "name a setting to try values of"};
    if (line.values.trimmed().isEmpty())
        return core::Error{core::ErrorCode::InvalidInput,
                           "list the values to try for " + key + ", with commas"};
    core::Result<jobs::Sweep> sweep = jobs::sweepFrom(key + "=" + line.values.trimmed().toStdString());
    if (!sweep)
        return sweep;
    if (const auto checked = jobs::sweepPoints({*sweep}); !checked)
        return checked.error();
    for (nlohmann::json& value : sweep->values) {
        if (value.is_string()) {
            const core::Result<nlohmann::json> typed = valueOf(key, value.get<std::string>());
            if (!typed)
                return typed.error();
            value = *typed;
        }
        if (const core::Result<void> checked = checkValue(key, value); !checked)
            return checked.error();
    }
    return sweep;
}

}  // namespace

void SweepDraft::addLine(const Line& line)
{
    m_lines.push_back(line);
    read();
}

void SweepDraft::removeLine(size_t at)
{
    m_lines.erase(m_lines.begin() + static_cast<std::ptrdiff_t>(at));
    read();
}

void SweepDraft::setLine(size_t at, const Line& line)
{
    m_lines[at] = line;
    read();
}

void SweepDraft::clear()
{
    m_lines.clear();
    read();
}

void SweepDraft::read()
{
    m_sweeps.clear();
    m_problem.clear();
    for (const Line& line : m_lines) {
        core::Result<jobs::Sweep> sweep = sweepOf(line);
        if (!sweep && m_problem.isEmpty())
            m_problem = QString::fromStdString(sweep.error().message);
        else if (sweep)
            m_sweeps.push_back(*std::move(sweep));
    }
    const core::Result<std::vector<jobs::SweepPoint>> points = jobs::sweepPoints(m_sweeps);
    if (!points && m_problem.isEmpty())
        m_problem = QString::fromStdString(points.error().message);
    if (!m_problem.isEmpty())
        m_sweeps.clear();
    m_numRuns = m_problem.isEmpty() ? static_cast<int>(points->size()) : 0;
    Q_EMIT changed();
}

QStringList SweepDraft::namesFor(const QString& name) const
{
    QStringList names;
    if (const auto points = jobs::sweepPoints(m_sweeps); points && !m_sweeps.empty())
        for (const std::string& each : jobs::sweepNames(name.toStdString(), m_sweeps, *points))
            names << QString::fromStdString(each);
    return names;
}

}  // namespace facet::ui
