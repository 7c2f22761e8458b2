#include "ui/chat/adapter_list.h"

#include "core/base/json.h"
#include "core/models/hf_cache.h"
#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/runs/run_words.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr const char* kConfig = "adapter_config.json";

QString toText(const std::filesystem::path& path)
{
    return QString::fromStdString(path.string());
}

std::filesystem::path inOneSpelling(const std::filesystem::path& path)
{
    std::error_code failure;
    std::filesystem::path whole = std::filesystem::weakly_canonical(path, failure);
    if (!whole.has_filename())
        whole = whole.parent_path();
    return failure ? path : whole;
}

/// The model that an adapter's folder says it was trained on; "" if it does not.
std::string baseOf(const std::filesystem::path& folder)
{
    const core::Result<nlohmann::json> config = core::readJsonObject(folder / kConfig);
    return config ? core::JsonFields(*config, "").text("base_model_name_or_path", "") : "";
}

}  // namespace

AdapterList::AdapterList(RunList& runs, LoadedAdapters& loaded, core::Library library,
                         std::vector<core::BuiltInModel> builtIns, QObject* parent)
    : QAbstractListModel(parent),
      m_runs(runs),
      m_loaded(loaded),
      m_library(std::move(library)),
      m_builtIns(std::move(builtIns))
{
    connect(&m_runs, &RunList::looked, this, [this] {
        if (m_isStale || sources() != m_asked)
            refresh();
    });
}

void AdapterList::setModel(const QString& name, const QString& folder)
{
    if (name == m_model && folder == m_folder)
        return;
    m_model = name;
    m_folder = folder;
    refresh();
}

const AdapterOffer* AdapterList::find(const QString& path) const
{
    const auto found = std::ranges::find(m_offers, path, &AdapterOffer::path);
    return found == m_offers.end() ? nullptr : &*found;
}

QList<AdapterList::Source> AdapterList::sources() const
{
    QList<Source> sources = m_chosen;
    for (int row = 0; row < m_runs.rowCount(); ++row) {
        const core::ObservedRun& run = m_runs.run(row);
        sources.append({toText(run.folder.path), QString::fromStdString(run.name), words::condition(run),
                        /*isRun=*/true, run.isUnderWay(), run.savedStep});
    }
    return sources;
}

void AdapterList::addFolder(const QString& path)
{
    const QString clean = QDir::cleanPath(path);
    struct Found {
        QString folder;
        QString name;
    };
    runInBackground(
        this,
        [clean] {
            Found found;
            // A run's folder means its newest checkpoint.
            const core::RunFolder run = {clean.toStdString()};
            const std::vector<int64_t> steps = run.savedSteps();
            const QDir folder(steps.empty() ? clean : toText(run.checkpoint(steps.back())));
            if (!folder.exists(QLatin1String(kConfig)))
                return found;
            found.folder = folder.path();
            found.name = steps.empty()
                             ? folder.dirName()
                             : tr("%1, step %2").arg(QDir(clean).dirName(), words::integer(steps.back()));
            return found;
        },
        [this, clean](const Found& found) {
            if (found.folder.isEmpty()) {
                Q_EMIT refused(tr("%1 has no %2: choose a folder as PEFT writes it, such as a run's "
                                  "checkpoint.")
                                   .arg(clean, QLatin1String(kConfig)));
                return;
            }
            const Source source = {found.folder, found.name, tr("chosen folder"), false, false, 0};
            if (!find(found.folder) && !m_chosen.contains(source)) {
                m_chosen.prepend(source);
                refresh();
            }
            Q_EMIT folderAdded(found.folder, found.name);
        });
}

void AdapterList::refresh()
{
    m_isStale = true;
    if (!m_isAsking)
        ask();
}

void AdapterList::ask()
{
    m_isAsking = true;
    m_isStale = false;
    m_asked = sources();
    EngineClient& client = m_loaded.client();
    Question question = {m_asked, m_model, m_folder, m_library, m_builtIns, client.isLocal(), {}};
    if (question.isLocal || client.state() != EngineClient::State::Ready) {
        askFolders(std::move(question));
        return;
    }
    client.listAdapters(this, [this, question](const core::Result<QList<EngineAdapter>>& adapters) mutable {
        if (adapters)
            question.engines = *adapters;
        askFolders(std::move(question));
    });
}

void AdapterList::askFolders(Question question)
{
    runInBackground(
        this, [question = std::move(question)] { return look(question); },
        [this](QList<AdapterOffer> offers) {
            m_isAsking = false;
            take(std::move(offers));
            if (m_isStale)
                ask();
        });
}

QList<AdapterOffer> AdapterList::look(const Question& question)
{
    const auto resolve = [&question](const std::string& name) {
        const core::Result<core::ResolvedModel> found =
            core::resolveModel(name, question.builtIns, question.library, core::hubFolder());
        return found ? inOneSpelling(found->path) : std::filesystem::path();
    };
    const std::filesystem::path model = question.modelFolder.isEmpty()
                                            ? resolve(question.model.toStdString())
                                            : inOneSpelling(question.modelFolder.toStdString());
    QList<AdapterOffer> offers;
    const auto add = [&](const Source& source, const std::filesystem::path& folder, const QString& name,
                         const QString& detail, const std::string& base) {
        std::error_code ignored;
        AdapterOffer offer = {toText(folder), name, detail, {}, false};
        offer.isModel = !std::filesystem::exists(folder / kConfig, ignored);
        if (offer.isModel) {
            offer.problem =
                tr("A whole model, no adapter: chat with it from the Runs page, or put it on one "
                   "side of A/B");
        } else if (!question.isLocal) {
            offer.problem = tr("The engine is on another machine, which does not see this folder");
        } else if (source.isRun) {
            std::filesystem::path trainedOn = resolve(base);
            if (trainedOn.empty() && base.starts_with('/'))
                trainedOn = inOneSpelling(base);
            if (!model.empty() && !trainedOn.empty() && trainedOn != model)
                offer.problem =
                    tr("Trained on %1, not on %2").arg(toText(trainedOn.filename()), question.model);
        } else if (!base.empty()) {
            // Another name or place need not be another model: the engine compares the shapes.
            offer.detail += tr(", trained on %1").arg(toText(std::filesystem::path(base).filename()));
        }
        offers.append(std::move(offer));
    };
    for (const EngineAdapter& adapter : question.engines)
        offers.append({adapter.path,
                       adapter.id,
                       tr("loaded in the engine, rank %1").arg(adapter.rank),
                       {},
                       /*isModel=*/false});
    for (const Source& source : question.sources) {
        if (!source.isRun) {
            const std::filesystem::path folder = source.folder.toStdString();
            add(source, folder, source.name, source.state, baseOf(folder));
            continue;
        }
        const core::RunFolder run = {source.folder.toStdString()};
        std::vector<int64_t> steps = run.savedSteps();
        std::ranges::reverse(steps);
        if (steps.empty() && source.isUnderWay)
            offers.append(
                {source.folder, source.name, source.state, tr("Nothing is saved yet"), /*isModel=*/false});
        const std::string base = steps.empty() ? "" : baseOf(run.checkpoint(steps.front()));
        for (const int64_t step : steps)
            add(source, run.checkpoint(step), tr("%1, step %2").arg(source.name, words::integer(step)),
                step == steps.front() ? tr("newest, %1").arg(source.state) : source.state, base);
    }
    return offers;
}

/// Only the rows that differ are replaced, so that a choice in a view stays.
void AdapterList::take(QList<AdapterOffer> offers)
{
    const qsizetype common = std::min(offers.size(), m_offers.size());
    qsizetype first = 0, last = 0;
    while (first < common && offers[first] == m_offers[first])
        ++first;
    while (last < common - first && offers[offers.size() - 1 - last] == m_offers[m_offers.size() - 1 - last])
        ++last;
    if (const qsizetype old = m_offers.size() - first - last; old > 0) {
        beginRemoveRows({}, static_cast<int>(first), static_cast<int>(first + old) - 1);
        m_offers.remove(first, old);
        endRemoveRows();
    }
    if (const qsizetype added = offers.size() - first - last; added > 0) {
        beginInsertRows({}, static_cast<int>(first), static_cast<int>(first + added) - 1);
        m_offers = std::move(offers);
        endInsertRows();
    }
    Q_EMIT offersChanged();
}

int AdapterList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_offers.size());
}

QVariant AdapterList::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const AdapterOffer& offer = m_offers[index.row()];
    const QString second = offer.problem.isEmpty() ? offer.detail : offer.problem;
    switch (role) {
        case NameRole:
            return offer.name;
        case PathRole:
            return offer.path;
        case DetailRole:
            return second;
        case ProblemRole:
            return offer.problem;
        case IsModelRole:
            return offer.isModel;
        case Qt::ToolTipRole:
            return QString(second + QLatin1Char('\n') + offer.path);
        case Qt::AccessibleTextRole:
            return QString(offer.name + QStringLiteral(", ") + second);
        default:
            return {};
    }
}

Qt::ItemFlags AdapterList::flags(const QModelIndex& index) const
{
    if (!index.isValid())
        return Qt::NoItemFlags;
    const Qt::ItemFlags all = QAbstractListModel::flags(index) | Qt::ItemNeverHasChildren;
    return m_offers[index.row()].problem.isEmpty() ? all : all & ~Qt::ItemIsEnabled;
}

}  // namespace facet::ui
