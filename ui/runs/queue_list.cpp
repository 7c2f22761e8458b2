#include "ui/runs/queue_list.h"

#include "jobs/launch/launch.h"
#include "jobs/queue/queue_worker.h"
#include "jobs/queue/sweep_results.h"
#include "ui/background.h"
#include "ui/runs/run_words.h"

#include <algorithm>
#include <map>

namespace facet::ui {

namespace {

QString textOf(const std::string& text)
{
    return QString::fromStdString(text);
}

}  // namespace

QueueList::QueueList(RunList& runs, std::filesystem::path home, std::filesystem::path engine, QObject* parent)
    : QAbstractListModel(parent), m_runs(runs), m_file(std::move(home)), m_engine(std::move(engine))
{
    connect(&runs, &RunList::looked, this, &QueueList::lookSoon);
}

int QueueList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant QueueList::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row& row = this->row(index.row());
    switch (role) {
        case NameRole:
            return textOf(row.entry.name);
        case IdRole:
            return static_cast<qlonglong>(row.entry.id);
        case StateRole:
            return static_cast<int>(row.report.state);
        case WordsRole:
        case Qt::ToolTipRole:
            return words::secondLine(row);
        case Qt::AccessibleTextRole:
            return tr("%1, %2, %3 of %4")
                .arg(textOf(row.entry.name), words::secondLine(row))
                .arg(index.row() + 1)
                .arg(rowCount());
        default:
            return {};
    }
}

int QueueList::numWaiting() const
{
    return static_cast<int>(std::ranges::count_if(
        m_rows, [](const Row& row) { return row.report.state == jobs::EntryState::Waiting; }));
}

QueueList::Seen QueueList::look(const std::vector<core::ObservedRun>& runs, const std::filesystem::path& home)
{
    Seen seen;
    for (const std::string& name : jobs::sweepsIn(home))
        seen.sweeps << textOf(name);
    const core::Result<jobs::RunQueue> queue = jobs::QueueFile(home).read();
    if (!queue) {
        seen.problem = textOf(queue.error().message);
        return seen;
    }
    if (queue->entries.empty())
        return seen;
    // The list of runs knows all but those whose jobs name a folder elsewhere.
    std::vector<core::ObservedRun> all = runs;
    std::vector<std::filesystem::path> elsewhere;
    for (const jobs::QueueEntry& entry : queue->entries)
        if (entry.folder.parent_path() != home / "runs")
            elsewhere.push_back(entry.folder);
    if (!elsewhere.empty())
        for (const core::ObservedRun& run : core::RunObserver(elsewhere).look())
            all.push_back(run);
    jobs::QueueReport report = jobs::reportOn(*queue, all, jobs::thisHost());
    seen.isWorked = jobs::queueWorker(home).has_value();
    seen.mayStart = !report.mayStart.empty();
    for (size_t i = 0; i < queue->entries.size(); ++i) {
        const jobs::QueueEntry& entry = queue->entries[i];
        Row& row = seen.rows.emplace_back(Row{entry, std::move(report.entries[i]), {}});
        const bool isNoneFree = std::ranges::all_of(
            entry.devices, [&](const std::string& device) { return report.busy.contains(device); });
        if (isNoneFree)
            row.takenBy = report.busy[entry.devices.front()];
    }
    return seen;
}

void QueueList::take(Seen seen)
{
    std::map<int64_t, int> places;
    for (const Row& row : seen.rows)
        places.emplace(row.entry.id, static_cast<int>(places.size()));
    for (int row = rowCount() - 1; row >= 0; --row)
        if (!places.contains(this->row(row).entry.id)) {
            beginRemoveRows({}, row, row);
            m_rows.erase(m_rows.begin() + row);
            endRemoveRows();
        }
    std::map<int64_t, int> known;
    for (const Row& row : m_rows)
        known.emplace(row.entry.id, 0);
    const auto isNew = [&](const Row& row) { return !known.contains(row.entry.id); };
    if (const auto count = static_cast<int>(std::ranges::count_if(seen.rows, isNew)); count > 0) {
        beginInsertRows({}, rowCount(), rowCount() + count - 1);
        std::ranges::copy_if(seen.rows, std::back_inserter(m_rows), isNew);
        endInsertRows();
    }
    const auto idOf = [](const Row& row) { return row.entry.id; };
    if (std::ranges::equal(m_rows, seen.rows, {}, idOf, idOf)) {
        m_rows = std::move(seen.rows);
    } else {
        Q_EMIT layoutAboutToBeChanged();
        const QModelIndexList before = persistentIndexList();
        QModelIndexList after;
        for (const QModelIndex& index : before)
            after << createIndex(places[row(index.row()).entry.id], 0);
        m_rows = std::move(seen.rows);
        changePersistentIndexList(before, after);
        Q_EMIT layoutChanged();
    }
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
    m_problem = seen.problem;
    m_sweeps = seen.sweeps;
    m_isWorked = seen.isWorked;
    m_mayStart = seen.mayStart;
    Q_EMIT changed();
}

void QueueList::lookSoon()
{
    if (m_isLooking)
        return;
    m_isLooking = true;
    std::vector<core::ObservedRun> runs;
    for (int row = 0; row < m_runs.rowCount(); ++row)
        runs.push_back(m_runs.run(row));
    runInBackground(
        this, [runs = std::move(runs), home = home()] { return look(runs, home); },
        [this](Seen seen) {
            m_isLooking = false;
            take(std::move(seen));
        });
}

void QueueList::tellEnd(const core::Result<void>& done)
{
    if (!done)
        Q_EMIT failed(textOf(done.error().message));
    m_runs.look();
}

void QueueList::edit(std::function<core::Result<void>(jobs::RunQueue&)> change)
{
    runInBackground(
        this, [file = m_file, change = std::move(change)] { return file.edit(change); },
        [this](const core::Result<void>& done) { tellEnd(done); });
}

void QueueList::move(int64_t id, int step)
{
    edit([id, step](jobs::RunQueue& queue) {
        const auto at = std::ranges::find(queue.entries, id, &jobs::QueueEntry::id) - queue.entries.begin();
        return jobs::moveEntry(queue, id, static_cast<size_t>(std::max<std::ptrdiff_t>(0, at + step)));
    });
}

void QueueList::remove(int64_t id)
{
    edit([id](jobs::RunQueue& queue) { return jobs::removeEntry(queue, id); });
}

void QueueList::setAfter(int64_t id, std::vector<int64_t> after)
{
    edit([id, after = std::move(after)](jobs::RunQueue& queue) { return jobs::setAfter(queue, id, after); });
}

void QueueList::clearEnded()
{
    edit([home = home()](jobs::RunQueue& queue) {
        jobs::dropEnded(queue, jobs::reportOn(queue, jobs::observeRuns(queue, home), jobs::thisHost()));
        return core::Result<void>();
    });
}

void QueueList::startNow(int64_t id)
{
    const auto row = std::ranges::find(m_rows, id, [](const Row& each) { return each.entry.id; });
    if (row == m_rows.end())
        return;
    const jobs::Launch what = {m_engine, m_file.jobFile(id), row->entry.devices.front(), {}};
    runInBackground(
        this,
        [what] {
            const core::Result<jobs::Launched> launched = jobs::launch(what);
            return launched ? core::Result<void>() : launched.error();
        },
        [this](const core::Result<void>& done) { tellEnd(done); });
}

void QueueList::startWorker()
{
    runInBackground(
        this, [home = home(), engine = m_engine] { return jobs::startQueueWorker(home, engine); },
        [this](const core::Result<void>& done) { tellEnd(done); });
}

QString words::devices(const std::vector<std::string>& devices)
{
    QStringList gpus;
    bool isCpu = false;
    for (const std::string& device : devices)
        if (device == "cpu")
            isCpu = true;
        else
            gpus << textOf(device.substr(device.find(':') + 1));
    const QString all =
        gpus.isEmpty() ? QString() : QObject::tr("GPU %1").arg(gpus.join(QObject::tr(" or ")));
    return !isCpu ? all : all.isEmpty() ? QObject::tr("CPU") : all + QObject::tr(" or CPU");
}

QString words::secondLine(const QueueList::Row& row)
{
    switch (row.report.state) {
        case jobs::EntryState::Waiting:
            return QStringLiteral("%1, %2").arg(devices(row.entry.devices), textOf(row.report.words));
        case jobs::EntryState::Skipped:
            return QObject::tr("skipped: %1").arg(textOf(row.report.words));
        case jobs::EntryState::UnderWay:
        case jobs::EntryState::Done:
        case jobs::EntryState::Stopped:
        case jobs::EntryState::Failed:
            return row.report.run ? secondLine(*row.report.run) : textOf(row.report.words);
    }
    return {};
}

}  // namespace facet::ui
