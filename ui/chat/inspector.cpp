#include "ui/chat/inspector.h"

#include "ui/chat/adapter_section.h"
#include "ui/chat/chat_view_model.h"
#include "ui/chat/chat_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QInputDialog>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPlainTextEdit>
#include <QRandomGenerator>
#include <QRegularExpressionValidator>
#include <QScrollArea>
#include <QSlider>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace facet::ui {

static constexpr int kRow = 32;
static constexpr int kNumberWidth = 60;

/// A part of the panel, with a hairline below.
class InspectorSection final : public QWidget {
public:
    explicit InspectorSection(QWidget* parent) : QWidget(parent)
    {
        column = new QVBoxLayout(this);
        column->setContentsMargins(space::kL, space::kM, space::kL, space::kM);
        column->setSpacing(space::kS);
    }

    QVBoxLayout* column;

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter(this).fillRect(0, height() - 1, width(), 1, Theme::color(Role::Border));
    }
};

Inspector::Inspector(ChatViewModel& viewModel, QWidget* parent) : QWidget(parent), m_viewModel(viewModel)
{
    setObjectName(QStringLiteral("chatInspector"));
    setAccessibleName(tr("Settings of the conversation"));
    setFixedWidth(width::kInspector);
    auto* whole = new QVBoxLayout(this);
    whole->setContentsMargins(1, 0, 0, 0);
    auto* scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setObjectName(QStringLiteral("chatInspectorScroll"));
    scroll->setBackgroundRole(QPalette::Base);
    auto* content = new QWidget;
    content->setBackgroundRole(QPalette::Base);
    content->setAutoFillBackground(true);
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makePreset());
    column->addWidget(makeSystem());
    column->addWidget(makeAdapters());
    column->addWidget(makeSampling());
    column->addWidget(makePictures());
    column->addStretch();
    scroll->setWidget(content);
    whole->addWidget(scroll);
    connect(&viewModel, &ChatViewModel::settingsChanged, this, &Inspector::showSettings);
    connect(&viewModel, &ChatViewModel::presetsChanged, this, &Inspector::showPresets);
    connect(&viewModel.meter(), &TokenMeter::changed, this, &Inspector::showSettings);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &Inspector::applyFonts);
    applyFonts();
    showPresets();
    showSettings();
}

/// Numbers in mono, which setCompact() does not know.
void Inspector::applyFonts()
{
    m_system->setFont(Theme::font(TextStyle::Small));
    for (const Knob* knob : {&m_temperature, &m_topP, &m_topK, &m_minP, &m_repetition})
        knob->number->setFont(Theme::font(TextStyle::Mono));
    m_longest->setFont(Theme::font(TextStyle::Mono));
    m_seed->setFont(Theme::font(TextStyle::Mono));
}

void Inspector::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(0, 0, 1, height(), Theme::color(Role::Border));
}

QWidget* Inspector::makePreset()
{
    auto* section = new InspectorSection(this);
    auto* head = new QHBoxLayout;
    head->addWidget(new Label(tr("Preset"), TextStyle::BodyStrong));
    head->addStretch();
    m_changed = new Chip(QString(), ChipTone::Changed, {}, section);
    m_changed->setObjectName(QStringLiteral("chatChanged"));
    head->addWidget(m_changed);
    auto* row = new QHBoxLayout;
    m_preset = new QComboBox(section);
    m_preset->setObjectName(QStringLiteral("chatPreset"));
    m_preset->setAccessibleName(tr("Preset"));
    m_preset->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    QToolButton* save = makeIconButton(QStringLiteral("chatPresetSave"), QStringLiteral("save"),
                                       tr("Save as preset…"), section);
    QToolButton* remove = makeIconButton(QStringLiteral("chatPresetRemove"), QStringLiteral("trash"),
                                         tr("Remove this preset"), section);
    row->addWidget(m_preset, 1);
    row->addWidget(save);
    row->addWidget(remove);
    section->column->addLayout(head);
    section->column->addLayout(row);
    connect(m_preset, &QComboBox::activated, this,
            [this] { m_viewModel.choosePreset(m_preset->currentText()); });
    connect(save, &QToolButton::clicked, this, &Inspector::savePreset);
    connect(remove, &QToolButton::clicked, this,
            [this] { m_viewModel.removePreset(m_preset->currentText()); });
    connect(&m_viewModel, &ChatViewModel::settingsChanged, remove,
            [this, remove] { remove->setEnabled(m_viewModel.presetName() != defaultPresetName()); });
    return section;
}

void Inspector::savePreset()
{
    auto* dialog = new QInputDialog(this);
    dialog->setObjectName(QStringLiteral("presetDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Save preset"));
    dialog->setLabelText(tr("Name of these settings"));
    dialog->setOkButtonText(tr("Save"));
    if (m_viewModel.presetName() != defaultPresetName())
        dialog->setTextValue(m_viewModel.presetName());
    connect(dialog, &QInputDialog::textValueSelected, &m_viewModel, &ChatViewModel::savePreset);
    dialog->open();
}

QWidget* Inspector::makeSystem()
{
    auto* section = new InspectorSection(this);
    auto* head = new QHBoxLayout;
    auto* label = new Label(tr("System prompt"), TextStyle::BodyStrong);
    m_systemTokens = new Label(TextStyle::Caption, Role::Text3);
    head->addWidget(label);
    head->addStretch();
    head->addWidget(m_systemTokens);
    m_system = new QPlainTextEdit(section);
    m_system->setObjectName(QStringLiteral("chatSystemPrompt"));
    m_system->setAccessibleName(tr("System prompt"));
    m_system->setPlaceholderText(tr("What the model is told before the first message"));
    m_system->setTabChangesFocus(true);
    m_system->setFixedHeight(92);
    m_system->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    label->setBuddy(m_system);
    section->column->addLayout(head);
    section->column->addWidget(m_system);
    connect(m_system, &QPlainTextEdit::textChanged, this, [this] {
        if (!m_isShowing)
            m_viewModel.setSystemPrompt(m_system->toPlainText());
    });
    return section;
}

QWidget* Inspector::makeAdapters()
{
    auto* section = new InspectorSection(this);
    m_adapters = new AdapterSection(m_viewModel, section);
    section->column->addWidget(m_adapters);
    return section;
}

Inspector::Knob Inspector::addKnob(QGridLayout* grid, const QString& name, const QString& text, double least,
                                   double most, double step, int decimals, const QString& help)
{
    Knob knob;
    knob.step = step;
    const int row = grid->rowCount();
    auto* label = new Label(text, TextStyle::Body);
    label->setToolTip(help);
    knob.slider = new QSlider(Qt::Horizontal, this);
    knob.slider->setObjectName(name + QStringLiteral("Slider"));
    knob.slider->setAccessibleName(text);
    knob.slider->setRange(0, static_cast<int>(std::lround((most - least) / step)));
    knob.slider->setToolTip(help);
    knob.number = new QDoubleSpinBox(this);
    knob.number->setObjectName(name);
    knob.number->setAccessibleName(text);
    knob.number->setAccessibleDescription(help);
    knob.number->setRange(least, most);
    knob.number->setDecimals(decimals);
    knob.number->setSingleStep(step);
    knob.number->setButtonSymbols(QAbstractSpinBox::NoButtons);
    knob.number->setAlignment(Qt::AlignRight);
    knob.number->setFixedWidth(kNumberWidth);
    knob.number->setToolTip(help);
    knob.number->setLocale(QLocale::c());
    setCompact(knob.number);
    label->setBuddy(knob.number);
    grid->addWidget(label, row, 0);
    grid->addWidget(knob.slider, row, 1);
    grid->addWidget(knob.number, row, 2);
    grid->setRowMinimumHeight(row, kRow);
    connect(knob.slider, &QSlider::valueChanged, this, [this, number = knob.number, least, step](int value) {
        if (!m_isShowing)
            number->setValue(least + value * step);
    });
    connect(knob.number, &QDoubleSpinBox::valueChanged, this, &Inspector::takeSampling);
    return knob;
}

QWidget* Inspector::makeSampling()
{
    auto* section = new InspectorSection(this);
    section->column->addWidget(new Label(tr("Sampling"), TextStyle::BodyStrong));
    auto* grid = new QGridLayout;
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(space::kM);
    grid->setVerticalSpacing(0);
    grid->setColumnMinimumWidth(0, 100);
    grid->setColumnStretch(1, 1);
    m_temperature = addKnob(grid, QStringLiteral("chatTemperature"), tr("Temperature"), 0, 2, 0.05, 2,
                            tr("0 always takes the likeliest token"));
    m_topP = addKnob(grid, QStringLiteral("chatTopP"), tr("Top-p"), 0, 1, 0.01, 2,
                     tr("Draws from the likeliest tokens that make up this share"));
    m_topK = addKnob(grid, QStringLiteral("chatTopK"), tr("Top-k"), 0, 200, 1, 0,
                     tr("Draws from so many of the likeliest tokens; 0 is all"));
    m_minP = addKnob(grid, QStringLiteral("chatMinP"), tr("Min-p"), 0, 1, 0.01, 2,
                     tr("Leaves out tokens less likely than this share of the likeliest"));
    m_repetition = addKnob(grid, QStringLiteral("chatRepetition"), tr("Repetition"), 1, 2, 0.01, 2,
                           tr("Above 1: tokens that were used become less likely"));
    int row = grid->rowCount();
    auto* longest = new Label(tr("Longest answer"), TextStyle::Body);
    m_longest = new QSpinBox(section);
    m_longest->setObjectName(QStringLiteral("chatLongest"));
    m_longest->setAccessibleName(tr("Longest answer in tokens"));
    m_longest->setRange(1, 131072);
    m_longest->setSuffix(tr(" tokens"));
    m_longest->setGroupSeparatorShown(true);
    m_longest->setLocale(QLocale::English);
    m_longest->setButtonSymbols(QAbstractSpinBox::NoButtons);
    setCompact(m_longest);
    longest->setBuddy(m_longest);
    grid->addWidget(longest, row, 0);
    grid->addWidget(m_longest, row, 1, 1, 2);
    grid->setRowMinimumHeight(row, kRow);
    ++row;
    auto* seed = new Label(tr("Seed"), TextStyle::Body);
    m_seed = new QLineEdit(section);
    m_seed->setObjectName(QStringLiteral("chatSeed"));
    m_seed->setAccessibleName(tr("Seed"));
    m_seed->setPlaceholderText(tr("another each time"));
    m_seed->setValidator(
        new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[0-9]{0,18}")), m_seed));
    setCompact(m_seed);
    seed->setBuddy(m_seed);
    QToolButton* dice =
        makeIconButton(QStringLiteral("chatDice"), QStringLiteral("dice"), tr("Another seed"), section);
    setCompact(dice);
    auto* seedRow = new QHBoxLayout;
    seedRow->setSpacing(space::kXs);
    seedRow->addWidget(m_seed);
    seedRow->addWidget(dice);
    grid->addWidget(seed, row, 0);
    grid->addLayout(seedRow, row, 1, 1, 2);
    grid->setRowMinimumHeight(row, kRow);
    section->column->addLayout(grid);
    connect(m_longest, &QSpinBox::valueChanged, this, &Inspector::takeSampling);
    connect(m_seed, &QLineEdit::textChanged, this, &Inspector::takeSampling);
    connect(dice, &QToolButton::clicked, this,
            [this] { m_seed->setText(QString::number(QRandomGenerator::global()->bounded(1, 100000))); });
    return section;
}

QWidget* Inspector::makePictures()
{
    auto* section = new InspectorSection(this);
    section->column->addWidget(new Label(tr("Pictures"), TextStyle::BodyStrong));
    auto* row = new QHBoxLayout;
    m_panAndScan = new QCheckBox(tr("Pan and scan crops"), section);
    m_panAndScan->setObjectName(QStringLiteral("chatPanAndScan"));
    m_panAndScan->setToolTip(tr("Long pictures are shown to the model whole and as crops"));
    row->addWidget(m_panAndScan);
    row->addStretch();
    row->addWidget(new Label(tr("more tokens each"), TextStyle::Caption, Role::Text3));
    section->column->addLayout(row);
    connect(m_panAndScan, &QCheckBox::toggled, this, &Inspector::takeSampling);
    return section;
}

void Inspector::setKnob(const Knob& knob, double value)
{
    if (!knob.number->hasFocus())
        knob.number->setValue(value);
    knob.slider->setValue(static_cast<int>(std::lround((value - knob.number->minimum()) / knob.step)));
}

void Inspector::showSettings()
{
    m_isShowing = true;
    const core::ConversationSettings& settings = m_viewModel.settings();
    const core::Sampling& sampling = settings.sampling;
    const QString system = QString::fromStdString(settings.systemPrompt);
    if (m_system->toPlainText() != system)
        m_system->setPlainText(system);
    m_system->setEnabled(!settings.isCompletion);
    const int tokens = m_viewModel.meter().count().system;
    m_systemTokens->setText(settings.isCompletion ? tr("not used by a base model")
                            : tokens > 0          ? tr("%1 tokens").arg(thousands(tokens))
                                                  : QString());
    setKnob(m_temperature, sampling.temperature);
    setKnob(m_topP, sampling.topP);
    setKnob(m_topK, sampling.topK);
    setKnob(m_minP, sampling.minP);
    setKnob(m_repetition, sampling.repetitionPenalty);
    if (!m_longest->hasFocus())
        m_longest->setValue(sampling.maxTokens);
    const QString seed = sampling.seed ? QString::number(*sampling.seed) : QString();
    if (m_seed->text() != seed)
        m_seed->setText(seed);
    m_panAndScan->setChecked(sampling.panAndScan);
    m_panAndScan->setEnabled(!settings.isCompletion);
    const int changed = m_viewModel.numChanged();
    m_changed->setText(tr("%1 changed").arg(changed));
    m_changed->setVisible(changed > 0);
    m_isShowing = false;
}

void Inspector::showPresets()
{
    const QSignalBlocker blocker(m_preset);
    m_preset->clear();
    m_preset->addItem(defaultPresetName());
    for (const core::Preset& preset : m_viewModel.presets())
        m_preset->addItem(QString::fromStdString(preset.name));
    m_preset->setCurrentText(m_viewModel.presetName());
}

void Inspector::takeSampling()
{
    if (m_isShowing)
        return;
    core::Sampling sampling = m_viewModel.settings().sampling;
    sampling.temperature = m_temperature.number->value();
    sampling.topP = m_topP.number->value();
    sampling.topK = static_cast<int>(m_topK.number->value());
    sampling.minP = m_minP.number->value();
    sampling.repetitionPenalty = m_repetition.number->value();
    sampling.maxTokens = m_longest->value();
    sampling.seed.reset();
    if (!m_seed->text().isEmpty())
        sampling.seed = m_seed->text().toLongLong();
    sampling.panAndScan = m_panAndScan->isChecked();
    m_viewModel.setSampling(sampling);
}

}  // namespace facet::ui
