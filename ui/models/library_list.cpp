#include "ui/models/library_list.h"

#include "core/base/environment.h"
#include "core/base/json.h"
#include "core/models/hf_cache.h"
#include "ui/background.h"
#include "ui/models/words.h"

#include <algorithm>
#include <system_error>

namespace facet::ui {

namespace {

struct Listing {
    std::vector<core::LibraryEntry> entries;
    QString problem;
};

/// Whether config.json of a snapshot says Gemma 3. Others of the cache are none of our business.
bool saysGemma3(const std::filesystem::path& snapshot)
{
    const core::Result<nlohmann::json> config = core::readJsonObject(snapshot / "config.json");
    if (!config || !config->contains("model_type") || !(*config)["model_type"].is_string())
        return false;
    const std::string type = (*config)["model_type"];
    return type == "gemma3" || type == "gemma3_text";
}

struct Scan {
    int numFound = 0;
    QStringList problems;
};

Scan scanCache(const core::Library& library, const std::filesystem::path& hub)
{
    Scan scan;
    const core::Result<std::vector<core::LibraryEntry>> before = library.list();
    std::error_code error;
    std::vector<std::filesystem::path> repositories;
    for (const auto& item : std::filesystem::directory_iterator(hub, error))
        if (core::isHubRepository(item.path()))
            repositories.push_back(item.path());
    std::ranges::sort(repositories);
    for (const std::filesystem::path& repository : repositories) {
        const core::Result<std::filesystem::path> snapshot = core::snapshotIn(repository);
        if (!snapshot || !saysGemma3(*snapshot))
            continue;
        const core::Result<core::LibraryEntry> entry =
            library.import({.source = repository.string(), .textOnly = false, .name = {}, .hub = hub});
        if (!entry)
            scan.problems << QString::fromStdString(entry.error().message);
        else if (before && std::ranges::none_of(*before, [&](const core::LibraryEntry& known) {
                     return known.name == entry->name;
                 }))
            ++scan.numFound;
    }
    return scan;
}

}  // namespace

LibraryList::LibraryList(core::Library library, std::vector<core::BuiltInModel> builtIns,
                         std::filesystem::path hub, QObject* parent)
    : QAbstractTableModel(parent),
      m_library(std::move(library)),
      m_builtIns(std::move(builtIns)),
      m_hub(std::move(hub))
{
}

int LibraryList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int LibraryList::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : NumColumns;
}

QVariant LibraryList::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid) || role != Qt::DisplayRole)
        return {};
    const Row& row = this->row(index.row());
    const ModelFacts facts = row.facts.value_or(ModelFacts());
    const bool isKnown = row.facts && row.facts->problem.isEmpty();
    switch (index.column()) {
        case Name:
            return QString::fromStdString(row.entry.hfId.empty() ? row.entry.name : row.entry.hfId);
        case Reads:
            return !isKnown ? QString() : facts.hasVision ? tr("Text and pictures") : tr("Text");
        case Parameters:
            return isKnown ? words::parameters(facts.parameters) : QString();
        case Size:
            return isKnown ? words::gigabytes(facts.bytes) : QString();
        case Place:
            return row.isBuiltIn             ? tr("Facet")
                   : !row.entry.hfId.empty() ? tr("HF cache")
                                             : words::folder(row.entry.path.parent_path());
        case State:
            return stateText(row);
        default:
            return {};
    }
}

QVariant LibraryList::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    const bool isNumber = section == Parameters || section == Size;
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
        case Name:
            return tr("Model");
        case Reads:
            return tr("Reads");
        case Parameters:
            return tr("Parameters");
        case Size:
            return tr("Size");
        case Place:
            return tr("Lies in");
        case State:
            return tr("State");
        default:
            return {};
    }
}

QString LibraryList::stateText(const Row& row) const
{
    if (row.loaded) {
        switch (row.loaded->state) {
            case EngineModel::State::Loading:
                return tr("Loading, %1 %").arg(qRound(100 * row.loaded->progress));
            case EngineModel::State::Ready:
                return tr("Loaded on %1").arg(words::device(row.loaded->device));
            case EngineModel::State::Failed:
                return tr("Not loaded");
        }
    }
    if (!row.facts)
        return tr("Looking");
    if (!row.facts->problem.isEmpty())
        return tr("Cannot be used");
    if (!row.facts->accounting.isEmpty())
        return tr("Tensors do not add up");
    return tr("Ready");
}

int LibraryList::indexOf(const QString& name) const
{
    for (size_t i = 0; i < m_rows.size(); ++i)
        if (QString::fromStdString(m_rows[i].entry.name) == name)
            return static_cast<int>(i);
    return -1;
}

qint64 LibraryList::totalBytes() const
{
    // Entries that share files, such as one with and one without vision, count once.
    qint64 total = 0;
    std::vector<std::filesystem::path> counted;
    for (const Row& row : m_rows)
        if (row.facts && std::ranges::find(counted, row.entry.path) == counted.end()) {
            counted.push_back(row.entry.path);
            total += row.facts->bytes;
        }
    return total;
}

void LibraryList::refresh()
{
    ++m_numRunning;
    runInBackground(
        this,
        [library = m_library] {
            Listing listing;
            core::Result<std::vector<core::LibraryEntry>> entries = library.list();
            if (entries)
                listing.entries = std::move(*entries);
            else
                listing.problem = QString::fromStdString(entries.error().message);
            return listing;
        },
        [this](const Listing& listing) {
            --m_numRunning;
            m_problem = listing.problem;
            std::vector<Row> rows;
            for (const core::LibraryEntry& entry : listing.entries)
                rows.push_back({entry, false, {}, {}});
            for (const core::BuiltInModel& model : m_builtIns)
                if (std::ranges::none_of(rows, [&](const Row& row) { return row.entry.name == model.name; }))
                    rows.push_back({{model.name, model.path, false, {}, {}}, true, {}, {}});
            take(std::move(rows));
        });
}

void LibraryList::checkAgain()
{
    for (Row& row : m_rows)
        row.facts.reset();
    refresh();
}

void LibraryList::take(std::vector<Row> rows)
{
    // What is known of a folder stays known, so that nothing flickers.
    for (Row& row : rows)
        for (const Row& old : m_rows)
            if (old.entry.path == row.entry.path && old.entry.textOnly == row.entry.textOnly && old.facts &&
                old.facts->isUsable())
                row.facts = old.facts;

    const bool isSame = std::ranges::equal(rows, m_rows, [](const Row& left, const Row& right) {
        return left.entry.name == right.entry.name && left.entry.path == right.entry.path;
    });
    if (isSame) {
        m_rows = std::move(rows);
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, NumColumns - 1));
    } else {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }
    showEngineModels();
    inspectMissing();
    Q_EMIT changed();
}

void LibraryList::inspectMissing()
{
    for (const Row& row : m_rows) {
        if (row.facts)
            continue;
        ++m_numRunning;
        runInBackground(
            this, [entry = row.entry] { return inspectModel(entry); },
            [this, entry = row.entry](const ModelFacts& facts) {
                --m_numRunning;
                const int at = indexOf(QString::fromStdString(entry.name));
                if (at >= 0 && m_rows[static_cast<size_t>(at)].entry.path == entry.path) {
                    m_rows[static_cast<size_t>(at)].facts = facts;
                    Q_EMIT dataChanged(index(at, 0), index(at, NumColumns - 1));
                }
                Q_EMIT changed();
            });
    }
}

void LibraryList::import(const QString& source, bool textOnly)
{
    ++m_numRunning;
    const core::Library::Import request = {
        .source = source.toStdString(), .textOnly = textOnly, .name = {}, .hub = m_hub};
    runInBackground(
        this, [library = m_library, request] { return library.import(request); },
        [this, source](const core::Result<core::LibraryEntry>& entry) {
            --m_numRunning;
            if (!entry) {
                Q_EMIT importFailed(source, QString::fromStdString(entry.error().message));
                return;
            }
            refresh();
            Q_EMIT imported(QString::fromStdString(entry->name));
        });
}

void LibraryList::scanHub()
{
    ++m_numRunning;
    runInBackground(
        this, [library = m_library, hub = m_hub] { return scanCache(library, hub); },
        [this](const Scan& scan) {
            --m_numRunning;
            refresh();
            Q_EMIT scanned(scan.numFound, scan.problems);
        });
}

void LibraryList::remove(const QString& name)
{
    ++m_numRunning;
    runInBackground(
        this, [library = m_library, name = name.toStdString()] { return library.remove(name); },
        [this, name](const core::Result<void>& result) {
            --m_numRunning;
            if (!result)
                Q_EMIT importFailed(name, QString::fromStdString(result.error().message));
            refresh();
        });
}

void LibraryList::setEngineModels(const QList<EngineModel>& models)
{
    if (models == m_engineModels)
        return;
    m_engineModels = models;
    showEngineModels();
    Q_EMIT changed();
}

void LibraryList::showEngineModels()
{
    for (size_t i = 0; i < m_rows.size(); ++i) {
        std::optional<EngineModel> loaded;
        for (const EngineModel& model : m_engineModels)
            if (model.id.toStdString() == m_rows[i].entry.name)
                loaded = model;
        if (loaded != m_rows[i].loaded) {
            m_rows[i].loaded = loaded;
            const int at = static_cast<int>(i);
            Q_EMIT dataChanged(index(at, 0), index(at, NumColumns - 1));
        }
    }
}

}  // namespace facet::ui
