#include "ui/models/downloads.h"

#include <QFutureWatcher>
#include <QtConcurrent>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kMostAtOnce = 3;

}  // namespace

Downloads::Downloads(std::function<core::HubSettings()> settings, QObject* parent)
    : QAbstractListModel(parent), m_settings(std::move(settings))
{
    m_threads.setMaxThreadCount(kMostAtOnce);
}

Downloads::~Downloads()
{
    for (const Entry& entry : m_items)
        *entry.isWanted = false;
    m_threads.waitForDone();
}

int Downloads::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_items.size());
}

QVariant Downloads::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid) || role != Qt::DisplayRole)
        return {};
    return item(index.row()).id;
}

int Downloads::rowOf(int number) const
{
    const auto found =
        std::ranges::find_if(m_items, [&](const Entry& entry) { return entry.shown.number == number; });
    return found == m_items.end() ? -1 : static_cast<int>(found - m_items.begin());
}

int Downloads::numActive() const
{
    return static_cast<int>(std::ranges::count_if(m_items, [](const Entry& entry) {
        return entry.shown.state == State::Running || entry.shown.state == State::Stalled;
    }));
}

void Downloads::start(const QString& id, bool textOnly)
{
    for (const Entry& entry : m_items)
        if (entry.shown.id == id && entry.shown.state != State::Done) {
            resume(entry.shown.number);
            return;
        }
    beginInsertRows({}, 0, 0);
    m_items.insert(m_items.begin(), Entry{});
    m_items.front().shown.number = ++m_lastNumber;
    m_items.front().shown.id = id;
    m_items.front().shown.textOnly = textOnly;
    endInsertRows();
    run(m_items.front());
}

void Downloads::resume(int number)
{
    const int row = rowOf(number);
    if (row < 0)
        return;
    Entry& entry = m_items[static_cast<size_t>(row)];
    if (entry.shown.state != State::Running && entry.shown.state != State::Stalled)
        run(entry);
}

void Downloads::pause(int number)
{
    const int row = rowOf(number);
    if (row < 0)
        return;
    Entry& entry = m_items[static_cast<size_t>(row)];
    if (entry.shown.state != State::Running && entry.shown.state != State::Stalled)
        return;
    *entry.isWanted = false;
    entry.shown.state = State::Paused;
    entry.shown.problem.clear();
    say(number);
}

void Downloads::discard(int number)
{
    const int row = rowOf(number);
    if (row < 0)
        return;
    *m_items[static_cast<size_t>(row)].isWanted = false;
    beginRemoveRows({}, row, row);
    m_items.erase(m_items.begin() + row);
    endRemoveRows();
    Q_EMIT changed(number);
}

void Downloads::run(Entry& entry)
{
    const int number = entry.shown.number;
    core::DownloadRequest request;
    request.id = entry.shown.id.toStdString();
    request.hub = m_settings();
    entry.shown.state = State::Running;
    entry.shown.problem.clear();
    entry.shown.page = QString::fromStdString(request.hub.endpoint) + QLatin1Char('/') + entry.shown.id;
    // A new flag for each run: one that was paused a moment ago may not have seen its own yet.
    entry.isWanted = std::make_shared<std::atomic<bool>>(true);
    say(number);

    const auto isWanted = entry.isWanted;
    auto* watcher = new QFutureWatcher<core::Result<core::DownloadedModel>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, number, isWanted] {
        watcher->deleteLater();
        if (*isWanted)
            end(number, watcher->result());
    });
    watcher->setFuture(QtConcurrent::run(&m_threads, [this, request, number, isWanted] {
        return core::downloadModel(request, [this, number, isWanted](const core::DownloadProgress& progress) {
            // The destructor waits for this thread, so `this` is there; a call that is queued dies with it.
            QMetaObject::invokeMethod(
                this,
                [this, number, isWanted, progress] {
                    if (*isWanted)
                        report(number, progress);
                },
                Qt::QueuedConnection);
            return isWanted->load();
        });
    }));
}

void Downloads::report(int number, const core::DownloadProgress& progress)
{
    const int row = rowOf(number);
    if (row < 0)
        return;
    Item& item = m_items[static_cast<size_t>(row)].shown;
    item.progress = progress;
    item.state = progress.trouble.empty() ? State::Running : State::Stalled;
    item.problem = QString::fromStdString(progress.trouble);
    say(number);
}

void Downloads::end(int number, const core::Result<core::DownloadedModel>& result)
{
    const int row = rowOf(number);
    if (row < 0)
        return;
    Item& item = m_items[static_cast<size_t>(row)].shown;
    if (result) {
        item.state = State::Done;
        item.progress.bytesDone = item.progress.bytesAll;
        item.problem.clear();
    } else {
        item.problem = QString::fromStdString(result.error().message);
        // The hub names the model's page when a licence or a token is what lacks.
        const bool isRefused =
            result.error().code == core::ErrorCode::Unavailable && item.problem.contains(item.page);
        item.state = isRefused ? State::Refused : State::Failed;
    }
    const QString id = item.id;
    const bool textOnly = item.textOnly;
    say(number);
    if (result)
        Q_EMIT finished(id, textOnly);
}

void Downloads::say(int number)
{
    const int row = rowOf(number);
    if (row >= 0)
        Q_EMIT dataChanged(index(row), index(row));
    Q_EMIT changed(number);
}

}  // namespace facet::ui
