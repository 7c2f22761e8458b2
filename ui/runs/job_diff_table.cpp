#include "ui/runs/job_diff_table.h"

#include "ui/finetune/job_rules.h"
#include "ui/theme/theme.h"

#include <algorithm>

namespace facet::ui {

/// A run's own, whatever its job is.
static bool isOwn(const std::string& key)
{
    return key == "name" || key == "dir";
}

void JobDiffTable::show(std::vector<Job> jobs)
{
    beginResetModel();
    m_jobs = std::move(jobs);
    m_keys.clear();
    const auto valueIn = [](const Job& job, const std::string& key) {
        const auto found = job.settings.find(key);
        return found == job.settings.end() ? nlohmann::json() : found->second;
    };
    for (const std::string& key : jobs::jobKeys())
        if (!isOwn(key) && !m_jobs.empty() && !std::ranges::all_of(m_jobs, [&](const Job& job) {
                return valueIn(job, key) == valueIn(m_jobs.front(), key);
            }))
            m_keys.push_back(key);
    endResetModel();
}

QString JobDiffTable::text(size_t row, size_t job) const
{
    const auto found = m_jobs[job].settings.find(m_keys[row]);
    return found == m_jobs[job].settings.end() ? QString() : QString::fromStdString(textOf(found->second));
}

int JobDiffTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_keys.size());
}

int JobDiffTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : 1 + static_cast<int>(m_jobs.size());
}

QVariant JobDiffTable::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const auto row = static_cast<size_t>(index.row());
    if (index.column() == 0)
        return role == Qt::DisplayRole ? QString::fromStdString(m_keys[row]) : QVariant();
    const auto job = static_cast<size_t>(index.column() - 1);
    const bool isOdd = text(row, job) != text(row, 0);
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole:
            return text(row, job);
        case IsOddRole:
            return isOdd;
        case Qt::ForegroundRole:
            return isOdd ? Theme::color(ui::Role::Changed) : QVariant();
        case Qt::AccessibleTextRole:
            return isOdd ? tr("%1, differs").arg(text(row, job)) : text(row, job);
        default:
            return {};
    }
}

QVariant JobDiffTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= columnCount())
        return {};
    return section == 0 ? tr("Setting") : m_jobs[static_cast<size_t>(section - 1)].name;
}

}  // namespace facet::ui
