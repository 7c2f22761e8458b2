#include "ui/finetune/targets_section.h"

#include "ui/finetune/field_mark.h"
#include "ui/finetune/job_form.h"
#include "ui/models/words.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QCheckBox>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMouseEvent>
#include <QSpinBox>
#include <QStyledItemDelegate>

namespace facet::ui {

using namespace shapes;

namespace {

constexpr int kRow = 24;
constexpr int kBox = 16;

/// Boxes in the middle of their columns, names in mono with their figures behind them.
class TreeDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        return {QStyledItemDelegate::sizeHint(option, index).width(),
                qMax(kRow, option.fontMetrics.height() + 8)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Painted painted(painter);
        painter->fillRect(option.rect,
                          color(option.state & QStyle::State_Selected ? Role::Selected : Role::Surface));
        painter->fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1,
                          color(Role::Grid));
        if (index.column() == ModuleTree::Lora || index.column() == ModuleTree::Full) {
            const QVariant state = index.data(Qt::CheckStateRole);
            if (!state.isValid())
                return;
            QStyleOptionButton box;
            box.rect = QRect(0, 0, kBox, kBox);
            box.rect.moveCenter(option.rect.center());
            box.state = QStyle::State_Enabled | (state.toInt() == Qt::Checked     ? QStyle::State_On
                                                 : state.toInt() == Qt::Unchecked ? QStyle::State_Off
                                                                                  : QStyle::State_NoChange);
            option.widget->style()->drawPrimitive(QStyle::PE_IndicatorItemViewItemCheck, &box, painter,
                                                  option.widget);
            return;
        }
        const bool isName = index.column() == ModuleTree::Module;
        const bool isMono = index.data(ModuleTree::MonoRole).toBool() || !isName;
        painter->setFont(Theme::font(isMono ? TextStyle::Mono : TextStyle::BodyStrong));
        painter->setPen(color(index.column() == ModuleTree::NemoName ? Role::Text3 : Role::Text));
        const QRect rect = option.rect.adjusted(4, 0, isName ? 0 : -8, 0);
        const QString text = index.data().toString();
        painter->drawText(rect,
                          isName || index.column() == ModuleTree::NemoName
                              ? Qt::AlignLeft | Qt::AlignVCenter
                              : Qt::AlignRight | Qt::AlignVCenter,
                          text);
        if (!isName)
            return;
        int x = rect.left() + painter->fontMetrics().horizontalAdvance(text) + 8;
        painter->setFont(Theme::font(TextStyle::Caption));
        if (index.data(ModuleTree::FrozenRole).toBool()) {
            // Without its word where the column is too narrow; the row's accessible text and tooltip say it.
            const QString word = QObject::tr("frozen");
            const int whole = painter->fontMetrics().horizontalAdvance(word) + 26;
            const bool hasWord = x + whole <= rect.right();
            const QRectF chip(x, rect.center().y() - 8.5, hasWord ? whole : 22, 18);
            if (chip.right() <= rect.right()) {
                drawPanel(painter, chip, color(Role::InfoSoft), Qt::transparent, radius::kChip, 0);
                drawIcon(painter, QStringLiteral("freeze"), Role::Info,
                         QPointF(chip.left() + 11, chip.center().y()), 12);
                painter->setPen(color(Role::Info));
                if (hasWord)
                    painter->drawText(chip.adjusted(21, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, word);
            }
            x = static_cast<int>(chip.right()) + 8;
        }
        painter->setPen(color(Role::Text3));
        const QRect room(x, rect.top(), qMax(0, rect.right() - x), rect.height());
        painter->drawText(room, Qt::AlignLeft | Qt::AlignVCenter,
                          painter->fontMetrics().elidedText(index.data(ModuleTree::DetailRole).toString(),
                                                            Qt::ElideRight, room.width()));
    }

    bool editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem&,
                     const QModelIndex& index) override
    {
        const bool isBox = index.column() == ModuleTree::Lora || index.column() == ModuleTree::Full;
        if (!isBox || event->type() != QEvent::MouseButtonRelease ||
            static_cast<QMouseEvent*>(event)->button() != Qt::LeftButton)
            return false;
        static_cast<ModuleTree*>(model)->toggle(index, static_cast<ModuleTree::Column>(index.column()));
        return true;
    }

    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem&,
                          const QModelIndex& index) const override
    {
        auto* editor = new QLineEdit(parent);
        editor->setObjectName(QStringLiteral("moduleSizeEditor"));
        editor->setAccessibleName(index.column() == ModuleTree::Rank ? tr("Rank") : tr("Alpha"));
        editor->setFont(Theme::font(TextStyle::Mono));
        editor->setAlignment(Qt::AlignRight);
        return editor;
    }
};

QCheckBox* freezeBox(JobForm& form, const char* key, const QString& text)
{
    auto* box = new QCheckBox(text);
    box->setObjectName(QStringLiteral("job.") + QString::fromLatin1(key));
    box->setAccessibleName(text);
    QObject::connect(box, &QCheckBox::clicked, &form, [&form, key](bool isOn) { form.set(key, isOn); });
    return box;
}

}  // namespace

void ModuleTreeView::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Space) {
        const bool isFull = event->modifiers() & Qt::ControlModifier;
        static_cast<ModuleTree*>(model())->toggle(currentIndex(),
                                                  isFull ? ModuleTree::Full : ModuleTree::Lora);
        event->accept();
        return;
    }
    QTreeView::keyPressEvent(event);
}

TargetsSection::TargetsSection(JobForm& form, QWidget* parent)
    : Card(tr("3  What is trained"), parent), m_form(form), m_view(new ModuleTreeView)
{
    m_summary = new Label(TextStyle::Small, Role::Text2);
    header()->addWidget(m_summary);
    header()->addWidget(new FieldMark(
        m_form, {"lora.targets", "lora.exclude", "lora.layers", "lora.rank_pattern", "lora.alpha_pattern"},
        tr("Layers with adapters")));
    body()->addWidget(makeFreezeRow());
    m_note = new Banner(Banner::Tone::Info);
    m_note->setObjectName(QStringLiteral("trainedNote"));
    m_note->hide();
    body()->addWidget(m_note);
    body()->addWidget(makeTargetRow());
    m_problem = new Label(TextStyle::Small, Role::Danger);
    m_problem->setWordWrap(true);
    m_problem->hide();
    body()->addWidget(m_problem);
    makeTree();
    connect(&m_tree, &ModuleTree::changesWanted, this,
            [this](const jobs::Settings& changes) { m_form.apply(changes); });
    connect(&m_tree, &ModuleTree::refused, this, [this](const QString& sentence) {
        m_problem->setText(sentence);
        m_problem->show();
    });
    connect(&m_form, &JobForm::judged, this, &TargetsSection::refresh);
    refresh();
}

QWidget* TargetsSection::makeFreezeRow()
{
    auto* holder = new QWidget;
    auto* row = new QHBoxLayout(holder);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::kXl);
    m_freezeVision = freezeBox(m_form, "freeze.vision_tower", tr("Freeze vision tower"));
    m_freezeProjector = freezeBox(m_form, "freeze.projector", tr("Freeze projector"));
    m_freezeLanguage = freezeBox(m_form, "freeze.language_model", tr("Freeze language model"));
    for (QCheckBox* box : {m_freezeVision, m_freezeProjector, m_freezeLanguage}) {
        auto* marked = new QHBoxLayout;
        marked->setSpacing(space::kXs);
        marked->addWidget(box);
        marked->addWidget(
            new FieldMark(m_form, {box->objectName().mid(qsizetype(4)).toStdString()}, box->text()));
        row->addLayout(marked);
    }
    row->addStretch();
    return holder;
}

QWidget* TargetsSection::makeTargetRow()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kS);
    m_lastLayers = new QSpinBox;
    m_lastLayers->setObjectName(QStringLiteral("lastLayers"));
    m_lastLayers->setAccessibleName(tr("Number of last layers"));
    m_lastLayers->setRange(1, 1000);
    m_lastLayers->setValue(8);
    const auto preset = [this, row](const char* name, const QString& text, TargetPreset which) {
        QPushButton* button = makeButton(QString::fromLatin1(name), text);
        setCompact(button);
        connect(button, &QPushButton::clicked, this, [this, which] {
            if (const auto& resolved = m_form.verdict().resolved)
                m_form.apply(presetSettings(which, resolved->config, m_lastLayers->value()));
        });
        row->addWidget(button);
    };
    preset("presetAttention", tr("Attention"), TargetPreset::Attention);
    preset("presetMlp", tr("Attention + MLP"), TargetPreset::AttentionAndMlp);
    preset("presetLast", tr("Last layers"), TargetPreset::LastLayers);
    row->addWidget(m_lastLayers);
    preset("presetLanguage", tr("Language only"), TargetPreset::LanguageOnly);
    preset("presetProjector", tr("Projector only"), TargetPreset::Projector);
    row->addStretch();
    column->addLayout(row);

    auto* patterns = new QHBoxLayout;
    patterns->setSpacing(space::kS);
    m_pattern = new QLineEdit;
    m_pattern->setObjectName(QStringLiteral("targetPattern"));
    m_pattern->setAccessibleName(tr("Pattern of modules, Hugging Face's or NeMo's names"));
    m_pattern->setPlaceholderText(tr("Pattern: *.mlp.*_proj, q_proj, linear_fc1"));
    m_pattern->setFont(Theme::font(TextStyle::Mono));
    m_matches = new Label(TextStyle::Small, Role::Text3);
    m_select = makeButton(QStringLiteral("selectPattern"), tr("Select"));
    m_add = makeButton(QStringLiteral("addPattern"), tr("Add"));
    connect(m_pattern, &QLineEdit::textChanged, this, &TargetsSection::showMatches);
    const auto use = [this](bool alone) {
        nlohmann::json targets = alone ? nlohmann::json::array() : m_form.value("lora.targets");
        if (!targets.is_array())
            targets = nlohmann::json::array({targets});
        targets.push_back(m_pattern->text().toStdString());
        m_form.apply({{"lora.targets", targets},
                      {"lora.exclude", nlohmann::json::array()},
                      {"lora.layers", ""},
                      {"lora.rank_pattern", nlohmann::json::object()},
                      {"lora.alpha_pattern", nlohmann::json::object()}});
    };
    connect(m_select, &QPushButton::clicked, this, [use] { use(true); });
    connect(m_pattern, &QLineEdit::returnPressed, this, [this, use] {
        if (m_select->isEnabled())
            use(true);
    });
    connect(m_add, &QPushButton::clicked, this, [use] { use(false); });
    patterns->addWidget(m_pattern, 1);
    patterns->addWidget(m_matches);
    patterns->addWidget(m_select);
    patterns->addWidget(m_add);
    column->addLayout(patterns);
    return holder;
}

void TargetsSection::makeTree()
{
    m_view->setObjectName(QStringLiteral("moduleTree"));
    m_view->setAccessibleName(tr("Modules of the model"));
    m_view->setAccessibleDescription(
        tr("Space: LoRA on or off. Ctrl+Space: train whole or freeze. F2: rank or alpha."));
    m_view->setModel(&m_tree);
    m_view->setItemDelegate(new TreeDelegate(m_view));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setIndentation(14);
    m_view->setUniformRowHeights(true);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->setMinimumHeight(15 * kRow);
    m_view->setTabKeyNavigation(false);
    QHeaderView* head = m_view->header();
    head->setObjectName(QStringLiteral("moduleTreeHeader"));
    head->setAccessibleName(tr("Columns"));
    head->setStretchLastSection(false);
    head->setSectionsMovable(false);
    head->setMinimumSectionSize(40);
    const auto applyTheme = [head] {
        head->setSectionResizeMode(QHeaderView::Fixed);
        head->setSectionResizeMode(ModuleTree::Module, QHeaderView::Stretch);
        const std::array<std::pair<int, int>, 6> widths = {{{ModuleTree::NemoName, 128},
                                                            {ModuleTree::Lora, 56},
                                                            {ModuleTree::Full, 52},
                                                            {ModuleTree::Rank, 64},
                                                            {ModuleTree::Alpha, 64},
                                                            {ModuleTree::Trained, 116}}};
        for (const auto& [section, wide] : widths)
            head->resizeSection(section, wide * Theme::textPercent() / 100);
    };
    applyTheme();
    connect(Theme::notifier(), &ThemeNotifier::changed, m_view, applyTheme);
    connect(&m_tree, &QAbstractItemModel::modelReset, this, [this] { m_isExpanded = false; });
    body()->addWidget(m_view);
}

void TargetsSection::expand()
{
    // The language model down to its linears; the tower has the same below it.
    m_isExpanded = true;
    const QModelIndex model = m_tree.index(0, 0);
    m_view->expand(model);
    for (int row = 0; row < m_tree.rowCount(model); ++row) {
        const QModelIndex part = m_tree.index(row, 0, model);
        if (part.data().toString() != QStringLiteral("language_model"))
            continue;
        m_view->expand(part);
        m_view->expandRecursively(m_tree.index(1, 0, part), 1);
    }
}

void TargetsSection::refresh()
{
    const JobVerdict& verdict = m_form.verdict();
    QString problem;
    for (const char* key : {"lora.targets", "lora.exclude", "lora.layers", "lora.rank_pattern",
                            "lora.alpha_pattern", "freeze.language_model", "freeze.vision_tower"})
        if (problem.isEmpty())
            problem = m_form.problem(key);
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    if (!verdict.resolved)
        return;
    const jobs::ResolvedJob& job = *verdict.resolved;
    m_tree.show(job);
    if (!m_isExpanded)
        expand();
    const QString trained = words::integer(job.parameters.trained);
    m_summary->setText(job.adapters.empty() ? tr("%1 parameters").arg(trained)
                                            : tr("%1 of %2 linears, %3 parameters")
                                                  .arg(job.adapters.size())
                                                  .arg(m_tree.modules().size())
                                                  .arg(trained));
    const bool hasVision = job.config.vision.has_value();
    m_freezeVision->setVisible(hasVision);
    m_freezeProjector->setVisible(hasVision);
    m_freezeVision->setChecked(job.freeze.visionTower);
    m_freezeProjector->setChecked(job.freeze.projector);
    m_freezeLanguage->setChecked(job.freeze.languageModel);
    const QString note = m_form.warning("freeze.vision_tower");
    m_note->setTitle(note);
    m_note->setVisible(!note.isEmpty());
    showMatches();
}

void TargetsSection::showMatches()
{
    const std::string pattern = m_pattern->text().toStdString();
    int count = 0;
    QString problem;
    if (!pattern.empty() && !m_tree.modules().empty()) {
        const core::Result<jobs::TargetSelection> found =
            jobs::selectTargets(m_tree.modules(), {.names = {pattern}});
        if (found)
            count = static_cast<int>(found->modules.size());
        else
            problem = QString::fromStdString(found.error().message);
    }
    m_matches->setText(pattern.empty() ? QString() : count > 0 ? tr("%1 match").arg(count) : tr("none"));
    m_pattern->setToolTip(problem);
    m_pattern->setAccessibleDescription(problem.isEmpty() ? m_matches->text() : problem);
    m_pattern->setProperty("invalid", !problem.isEmpty());
    m_pattern->update();
    m_select->setText(count > 0 ? tr("Select %1").arg(count) : tr("Select"));
    m_select->setEnabled(count > 0);
    m_add->setEnabled(count > 0);
}

}  // namespace facet::ui
