#include "ui/models/model_detail.h"

#include "ui/models/words.h"
#include "ui/theme/icons.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/field_row.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"
#include "ui/widgets/stack_bar.h"

#include <QAction>
#include <QComboBox>
#include <QDesktopServices>
#include <QGridLayout>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QUrl>

namespace facet::ui {

namespace {

constexpr std::array kWeightNames = {"bf16", "int8", "int4"};
constexpr std::array kPartRoles = {Role::Part1, Role::Part4, Role::Part3, Role::Part2, Role::Part5};

/// A part of the pane, with a hairline on top.
class Section final : public QWidget {
public:
    explicit Section(bool hasLine = true) : m_hasLine(hasLine)
    {
        auto* column = new QVBoxLayout(this);
        column->setContentsMargins(space::kL, hasLine ? space::kL : space::kM, space::kL, space::kL);
        column->setSpacing(space::kS);
    }
    QVBoxLayout* column() { return static_cast<QVBoxLayout*>(layout()); }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        if (m_hasLine)
            painter.fillRect(0, 0, width(), 1, Theme::color(Role::Border));
    }

private:
    bool m_hasLine;
};

void clear(QLayout* layout)
{
    while (QLayoutItem* item = layout->takeAt(0)) {
        if (QWidget* widget = item->widget()) {
            widget->hide();
            widget->deleteLater();
        }
        delete item;
    }
}

QString partName(const QString& name)
{
    return name.left(1).toUpper() + name.mid(1);
}

}  // namespace

ModelDetail::ModelDetail(EngineClient& client, LoadedModels& loaded, QWidget* parent)
    : QWidget(parent), m_client(client), m_loaded(loaded), m_plan(client), m_content(new QWidget)
{
    setObjectName(QStringLiteral("modelDetail"));
    setAccessibleName(tr("Details of the model"));
    setProperty("pane", true);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_content);
    outer->addStretch();
    auto* column = new QVBoxLayout(m_content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHead());
    column->addWidget(makeLoadForm());
    column->addWidget(makeParameters());
    column->addWidget(makeShape());

    connect(&m_plan, &MemoryPlan::changed, this, &ModelDetail::showMemory);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &ModelDetail::showMemory);
    connect(&m_loaded, &LoadedModels::changed, this, &ModelDetail::showLoaded);
    connect(&m_client, &EngineClient::stateChanged, this, [this](EngineClient::State state) {
        if (state == EngineClient::State::Ready) {
            askDevices();
            askMemory();
        }
        showLoaded();
    });
    if (m_client.state() == EngineClient::State::Ready)
        askDevices();
    m_content->hide();
}

QWidget* ModelDetail::makeHead()
{
    auto* section = new Section(false);
    auto* titleRow = new QHBoxLayout;
    m_title = new Label(TextStyle::PaneTitle);
    m_title->setElided(Qt::ElideMiddle);
    m_more = makeIconButton(QStringLiteral("modelMore"), QStringLiteral("more"), tr("More for this model"));
    m_more->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(m_more);
    m_textOnly = menu->addAction(Icons::get(QStringLiteral("text")), tr("Add once more as text only"), this,
                                 [this] { Q_EMIT textOnlyWanted(m_path); });
    m_textOnly->setObjectName(QStringLiteral("addTextOnly"));
    m_remove = menu->addAction(Icons::get(QStringLiteral("trash")), tr("Remove from the library"), this,
                               [this] { Q_EMIT removeWanted(m_name); });
    m_remove->setObjectName(QStringLiteral("removeModel"));
    m_more->setMenu(menu);
    titleRow->addWidget(m_title, 1);
    titleRow->addWidget(m_more);
    m_chips = new QHBoxLayout;
    m_chips->setSpacing(space::kS);

    auto* actions = new QHBoxLayout;
    actions->setSpacing(space::kS);
    m_chat = makeButton(QStringLiteral("modelChat"), tr("Chat"), ButtonKind::Primary, QStringLiteral("chat"));
    m_load =
        makeButton(QStringLiteral("modelLoad"), tr("Load"), ButtonKind::Outlined, QStringLiteral("memory"));
    m_unload = makeButton(QStringLiteral("modelUnload"), tr("Unload"), ButtonKind::Flat);
    connect(m_chat, &QPushButton::clicked, this, [this] { Q_EMIT chatWanted(m_name); });
    connect(m_load, &QPushButton::clicked, this, [this] { m_loaded.load(request()); });
    connect(m_unload, &QPushButton::clicked, this, [this] { m_loaded.unload(m_name); });
    actions->addWidget(m_chat);
    actions->addWidget(m_load);
    actions->addWidget(m_unload);
    actions->addStretch();

    m_problem = new Banner(Banner::Tone::Bad);
    m_problem->setObjectName(QStringLiteral("modelProblem"));
    m_progressLine = new Label(TextStyle::Small, Role::Text2);
    m_progress = new QProgressBar;
    m_progress->setObjectName(QStringLiteral("modelLoadBar"));
    m_progress->setAccessibleName(tr("Loaded"));
    m_progress->setTextVisible(false);
    m_progress->setRange(0, 1000);
    m_progress->setFixedHeight(6);
    section->column()->addLayout(titleRow);
    section->column()->addLayout(m_chips);
    section->column()->addSpacing(space::kXs);
    section->column()->addLayout(actions);
    section->column()->addWidget(m_progress);
    section->column()->addWidget(m_progressLine);
    section->column()->addWidget(m_problem);
    return section;
}

QWidget* ModelDetail::makeLoadForm()
{
    auto* section = new Section;
    m_form = section;
    auto* head = new QHBoxLayout;
    head->addWidget(new Label(tr("Load with"), TextStyle::SmallStrong, Role::Text2));
    head->addStretch();
    section->column()->addLayout(head);

    m_weights =
        new Segments(tr("Weights"), {QStringLiteral("bf16"), QStringLiteral("int8"), QStringLiteral("int4")});
    m_weights->setObjectName(QStringLiteral("modelWeights"));
    connect(m_weights, &Segments::chosen, this, &ModelDetail::showMemory);
    m_deviceBox = new QComboBox;
    m_deviceBox->setObjectName(QStringLiteral("modelDevice"));
    m_deviceBox->addItem(tr("Best device"), QStringLiteral("auto"));
    m_deviceBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_deviceBox->setMinimumContentsLength(8);
    connect(m_deviceBox, &QComboBox::activated, this, &ModelDetail::askMemory);
    m_context = new QComboBox;
    m_context->setObjectName(QStringLiteral("modelContext"));
    connect(m_context, &QComboBox::activated, this, &ModelDetail::askMemory);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kM);
    row->addWidget(new FieldRow(tr("Device"), m_deviceBox), 1);
    row->addWidget(new FieldRow(tr("Context, tokens"), m_context), 1);
    section->column()->addLayout(row);
    section->column()->addWidget(new FieldRow(tr("Weights"), m_weights));

    section->column()->addSpacing(space::kXs);
    m_memoryTitle = new Label(TextStyle::SmallStrong, Role::Text2);
    section->column()->addWidget(m_memoryTitle);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(space::kS);
    grid->setVerticalSpacing(space::kS);
    grid->setColumnStretch(1, 1);
    for (size_t i = 0; i < m_memory.size(); ++i) {
        MemoryRow& memory = m_memory[i];
        memory.name = new Label(QString::fromLatin1(kWeightNames[i]), TextStyle::Mono);
        memory.bar = new StackBar(10);
        memory.bar->setAccessibleName(tr("Memory with %1 weights").arg(memory.name->text()));
        memory.amount = new Label(TextStyle::Mono);
        memory.amount->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        memory.amount->setMinimumWidth(
            QFontMetrics(memory.amount->font()).horizontalAdvance(QStringLiteral("000.0 GiB")));
        memory.mark = new QLabel;
        memory.mark->setFixedWidth(18);
        const int at = static_cast<int>(i);
        grid->addWidget(memory.name, at, 0);
        grid->addWidget(memory.bar, at, 1);
        grid->addWidget(memory.amount, at, 2);
        grid->addWidget(memory.mark, at, 3);
    }
    section->column()->addLayout(grid);
    auto* legend = new QHBoxLayout;
    legend->setSpacing(space::kS);
    const std::array<std::pair<Role, QString>, 3> parts = {
        {{Role::Part1, tr("Weights")}, {Role::Part4, tr("Context")}, {Role::Part3, tr("Work space")}}};
    for (const auto& [role, name] : parts) {
        legend->addWidget(new PartMark(role));
        legend->addWidget(new Label(name, TextStyle::Small, Role::Text2));
        legend->addSpacing(space::kXs);
    }
    legend->addStretch();
    section->column()->addLayout(legend);
    m_advice = new Label(TextStyle::Small, Role::Text2);
    m_advice->setWordWrap(true);
    section->column()->addWidget(m_advice);
    return section;
}

QWidget* ModelDetail::makeParameters()
{
    auto* section = new Section;
    m_parameters = section;
    auto* head = new QHBoxLayout;
    head->addWidget(new Label(tr("Parameters"), TextStyle::SmallStrong, Role::Text2));
    head->addStretch();
    m_total = new Label(TextStyle::BodyStrong);
    head->addWidget(m_total);
    section->column()->addLayout(head);
    m_parts = new StackBar(12);
    m_parts->setAccessibleName(tr("Parameters by part"));
    section->column()->addWidget(m_parts);
    m_legend = new QGridLayout;
    m_legend->setHorizontalSpacing(space::kS);
    m_legend->setVerticalSpacing(6);
    m_legend->setColumnStretch(1, 1);
    section->column()->addLayout(m_legend);
    return section;
}

QWidget* ModelDetail::makeShape()
{
    auto* section = new Section;
    m_shape = section;
    section->column()->addWidget(new Label(tr("Shape and files"), TextStyle::SmallStrong, Role::Text2));
    m_rows = new QGridLayout;
    m_rows->setHorizontalSpacing(space::kM);
    m_rows->setVerticalSpacing(6);
    m_rows->setColumnMinimumWidth(0, 116);
    m_rows->setColumnStretch(1, 1);
    section->column()->addLayout(m_rows);
    auto* links = new QHBoxLayout;
    links->setSpacing(space::kS);
    QPushButton* open = makeButton(QStringLiteral("openModelFolder"), tr("Open folder"), ButtonKind::Link,
                                   QStringLiteral("folder"));
    QPushButton* check = makeButton(QStringLiteral("checkModel"), tr("Check again"), ButtonKind::Link,
                                    QStringLiteral("again"));
    connect(open, &QPushButton::clicked, this,
            [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(m_path)); });
    connect(check, &QPushButton::clicked, this, &ModelDetail::checkWanted);
    for (QPushButton* link : {open, check}) {
        setCompact(link);
        links->addWidget(link);
    }
    links->addStretch();
    section->column()->addLayout(links);
    return section;
}

void ModelDetail::show(const LibraryList::Row* row)
{
    m_content->setVisible(row != nullptr);
    if (!row) {
        m_name.clear();
        return;
    }
    const QString name = QString::fromStdString(row->entry.name);
    const bool isOther = name != m_name;
    m_name = name;
    m_path = QString::fromStdString(row->entry.path.string());
    m_title->setText(row->entry.hfId.empty() ? name : QString::fromStdString(row->entry.hfId));
    m_title->setToolTip(m_path);
    const ModelFacts facts = row->facts.value_or(ModelFacts());
    const bool isRead = row->facts && facts.problem.isEmpty();
    m_isUsable = row->facts && facts.isUsable();
    m_remove->setEnabled(!row->isBuiltIn);
    m_textOnly->setEnabled(isRead && facts.hasVision && !row->isBuiltIn);
    if (isOther || row->facts != m_facts) {
        m_facts = row->facts;
        showChips(*row);
        m_problem->setVisible(row->facts && !facts.isUsable());
        m_problem->setTitle(facts.problem.isEmpty() ? tr("The tensors do not add up")
                                                    : tr("This folder cannot be used"));
        m_problem->setDetail(facts.problem.isEmpty() ? facts.accounting : facts.problem);
        m_form->setVisible(m_isUsable);
        m_parameters->setVisible(isRead);
        m_shape->setVisible(isRead);
        if (isRead) {
            showParameters(facts);
            showShape(*row);
            showContexts(facts.context, isOther);
        }
    }
    if (isOther || !m_plan.availableBytes())
        askMemory();
    showLoaded();
}

void ModelDetail::showContexts(int most, bool isOther)
{
    const QString chosen = m_context->currentText();
    m_context->clear();
    for (int tokens = 2048; tokens <= most; tokens *= 2)
        m_context->addItem(words::integer(tokens), tokens);
    if (m_context->count() == 0)
        m_context->addItem(words::integer(most), most);
    const int usual = m_context->findData(8192);
    const int same = isOther ? -1 : m_context->findText(chosen);
    m_context->setCurrentIndex(same >= 0 ? same : usual >= 0 ? usual : m_context->count() - 1);
}

void ModelDetail::showChips(const LibraryList::Row& row)
{
    clear(m_chips);
    if (row.facts && row.facts->problem.isEmpty()) {
        const ModelFacts& facts = *row.facts;
        m_chips->addWidget(new Chip(facts.hasVision ? tr("vision") : tr("text")));
        m_chips->addWidget(new Chip(facts.dtype));
        m_chips->addWidget(new Chip(tr("%1 context").arg(words::integer(facts.context))));
        if (facts.accounting.isEmpty())
            m_chips->addWidget(new Chip(tr("checked"), ChipTone::Good, QStringLiteral("check")));
    }
    m_chips->addStretch();
}

void ModelDetail::showParameters(const ModelFacts& facts)
{
    clear(m_legend);
    m_total->setText(words::parameters(facts.parameters));
    QVector<StackBar::Part> parts;
    for (qsizetype i = 0; i < facts.parts.size(); ++i) {
        const ModelFacts::Part& part = facts.parts[i];
        const Role role = kPartRoles[static_cast<size_t>(i) % kPartRoles.size()];
        const QString amount =
            QStringLiteral("%1 M").arg(static_cast<double>(part.parameters) / 1e6, 0, 'f', 2);
        parts.append({partName(part.name), static_cast<double>(part.parameters), role, amount});
        const int row = static_cast<int>(i);
        m_legend->addWidget(new PartMark(role), row, 0);
        m_legend->addWidget(new Label(partName(part.name), TextStyle::Body, Role::Text2), row, 1);
        auto* number = new Label(amount, TextStyle::Mono);
        number->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        m_legend->addWidget(number, row, 2);
    }
    m_parts->setParts(parts, static_cast<double>(facts.parameters));
}

void ModelDetail::showShape(const LibraryList::Row& row)
{
    clear(m_rows);
    const ModelFacts& facts = *row.facts;
    int at = -1;
    const auto add = [this, &at](const QString& name, const QString& value, bool isMono = false) {
        ++at;
        auto* text = new Label(value, isMono ? TextStyle::Mono : TextStyle::Body);
        text->setElided(Qt::ElideMiddle);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse);
        text->setFocusPolicy(Qt::NoFocus);
        m_rows->addWidget(new Label(name, TextStyle::Small, Role::Text2), at, 0, Qt::AlignTop);
        m_rows->addWidget(text, at, 1);
    };
    add(tr("Layers"), tr("%1: %2 local (window %3), %4 global")
                          .arg(facts.layers)
                          .arg(facts.layers - facts.globalLayers)
                          .arg(words::integer(facts.window))
                          .arg(facts.globalLayers));
    add(tr("Hidden, feed-forward"),
        words::integer(facts.hidden) + QStringLiteral(", ") + words::integer(facts.feedForward), true);
    add(tr("Heads"),
        tr("%1 query, %2 key and value, width %3").arg(facts.heads).arg(facts.keyHeads).arg(facts.headWidth));
    add(tr("Vision"), facts.hasVision
                          ? tr("%1 × %1 to %2 tokens").arg(facts.imageSize).arg(facts.tokensPerImage)
                          : tr("none"));
    add(tr("Tensors"), facts.accounting.isEmpty()
                           ? tr("%1, all that the shape asks for").arg(words::integer(facts.tensors))
                           : facts.accounting);
    add(tr("Files"), tr("%1 of weights, %2").arg(facts.files).arg(words::gigabytes(facts.bytes)));
    if (!facts.revision.isEmpty())
        add(tr("Revision"), facts.revision.left(12), true);
    add(tr("Template"), facts.templateInWords);
    add(tr("Licence"), facts.licence.isEmpty() ? tr("not stated") : facts.licence);
    add(tr("Lies in"), words::folder(row.entry.path));
}

void ModelDetail::showLoaded()
{
    const EngineModel* model = m_loaded.find(m_name);
    const bool isLoading = model && model->state == EngineModel::State::Loading;
    const bool isReady = model && model->state == EngineModel::State::Ready;
    const bool hasFailed = model && model->state == EngineModel::State::Failed;
    m_chat->setEnabled(m_isUsable);
    m_load->setEnabled(m_isUsable && !isLoading);
    m_load->setText(isReady ? tr("Load anew") : tr("Load"));
    m_load->setAccessibleName(m_load->text());
    m_unload->setVisible(isLoading || isReady);
    m_unload->setText(isLoading ? tr("Cancel") : tr("Unload"));
    m_unload->setAccessibleName(m_unload->text());
    m_progress->setVisible(isLoading);
    m_progressLine->setVisible(isLoading || isReady || hasFailed);
    if (!model)
        return;
    m_progress->setValue(static_cast<int>(1000 * model->progress));
    m_progressLine->setRole(hasFailed ? Role::Danger : Role::Text2);
    m_progressLine->setWordWrap(true);
    if (isLoading)
        m_progressLine->setText(tr("Loading, %1 %").arg(qRound(100 * model->progress)));
    else if (isReady)
        m_progressLine->setText(tr("On %1 with %2 weights and a context of %3.")
                                    .arg(words::device(model->device), words::weights(model->weights),
                                         words::integer(model->context)));
    else
        m_progressLine->setText(model->error);
}

LoadRequest ModelDetail::request() const
{
    LoadRequest request;
    request.model = m_name;
    request.device = m_deviceBox->currentData().toString();
    request.weights = QString::fromLatin1(MemoryPlan::kWeights[static_cast<size_t>(m_weights->current())]);
    request.context = m_context->currentData().toInt();
    return request;
}

void ModelDetail::askMemory()
{
    m_plan.setTarget(m_isUsable && m_context->count() ? request() : LoadRequest{.model = {}});
}

void ModelDetail::showMemory()
{
    const qint64 available = m_plan.availableBytes();
    m_memoryTitle->setText(available ? tr("Memory, of %1 that are free").arg(words::gibibytes(available))
                                     : tr("Memory"));
    const qreal ratio = devicePixelRatioF();
    for (size_t i = 0; i < m_memory.size(); ++i) {
        const MemoryPlan::Row& row = m_plan.row(i);
        const MemoryRow& memory = m_memory[i];
        if (!row.estimate) {
            memory.bar->setParts({}, 0);
            memory.amount->setText(row.problem.isEmpty() ? QStringLiteral("…") : QStringLiteral("–"));
            memory.amount->setToolTip(row.problem);
            memory.mark->clear();
            continue;
        }
        const LoadEstimate& estimate = *row.estimate;
        memory.bar->setParts({{tr("weights"), static_cast<double>(estimate.weightBytes), Role::Part1,
                               words::gibibytes(estimate.weightBytes)},
                              {tr("context"), static_cast<double>(estimate.cacheBytes), Role::Part4,
                               words::gibibytes(estimate.cacheBytes)},
                              {tr("work space"), static_cast<double>(estimate.workspaceBytes), Role::Part3,
                               words::gibibytes(estimate.workspaceBytes)}},
                             static_cast<double>(estimate.availableBytes));
        memory.amount->setText(words::gibibytes(estimate.totalBytes));
        memory.amount->setToolTip({});
        memory.mark->setPixmap(
            Icons::pixmap(estimate.fits ? QStringLiteral("check") : QStringLiteral("error"),
                          estimate.fits ? Role::Success : Role::Danger, 16, ratio));
        memory.mark->setToolTip(estimate.fits ? tr("fits") : tr("does not fit"));
    }
    const MemoryPlan::Row& chosen = m_plan.row(static_cast<size_t>(m_weights->current()));
    const bool fits = chosen.estimate && chosen.estimate->fits;
    m_advice->setText(chosen.estimate ? (fits ? QString() : chosen.estimate->advice) : chosen.problem);
    m_advice->setRole(chosen.estimate && !fits ? Role::Danger : Role::Text2);
    m_advice->setVisible(!m_advice->text().isEmpty());
}

void ModelDetail::askDevices()
{
    m_client.listDevices(this, [this](const core::Result<QList<EngineDevice>>& devices) {
        if (!devices)
            return;
        const QString chosen =
            m_deviceBox->count() > 1 ? m_deviceBox->currentData().toString() : m_loaded.device();
        m_deviceBox->clear();
        m_deviceBox->addItem(tr("Best device"), QStringLiteral("auto"));
        for (const EngineDevice& device : *devices)
            if (device.isUsable)
                m_deviceBox->addItem(device.id == QLatin1String("cpu")
                                         ? tr("CPU")
                                         : device.id + QStringLiteral("  ") + device.name,
                                     device.id);
        m_deviceBox->setCurrentIndex(qMax(0, m_deviceBox->findData(chosen)));
    });
}

}  // namespace facet::ui
