#include "ui/models/downloads.h"

#include "core/base/file.h"
#include "core/base/json.h"

#include <QFutureWatcher>
#include <QtConcurrent>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kMostAtOnce = 3;
constexpr int64_t kMostBytes = int64_t(1) << 50;

}  // namespace

Downloads::Downloads(std::function<core::HubSettings()> settings, std::filesystem::path file, QObject* parent)
    : QAbstractListModel(parent), m_settings(std::move(settings)), m_file(std::move(file))
{
    m_threads.setMaxThreadCount(kMostAtOnce);
    m_writer.setMaxThreadCount(1);
}

Downloads::~Downloads()
{
    for (const Entry& entry : m_items)
        *entry.isWanted = false;
    m_threads.waitForDone();
    if (m_hasProgress)
        remember();
    m_writer.waitForDone();
}

void Downloads::restore()
{
    std::error_code error;
    if (!std::filesystem::exists(m_file, error))
        return;
    const core::Result<nlohmann::json> kept = core::readJsonObject(m_file);
    if (!kept) {
        qWarning("%s", kept.error().message.c_str());
        return;
    }
    const auto unfinished = kept->find("unfinished");
    if (unfinished == kept->end() || !unfinished->is_array())
        return;
    for (const nlohmann::json& one : *unfinished) {
        if (!one.is_object())
            continue;
        core::JsonFields fields(one, m_file.string());
        Entry entry;
        entry.shown.id = QString::fromStdString(fields.text("id", ""));
        entry.shown.textOnly = fields.flag("text_only", false);
        entry.shown.state = State::Paused;
        entry.shown.progress.bytesDone = fields.integer("bytes_done", 0, 0, kMostBytes);
        entry.shown.progress.bytesAll = fields.integer("bytes_all", 0, 0, kMostBytes);
        if (fields.error() || entry.shown.id.isEmpty())
            continue;
        entry.shown.number = ++m_lastNumber;
        entry.isWanted = std::make_shared<std::atomic<bool>>(false);
        beginInsertRows({}, rowCount(), rowCount());
        m_items.push_back(std::move(entry));
        endInsertRows();
        Q_EMIT changed(m_lastNumber);
    }
}

/// What is not done. The bytes are what was last seen: the cache knows what is there.
void Downloads::remember()
{
    nlohmann::json unfinished = nlohmann::json::array();
    for (const Entry& entry : m_items)
        if (entry.shown.state != State::Done)
            unfinished.push_back({{"id", entry.shown.id.toStdString()},
                                  {"text_only", entry.shown.textOnly},
                                  {"bytes_done", entry.shown.progress.bytesDone},
                                  {"bytes_all", entry.shown.progress.bytesAll}});
    const nlohmann::json list = {{"unfinished", unfinished}};
    m_writer.start([file = m_file, text = list.dump(1)] {
        if (const core::Result<void> written = core::writeFileAtomically(file, text); !written)
            qWarning("%s", written.error().message.c_str());
    });
    m_hasProgress = false;
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
    remember();
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
    remember();
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
    remember();

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
    const bool isSizeNew = item.progress.bytesAll != progress.bytesAll;
    item.progress = progress;
    m_hasProgress = true;
    if (isSizeNew)
        remember();
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
    remember();
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
