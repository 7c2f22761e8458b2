#include "ui/runs/run_list.h"

#include "ui/background.h"
#include "ui/runs/run_words.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace facet::ui {

namespace {

QString textOf(const std::filesystem::path& path)
{
    return QString::fromStdString(path.string());
}

}  // namespace

RunList::RunList(std::vector<std::filesystem::path> places, QObject* parent)
    : QAbstractListModel(parent), m_observer(std::make_shared<core::RunObserver>(std::move(places)))
{
    m_timer.setInterval(std::chrono::seconds(1));
    connect(&m_timer, &QTimer::timeout, this, &RunList::look);
}

int RunList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_runs.size());
}

QVariant RunList::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const core::ObservedRun& run = this->run(index.row());
    QStringList tags;
    for (const std::string& tag : run.tags)
        tags << QString::fromStdString(tag);
    switch (role) {
        case NameRole:
            return QString::fromStdString(run.name);
        case PathRole:
            return textOf(run.folder.path);
        case ConditionRole:
            return static_cast<int>(run.condition);
        case TagsRole:
            return tags;
        case Qt::AccessibleTextRole:
            return QStringList{QString::fromStdString(run.name), words::secondLine(run), words::rightOf(run),
                               tags.join(QStringLiteral(", "))}
                .join(QStringLiteral(", "));
        case Qt::ToolTipRole:
            return QString::fromStdString(run.notes.empty() ? run.message : run.notes);
        default:
            return {};
    }
}

const core::ObservedRun* RunList::find(const QString& path) const
{
    const std::filesystem::path wanted = path.toStdString();
    const auto found =
        std::ranges::find_if(m_runs, [&](const core::ObservedRun& run) { return run.folder.path == wanted; });
    return found == m_runs.end() ? nullptr : &*found;
}

int RunList::numUnderWay() const
{
    return static_cast<int>(std::ranges::count_if(m_runs, &core::ObservedRun::isUnderWay));
}

void RunList::take(std::vector<core::ObservedRun> runs)
{
    std::map<std::filesystem::path, size_t> places;
    for (size_t i = 0; i < runs.size(); ++i)
        places[runs[i].folder.path] = i;
    QStringList hasEnded;
    for (int row = rowCount() - 1; row >= 0; --row) {
        const auto found = places.find(run(row).folder.path);
        if (found == places.end()) {
            beginRemoveRows({}, row, row);
            m_runs.erase(m_runs.begin() + row);
            endRemoveRows();
        } else if (run(row).isUnderWay() && !runs[found->second].isUnderWay()) {
            hasEnded << textOf(run(row).folder.path);
        }
    }
    std::map<std::filesystem::path, size_t> known;
    for (size_t i = 0; i < m_runs.size(); ++i)
        known[m_runs[i].folder.path] = i;
    const auto isNew = [&](const core::ObservedRun& run) { return !known.contains(run.folder.path); };
    if (const auto count = std::ranges::count_if(runs, isNew); count > 0) {
        beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(count) - 1);
        for (const core::ObservedRun& run : runs)
            if (isNew(run)) {
                known[run.folder.path] = m_runs.size();
                m_runs.push_back(run);
            }
        endInsertRows();
    }
    const bool isInOrder = std::ranges::equal(
        m_runs, runs, {}, [](const core::ObservedRun& run) { return run.folder.path; },
        [](const core::ObservedRun& run) { return run.folder.path; });
    if (!isInOrder) {
        Q_EMIT layoutAboutToBeChanged();
        const QModelIndexList before = persistentIndexList();
        QModelIndexList after;
        for (const QModelIndex& index : before)
            after << createIndex(static_cast<int>(places[run(index.row()).folder.path]), 0);
        m_runs = std::move(runs);
        changePersistentIndexList(before, after);
        Q_EMIT layoutChanged();
    } else {
        // Most runs are at rest, and a list that is told nothing paints nothing.
        const std::vector<core::ObservedRun> before = std::exchange(m_runs, std::move(runs));
        for (int row = 0; row < rowCount(); ++row)
            if (run(row) != before[static_cast<size_t>(row)])
                Q_EMIT dataChanged(index(row), index(row));
    }
    m_hasLooked = true;
    Q_EMIT looked();
    for (const QString& path : hasEnded)
        Q_EMIT ended(path);
}

void RunList::look()
{
    m_timer.start();
    if (m_isLooking)
        return;
    m_isLooking = true;
    runInBackground(
        this, [observer = m_observer] { return observer->look(); },
        [this](std::vector<core::ObservedRun> runs) {
            m_isLooking = false;
            take(std::move(runs));
        });
}

}  // namespace facet::ui
