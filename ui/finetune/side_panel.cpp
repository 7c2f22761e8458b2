#include "ui/finetune/side_panel.h"

#include "ui/finetune/job_form.h"
#include "ui/finetune/probe_view.h"
#include "ui/models/words.h"
#include "ui/runs/run_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"
#include "ui/widgets/stack_bar.h"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLineEdit>
#include <QPainter>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QStackedWidget>
#include <QTableView>
#include <QTextBlock>
#include <QToolButton>
#include <QVBoxLayout>

#include <array>

namespace facet::ui {

namespace {

void clear(QVBoxLayout* layout)
{
    while (QLayoutItem* item = layout->takeAt(0)) {
        if (QWidget* widget = item->widget()) {
            widget->hide();
            widget->deleteLater();
        }
        delete item;
    }
}

QWidget* legendRow(const StackBar::Part& part)
{
    auto* row = new QWidget;
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 2, 0, 2);
    layout->addWidget(new PartMark(part.role));
    layout->addWidget(new Label(part.name, TextStyle::Body));
    layout->addStretch();
    layout->addWidget(new Label(part.inWords, TextStyle::Mono));
    return row;
}

QString gibibytes(double bytes)
{
    return words::gibibytes(static_cast<qint64>(bytes));
}

}  // namespace

SidePanel::SidePanel(JobForm& form, JobProbe& probe, QWidget* parent)
    : QWidget(parent),
      m_form(form),
      m_probe(probe),
      m_changes(form),
      m_tabs(new Segments(tr("Side view"), {tr("Cost"), tr("Changes"), tr("Job file")})),
      m_stack(new QStackedWidget)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL, space::kM, space::kL, space::kM);
    column->setSpacing(space::kM);
    m_tabs->setObjectName(QStringLiteral("sideTabs"));
    column->addWidget(m_tabs);
    column->addWidget(m_stack, 1);
    m_stack->addWidget(makeCost());
    m_stack->addWidget(makeChanges());
    m_stack->addWidget(makeFile());
    connect(m_tabs, &Segments::chosen, m_stack, &QStackedWidget::setCurrentIndex);
    connect(&m_form, &JobForm::judged, this, &SidePanel::showCost);
    connect(&m_form, &JobForm::judged, this, &SidePanel::showFile);
    connect(&m_form, &JobForm::changed, this, &SidePanel::showFile);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &SidePanel::showFile);
    showCost();
    showFile();
}

void SidePanel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(0, 0, 1, height(), Theme::color(Role::Border));
}

QWidget* SidePanel::makeCost()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    auto* head = new QHBoxLayout;
    m_device = new Label(TextStyle::Section);
    m_fits = new Chip(QString());
    head->addWidget(m_device);
    head->addStretch();
    head->addWidget(m_fits);
    column->addLayout(head);
    auto* figures = new QHBoxLayout;
    m_total = new Label(TextStyle::StatLarge);
    m_total->setObjectName(QStringLiteral("memoryTotal"));
    m_of = new Label(TextStyle::Body, Role::Text2);
    figures->addWidget(m_total);
    figures->addWidget(m_of);
    figures->addStretch();
    column->addLayout(figures);
    m_memory = new StackBar(20);
    m_memory->setAccessibleName(tr("Memory by part"));
    column->addWidget(m_memory);
    const auto addList = [column] {
        auto* list = new QVBoxLayout;
        list->setSpacing(0);
        column->addLayout(list);
        return list;
    };
    m_parts = addList();
    m_edits = addList();
    m_edits->setSpacing(space::kXs);
    column->addWidget(new ProbeView(m_form, m_probe));
    column->addSpacing(space::kM);
    m_trained = new Label(TextStyle::Section);
    m_trained->setWordWrap(true);
    column->addWidget(m_trained);
    m_trainedBar = new StackBar(8);
    m_trainedBar->setAccessibleName(tr("Trained parameters by part"));
    column->addWidget(m_trainedBar);
    m_trainedParts = addList();
    column->addSpacing(space::kM);
    m_figures = new Label(TextStyle::Body, Role::Text2);
    m_figures->setObjectName(QStringLiteral("costFigures"));
    m_figures->setWordWrap(true);
    column->addWidget(m_figures);
    column->addStretch();
    auto* area = new QScrollArea;
    area->setObjectName(QStringLiteral("costScroll"));
    area->setAccessibleName(tr("Cost"));
    area->setFrameShape(QFrame::NoFrame);
    area->setWidgetResizable(true);
    area->setFocusPolicy(Qt::NoFocus);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(holder);
    area->viewport()->setAutoFillBackground(false);
    holder->setAutoFillBackground(false);
    return area;
}

QWidget* SidePanel::makeChanges()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("changesTable"));
    m_table->setAccessibleName(tr("Changes to the recipe"));
    m_table->setModel(&m_changes);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setTabKeyNavigation(false);
    m_table->setFont(Theme::font(TextStyle::Mono));
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setObjectName(QStringLiteral("changesHeader"));
    m_table->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    connect(m_table, &QTableView::activated, this,
            [this](const QModelIndex& index) { Q_EMIT keyWanted(m_changes.key(index.row())); });
    column->addWidget(m_table, 1);
    auto* row = new QHBoxLayout;
    QPushButton* one =
        makeButton(QStringLiteral("resetChange"), tr("Reset"), ButtonKind::Outlined, QStringLiteral("reset"));
    QPushButton* all = makeButton(QStringLiteral("resetAll"), tr("Reset all"));
    connect(one, &QPushButton::clicked, this, [this] {
        if (m_table->currentIndex().isValid())
            m_form.reset(m_changes.key(m_table->currentIndex().row()));
    });
    connect(all, &QPushButton::clicked, &m_form, &JobForm::resetAll);
    row->addStretch();
    row->addWidget(one);
    row->addWidget(all);
    column->addLayout(row);
    return holder;
}

QWidget* SidePanel::makeFile()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    m_file = new QPlainTextEdit;
    m_file->setObjectName(QStringLiteral("jobFile"));
    m_file->setAccessibleName(tr("Job file"));
    m_file->setReadOnly(true);
    m_file->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_file->setTabChangesFocus(true);
    column->addWidget(m_file, 1);
    column->addWidget(new Label(tr("Command line"), TextStyle::SmallStrong, Role::Text2));
    auto* row = new QHBoxLayout;
    m_command = new QLineEdit;
    m_command->setObjectName(QStringLiteral("commandLine"));
    m_command->setAccessibleName(tr("Command line"));
    m_command->setReadOnly(true);
    m_command->setFont(Theme::font(TextStyle::MonoSmall));
    QToolButton* copy =
        makeIconButton(QStringLiteral("copyJob"), QStringLiteral("copy"), tr("Copy the job file"));
    connect(copy, &QToolButton::clicked, this,
            [this] { QApplication::clipboard()->setText(m_file->toPlainText()); });
    row->addWidget(m_command, 1);
    row->addWidget(copy);
    column->addLayout(row);
    return holder;
}

void SidePanel::showCost()
{
    const JobVerdict& verdict = m_form.verdict();
    const QString device = QString::fromStdString(verdict.device.name);
    m_device->setText(tr("Memory on %1").arg(device));
    if (!verdict.estimate) {
        m_total->setText(tr("not known yet"));
        m_of->setText({});
        m_fits->setVisible(false);
        return;
    }
    const jobs::MemoryByPart& memory = verdict.estimate->memory;
    const std::array<std::tuple<QString, double, Role>, 7> all = {{
        {tr("Weights"), memory.weights, Role::Part1},
        {tr("Activations"), memory.activations, Role::Part5},
        {tr("Workspace, CUDA"), memory.workspace + memory.overhead, Role::Part4},
        {tr("Head and loss"), memory.logits, Role::Part6},
        {tr("Optimizer"), memory.optimizer, Role::Part2},
        {tr("Gradients"), memory.gradients, Role::Part7},
        {tr("Adapters"), memory.adapters, Role::Part3},
    }};
    QVector<StackBar::Part> parts;
    for (const auto& [name, bytes, role] : all)
        parts.append({name, bytes, role, gibibytes(bytes)});
    m_memory->setParts(parts, verdict.device.memoryBytes);
    clear(m_parts);
    for (const StackBar::Part& part : parts)
        m_parts->addWidget(legendRow(part));
    m_total->setText(gibibytes(memory.total()));
    m_of->setText(verdict.device.memoryBytes > 0
                      ? tr("of %1, estimated").arg(gibibytes(verdict.device.memoryBytes))
                      : tr("estimated"));
    m_fits->setVisible(verdict.estimate->isFitKnown);
    m_fits->setText(verdict.estimate->fits ? tr("fits") : tr("too large"));
    m_fits->setTone(verdict.estimate->fits ? ChipTone::Good : ChipTone::Bad);
    m_fits->setIcon(verdict.estimate->fits ? QStringLiteral("check") : QStringLiteral("error"));
    showEdits();
    showTrained();
}

void SidePanel::showEdits()
{
    clear(m_edits);
    const JobVerdict& verdict = m_form.verdict();
    int number = 0;
    for (const jobs::JobEdit& edit : verdict.edits) {
        const QString text = tr("%1: %2%3")
                                 .arg(QString::fromStdString(edit.sentence), gibibytes(edit.bytes),
                                      edit.fits ? tr(", fits") : tr(", not enough alone"));
        QPushButton* button = makeButton(QStringLiteral("edit%1").arg(number++), text);
        setCompact(button);
        connect(button, &QPushButton::clicked, this,
                [this, changes = edit.changes] { m_form.apply(changes); });
        m_edits->addWidget(button);
    }
}

void SidePanel::showTrained()
{
    const JobVerdict& verdict = m_form.verdict();
    const jobs::ParameterTable& table = verdict.resolved->parameters;
    const double share =
        table.total > 0 ? 100.0 * static_cast<double>(table.trained) / static_cast<double>(table.total) : 0;
    m_trained->setText(tr("Trained %1 of %2, %3 %")
                           .arg(words::parameters(table.trained), words::parameters(table.total))
                           .arg(share, 0, 'f', share < 1 ? 3 : 1));
    QVector<StackBar::Part> parts;
    int color = static_cast<int>(Role::Part1);
    for (const jobs::ParameterTable::Row& row : table.rows) {
        if (row.trained > 0)
            parts.append({QString::fromLatin1(jobs::nameOf(row.part)), static_cast<double>(row.trained),
                          static_cast<Role>(color), words::integer(row.trained)});
        color = std::min(color + 1, static_cast<int>(Role::Part7));
    }
    m_trainedBar->setParts(parts, static_cast<double>(table.trained));
    clear(m_trainedParts);
    for (const StackBar::Part& part : parts)
        m_trainedParts->addWidget(legendRow(part));
    const jobs::Job& job = verdict.resolved->job;
    QStringList figures;
    if (verdict.adapterBytes > 0)
        figures << tr("Adapter %1.").arg(gibibytes(verdict.adapterBytes));
    figures << tr("Disk %1 for the checkpoints that are kept.")
                   .arg(words::gigabytes(static_cast<qint64>(verdict.diskBytes)));
    const double flops = verdict.estimate->flops.total() + verdict.estimate->flops.recompute;
    figures << tr("A step computes %1 over %2 tokens at most%3.")
                   .arg(flops < 0.9995e15 ? tr("%1 TFLOP").arg(flops / 1e12, 0, 'g', 3)
                                          : tr("%1 PFLOP").arg(flops / 1e15, 0, 'f', flops < 1e16 ? 2 : 1))
                   .arg(words::integer(static_cast<qint64>(verdict.estimate->tokensPerStep)),
                        job.steps > 0
                            ? tr(", all %1 steps %2")
                                  .arg(words::integer(job.steps),
                                       words::integer(static_cast<qint64>(verdict.estimate->tokensPerStep) *
                                                      job.steps))
                            : QString());
    if (const double seconds = verdict.estimate->secondsPerStep; seconds > 0)
        figures << tr("By the last probe on this device a step takes %1%2.")
                       .arg(seconds < 60 ? tr("%1 s").arg(seconds, 0, 'f', 2) : words::duration(seconds),
                            job.steps > 0
                                ? tr(", all of them %1").arg(words::duration(verdict.estimate->seconds))
                                : QString());
    if (verdict.estimate->largestMicroBatch > 0)
        figures << tr("Largest that fits: micro batch %1, or %2 tokens.")
                       .arg(words::integer(verdict.estimate->largestMicroBatch),
                            words::integer(verdict.estimate->largestSequence));
    m_figures->setText(figures.join(QLatin1Char(' ')));
}

void SidePanel::showFile()
{
    const JobText file = jobText(m_form.document());
    m_file->setFont(Theme::font(TextStyle::MonoSmall));
    if (m_file->toPlainText() != QString::fromStdString(file.text))
        m_file->setPlainText(QString::fromStdString(file.text));
    QList<QTextEdit::ExtraSelection> marks;
    int number = 0;
    for (QTextBlock block = m_file->document()->begin(); block.isValid(); block = block.next(), ++number) {
        const auto line = static_cast<size_t>(number);
        if (line >= file.keyOfLine.size() || file.keyOfLine[line].empty())
            continue;
        const std::string& key = file.keyOfLine[line];
        const bool isWrong = !m_form.problem(key).isEmpty();
        if (!isWrong && !m_form.differs(key))
            continue;
        QTextEdit::ExtraSelection mark;
        mark.cursor = QTextCursor(block);
        mark.format.setBackground(Theme::color(isWrong ? Role::DangerSoft : Role::ChangedSoft));
        mark.format.setProperty(QTextFormat::FullWidthSelection, true);
        marks.append(mark);
    }
    m_file->setExtraSelections(marks);
    m_command->setText(m_form.commandLine());
    m_command->setCursorPosition(0);
}

}  // namespace facet::ui
