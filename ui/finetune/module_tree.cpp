#include "ui/finetune/module_tree.h"

#include "ui/finetune/job_rules.h"
#include "ui/models/words.h"

#include <QRegularExpression>

#include <algorithm>

namespace facet::ui {

using jobs::LinearModule;
using jobs::ParameterPart;
using jobs::Tower;

struct ModuleTree::Node {
    Node* parent = nullptr;
    int row = 0;
    QString name;
    QString detail;
    QString nemo;
    Part part = Part::None;
    std::vector<size_t> modules;  ///< indices into m_modules of all linears below
    std::vector<std::unique_ptr<Node>> children;
};

namespace {

QString leafOf(const LinearModule& module)
{
    return QString::fromStdString(module.name.substr(module.name.rfind('.') + 1));
}

bool sameShape(const core::gemma3::Config& a, const core::gemma3::Config& b)
{
    const auto& s = a.text;
    const auto& t = b.text;
    const bool sameText = s.numLayers == t.numLayers && s.hiddenSize == t.hiddenSize &&
                          s.vocabSize == t.vocabSize && s.intermediateSize == t.intermediateSize &&
                          s.numHeads == t.numHeads;
    const bool sameVision = !a.vision || !b.vision || a.vision->numLayers == b.vision->numLayers;
    return sameText && sameVision && a.vision.has_value() == b.vision.has_value();
}

}  // namespace

ModuleTree::ModuleTree(QObject* parent) : QAbstractItemModel(parent), m_root(std::make_unique<Node>()) {}
ModuleTree::~ModuleTree() = default;

ModuleTree::Node* ModuleTree::add(Node* parent, const QString& name, const QString& detail,
                                  const QString& nemo, Part part)
{
    auto node = std::make_unique<Node>();
    node->parent = parent;
    node->row = static_cast<int>(parent->children.size());
    node->name = name;
    node->detail = detail;
    node->nemo = nemo;
    node->part = part;
    parent->children.push_back(std::move(node));
    return parent->children.back().get();
}

void ModuleTree::addTower(Node* tower, Tower which, int64_t numLayers)
{
    const auto addLinears = [this, which](Node* under, std::optional<int64_t> layer) {
        std::map<QString, Node*> groups;
        std::map<QString, Node*> leaves;
        for (size_t i = 0; i < m_modules.size(); ++i) {
            const LinearModule& module = m_modules[i];
            if (module.tower != which || (layer && module.layer != *layer))
                continue;
            const QString leaf = leafOf(module);
            const QString group = module.name.find(".mlp.") != std::string::npos
                                      ? QStringLiteral("mlp")
                                      : QStringLiteral("self_attn");
            if (!groups.contains(group))
                groups[group] = add(under, group);
            if (!leaves.contains(leaf))
                leaves[leaf] =
                    add(groups[group], leaf, tr("%1 → %2").arg(module.numInputs).arg(module.numOutputs),
                        QString::fromStdString(module.nemoShort));
            for (Node* node = leaves[leaf]; node != under->parent; node = node->parent)
                node->modules.push_back(i);
        }
    };
    Node* all = add(tower, tr("layers 0–%1").arg(numLayers - 1), tr("all %1 at once").arg(numLayers));
    addLinears(all, std::nullopt);
    Node* each = add(tower, tr("each layer"));
    for (int64_t layer = 0; layer < numLayers; ++layer) {
        const auto& kinds = m_job->config.text.layers;
        const bool isGlobal = which == Tower::Language && static_cast<size_t>(layer) < kinds.size() &&
                              kinds[static_cast<size_t>(layer)] == core::gemma3::LayerKind::Global;
        Node* node = add(each, tr("layer %1").arg(layer), isGlobal ? tr("global") : QString());
        addLinears(node, layer);
        each->modules.insert(each->modules.end(), node->modules.begin(), node->modules.end());
    }
    tower->modules = all->modules;
}

void ModuleTree::build()
{
    const core::gemma3::Config& config = m_job->config;
    const jobs::ParameterTable& table = m_job->parameters;
    const auto millions = [&](std::initializer_list<ParameterPart> parts) {
        int64_t sum = 0;
        for (const ParameterPart part : parts)
            sum += table.totalOf(part);
        return words::parameters(sum);
    };
    m_root = std::make_unique<Node>();
    Node* model = add(m_root.get(), QString::fromStdString(m_job->job.modelBase),
                      words::parameters(table.total), {}, Part::Whole);
    if (config.vision) {
        Node* vision = add(model, QStringLiteral("vision_tower"),
                           tr("%1 layers, %2")
                               .arg(config.vision->numLayers)
                               .arg(millions({ParameterPart::VisionTower, ParameterPart::VisionNorms})),
                           QStringLiteral("vision_model"), Part::Vision);
        addTower(vision, Tower::Vision, config.vision->numLayers);
        add(model, QStringLiteral("multi_modal_projector"), millions({ParameterPart::Projector}),
            QStringLiteral("vision_projection"), Part::Projector);
    }
    Node* language = add(model, QStringLiteral("language_model"),
                         tr("%1 layers, %2")
                             .arg(config.text.numLayers)
                             .arg(millions({ParameterPart::Embeddings, ParameterPart::LanguageLayers,
                                            ParameterPart::LanguageNorms})),
                         QStringLiteral("language_model"), Part::Language);
    add(language, QStringLiteral("embed_tokens"),
        tr("the head, too, %1").arg(millions({ParameterPart::Embeddings})), QStringLiteral("embedding"),
        Part::Embeddings);
    addTower(language, Tower::Language, config.text.numLayers);
    add(model, tr("norms"), millions({ParameterPart::LanguageNorms, ParameterPart::VisionNorms}), {},
        Part::Norms);
    model->modules.resize(m_modules.size());
    for (size_t i = 0; i < m_modules.size(); ++i)
        model->modules[i] = i;
}

void ModuleTree::show(const jobs::ResolvedJob& job)
{
    const bool isSame =
        m_job && sameShape(m_job->config, job.config) && m_job->job.modelBase == job.job.modelBase;
    if (!isSame)
        beginResetModel();
    m_job = job;
    if (!isSame)
        m_modules = jobs::linearModules(job.config);
    m_chosen.clear();
    std::map<std::string, size_t> byName;
    for (size_t i = 0; i < m_modules.size(); ++i)
        byName[m_modules[i].name] = i;
    for (const jobs::Adapter& adapter : job.adapters)
        m_chosen[byName.at(adapter.module.name)] = {adapter.rank, adapter.alpha};
    if (!isSame) {
        build();
        endResetModel();
        return;
    }
    touch({});
}

void ModuleTree::touch(const QModelIndex& parent)
{
    const int rows = rowCount(parent);
    if (rows == 0)
        return;
    Q_EMIT dataChanged(index(0, 0, parent), index(rows - 1, NumColumns - 1, parent));
    for (int row = 0; row < rows; ++row)
        touch(index(row, 0, parent));
}

const ModuleTree::Node* ModuleTree::nodeOf(const QModelIndex& index) const
{
    return index.isValid() ? static_cast<const Node*>(index.internalPointer()) : m_root.get();
}

int ModuleTree::rowCount(const QModelIndex& parent) const
{
    return parent.column() > 0 ? 0 : static_cast<int>(nodeOf(parent)->children.size());
}

int ModuleTree::columnCount(const QModelIndex&) const
{
    return NumColumns;
}

QModelIndex ModuleTree::index(int row, int column, const QModelIndex& parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    return createIndex(row, column, nodeOf(parent)->children[static_cast<size_t>(row)].get());
}

QModelIndex ModuleTree::parent(const QModelIndex& index) const
{
    if (!index.isValid())
        return {};
    Node* above = nodeOf(index)->parent;
    return above == m_root.get() ? QModelIndex() : createIndex(above->row, 0, above);
}

std::optional<Qt::CheckState> ModuleTree::loraState(const Node& node) const
{
    if (node.modules.empty() || !jobs::hasAdapters(m_job->job.method))
        return {};
    const auto chosen =
        std::ranges::count_if(node.modules, [this](size_t i) { return m_chosen.contains(i); });
    return chosen == 0                          ? Qt::Unchecked
           : chosen == std::ssize(node.modules) ? Qt::Checked
                                                : Qt::PartiallyChecked;
}

bool ModuleTree::isFrozen(Part part) const
{
    const jobs::Freeze& freeze = m_job->freeze;
    switch (part) {
        case Part::Vision:
            return freeze.visionTower;
        case Part::Projector:
            return freeze.projector;
        case Part::Embeddings:
            return freeze.embeddings.value_or(freeze.languageModel);
        case Part::Norms:
            return freeze.norms.value_or(freeze.languageModel);
        default:
            return freeze.languageModel;
    }
}

std::optional<Qt::CheckState> ModuleTree::fullState(const Node& node) const
{
    if (node.part == Part::None)
        return {};
    if (node.part != Part::Whole)
        return isFrozen(node.part) ? Qt::Unchecked : Qt::Checked;
    bool anyFrozen = false;
    bool allFrozen = true;
    for (const auto& child : node.children) {
        const bool frozen = isFrozen(child->part);
        anyFrozen = anyFrozen || frozen;
        allFrozen = allFrozen && frozen;
    }
    return allFrozen ? Qt::Unchecked : anyFrozen ? Qt::PartiallyChecked : Qt::Checked;
}

int64_t ModuleTree::trainedOf(const Node& node) const
{
    const jobs::ParameterTable& table = m_job->parameters;
    int64_t sum = 0;
    const bool isDora = m_job->job.method == jobs::Method::Dora;
    for (const size_t i : node.modules)
        if (const auto found = m_chosen.find(i); found != m_chosen.end())
            sum += m_modules[i].numAdapterParameters(found->second.rank, isDora);
    switch (node.part) {
        case Part::Whole:
            return table.trained;
        case Part::Vision:
            return sum + table.trainedOf(ParameterPart::VisionTower) +
                   table.trainedOf(ParameterPart::VisionNorms);
        case Part::Projector:
            return table.trainedOf(ParameterPart::Projector);
        case Part::Language:
            return sum + table.trainedOf(ParameterPart::Embeddings) +
                   table.trainedOf(ParameterPart::LanguageLayers) +
                   table.trainedOf(ParameterPart::LanguageNorms);
        case Part::Embeddings:
            return table.trainedOf(ParameterPart::Embeddings);
        case Part::Norms:
            return table.trainedOf(ParameterPart::LanguageNorms) +
                   table.trainedOf(ParameterPart::VisionNorms);
        case Part::None:
            break;
    }
    for (const size_t i : node.modules) {
        const bool isVision = m_modules[i].tower == Tower::Vision;
        if (!(isVision ? m_job->freeze.visionTower : m_job->freeze.languageModel))
            sum += m_modules[i].numParameters();
    }
    return sum;
}

/// The rank or alpha that all chosen linears of a node have.
QVariant ModuleTree::sizeOf(const Node& node, Column column) const
{
    std::optional<double> common;
    for (const size_t i : node.modules) {
        const auto found = m_chosen.find(i);
        if (found == m_chosen.end())
            continue;
        const double value = column == Rank ? static_cast<double>(found->second.rank) : found->second.alpha;
        if (common && *common != value)
            return tr("mixed");
        common = value;
    }
    return common && jobs::hasAdapters(m_job->job.method) ? QString::number(*common, 'g', 12) : QVariant();
}

QVariant ModuleTree::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || !m_job)
        return {};
    const Node& node = *nodeOf(index);
    const auto column = static_cast<Column>(index.column());
    if (role == Qt::CheckStateRole && (column == Lora || column == Full)) {
        const std::optional<Qt::CheckState> state = column == Lora ? loraState(node) : fullState(node);
        return state ? QVariant(static_cast<int>(*state)) : QVariant();
    }
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>(column >= Rank ? Qt::AlignRight | Qt::AlignVCenter
                                               : Qt::AlignLeft | Qt::AlignVCenter);
    if (role == DetailRole)
        return node.detail;
    if (role == FrozenRole)
        return node.part != Part::None && node.part != Part::Whole && isFrozen(node.part);
    if (role == MonoRole)
        return node.part != Part::Whole;
    if (role == Qt::AccessibleTextRole && (column == Lora || column == Full)) {
        const QVariant state = data(index, Qt::CheckStateRole);
        if (!state.isValid())
            return tr("no box");
        const QString is = state.toInt() == Qt::Checked     ? tr("on")
                           : state.toInt() == Qt::Unchecked ? tr("off")
                                                            : tr("some");
        return QStringLiteral("%1 %2").arg(column == Lora ? tr("LoRA") : tr("Full"), is);
    }
    if ((role == Qt::AccessibleTextRole || role == Qt::ToolTipRole) && column == Module) {
        const bool isFrozenHere = index.data(FrozenRole).toBool();
        return QStringList({node.name, node.detail, isFrozenHere ? tr("frozen") : QString()})
            .filter(QRegularExpression(QStringLiteral(".")))
            .join(QStringLiteral(", "));
    }
    if (role != Qt::DisplayRole && role != Qt::EditRole)
        return {};
    switch (column) {
        case Module:
            return node.name;
        case NemoName:
            return node.nemo;
        case Rank:
        case Alpha:
            return sizeOf(node, column);
        case Trained:
            return words::integer(trainedOf(node));
        default:
            return {};
    }
}

QVariant ModuleTree::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>(section >= Rank                      ? Qt::AlignRight | Qt::AlignVCenter
                                : section == Lora || section == Full ? Qt::AlignCenter
                                                                     : Qt::AlignLeft | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    static const QStringList names = {tr("Module"), tr("NeMo name"), tr("LoRA"),   tr("Full"),
                                      tr("Rank"),   tr("Alpha"),     tr("Trained")};
    return names.value(section);
}

Qt::ItemFlags ModuleTree::flags(const QModelIndex& index) const
{
    if (!index.isValid())
        return Qt::NoItemFlags;
    Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable;
    const bool isSize = index.column() == Rank || index.column() == Alpha;
    if (isSize && m_job && sizeOf(*nodeOf(index), static_cast<Column>(index.column())).isValid())
        flags |= Qt::ItemIsEditable;
    if (index.column() == Lora || index.column() == Full)
        flags |= Qt::ItemIsUserCheckable;
    return flags;
}

void ModuleTree::toggle(const QModelIndex& index, Column column)
{
    if (!index.isValid() || !m_job)
        return;
    const Node& node = *nodeOf(index);
    if (column == Full) {
        const std::optional<Qt::CheckState> state = fullState(node);
        if (!state)
            return;
        const bool freezes = *state == Qt::Checked;
        static const std::map<Part, const char*> keys = {{Part::Vision, "freeze.vision_tower"},
                                                         {Part::Projector, "freeze.projector"},
                                                         {Part::Language, "freeze.language_model"},
                                                         {Part::Embeddings, "freeze.embeddings"},
                                                         {Part::Norms, "freeze.norms"}};
        jobs::Settings changes;
        if (node.part != Part::Whole) {
            changes[keys.at(node.part)] = freezes;
        } else {
            for (const char* key : {"freeze.vision_tower", "freeze.projector", "freeze.language_model"})
                changes[key] = freezes;
            changes["freeze.embeddings"] = nullptr;
            changes["freeze.norms"] = nullptr;
        }
        Q_EMIT changesWanted(changes);
        return;
    }
    const std::optional<Qt::CheckState> state = loraState(node);
    if (column != Lora || !state)
        return;
    std::map<size_t, AdapterSize> chosen = m_chosen;
    for (const size_t i : node.modules) {
        if (*state == Qt::Checked)
            chosen.erase(i);
        else
            chosen.try_emplace(i, AdapterSize{m_job->job.lora.rank, m_job->job.lora.alpha});
    }
    wantChosen(std::move(chosen));
}

void ModuleTree::wantChosen(std::map<size_t, AdapterSize> chosen)
{
    Q_EMIT changesWanted(adapterSettings(m_modules, chosen, {m_job->job.lora.rank, m_job->job.lora.alpha}));
}

bool ModuleTree::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!index.isValid() || !m_job)
        return false;
    const auto column = static_cast<Column>(index.column());
    if (role == Qt::CheckStateRole) {
        toggle(index, column);
        return true;
    }
    if (role != Qt::EditRole || (column != Rank && column != Alpha) || value == data(index, Qt::EditRole))
        return false;
    const core::Result<nlohmann::json> number =
        valueOf(column == Rank ? "lora.rank" : "lora.alpha", value.toString().toStdString());
    if (!number) {
        Q_EMIT refused(QString::fromStdString(number.error().message));
        return false;
    }
    std::map<size_t, AdapterSize> chosen = m_chosen;
    for (const size_t i : nodeOf(index)->modules) {
        const auto found = chosen.find(i);
        if (found == chosen.end())
            continue;
        if (column == Rank)
            found->second.rank = number->get<int64_t>();
        else
            found->second.alpha = number->get<double>();
    }
    wantChosen(std::move(chosen));
    return true;
}

}  // namespace facet::ui
