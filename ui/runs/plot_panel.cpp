#include "ui/runs/plot_panel.h"

#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"
#include "ui/widgets/toast.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QSaveFile>
#include <QSlider>
#include <QStackedWidget>
#include <QTableView>

#include <algorithm>

namespace facet::ui {

PlotPanel::PlotPanel(QWidget* parent)
    : Card(parent),
      m_plot(new Plot(tr("Plot"))),
      m_metric(new QComboBox),
      m_smoothing(new QSlider(Qt::Horizontal)),
      m_smoothingText(new Label(TextStyle::Mono)),
      m_axis(new Segments(tr("Horizontal axis"), {tr("Step"), tr("Tokens"), tr("Time")})),
      m_scale(new Segments(tr("Scale"), {tr("Linear"), tr("Log")})),
      m_clip(new QCheckBox(tr("Clip outliers"))),
      m_follow(nullptr),
      m_asTable(nullptr),
      m_stack(new QStackedWidget),
      m_tableView(new QTableView),
      m_legend(new Label(TextStyle::Small, Role::Text2))
{
    m_plot->setObjectName(QStringLiteral("lossPlot"));
    fillBar();
    m_tableView->setObjectName(QStringLiteral("plotTable"));
    m_tableView->setAccessibleName(tr("Numbers by step"));
    m_tableView->setModel(&m_table);
    m_tableView->setFrameShape(QFrame::NoFrame);
    m_tableView->setFont(Theme::font(TextStyle::Mono));
    m_tableView->verticalHeader()->hide();
    m_tableView->verticalHeader()->setDefaultSectionSize(height::kTableRow);
    m_tableView->horizontalHeader()->setObjectName(QStringLiteral("plotTableHeader"));
    m_tableView->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_tableView->horizontalHeader()->setDefaultSectionSize(124);
    m_tableView->setTabKeyNavigation(false);
    m_stack->addWidget(m_plot);
    m_stack->addWidget(m_tableView);
    m_legend->setTextFormat(Qt::RichText);
    body()->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    body()->setSpacing(space::kS);
    body()->addWidget(m_stack, 1);
    body()->addWidget(m_legend);
    setMinimumHeight(220);
    m_plot->setMinimumHeight(140);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &PlotPanel::refresh);
}

void PlotPanel::fillBar()
{
    auto* bar = new QHBoxLayout;
    bar->setSpacing(space::kM);
    m_metric->setObjectName(QStringLiteral("plotMetric"));
    m_metric->setAccessibleName(tr("Metric"));
    m_metric->setMinimumWidth(140);
    m_metric->addItem(tr("Loss"), QStringLiteral("loss"));
    m_smoothing->setObjectName(QStringLiteral("plotSmoothing"));
    m_smoothing->setAccessibleName(tr("Smoothing"));
    m_smoothing->setRange(0, 99);
    m_smoothing->setValue(60);
    m_smoothing->setFixedWidth(96);
    m_smoothing->setToolTip(tr("As TensorBoard's: a moving average, freed of its bias  [ ]"));
    m_axis->setObjectName(QStringLiteral("plotAxis"));
    m_scale->setObjectName(QStringLiteral("plotScale"));
    m_clip->setObjectName(QStringLiteral("plotClip"));
    m_clip->setAccessibleName(tr("Clip outliers"));
    m_clip->setChecked(true);
    m_follow = makeIconButton(QStringLiteral("plotFollow"), QStringLiteral("follow"), tr("Follow  F"));
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    QToolButton* fit = makeIconButton(QStringLiteral("plotFit"), QStringLiteral("fit"), tr("Show all  0"));
    m_asTable = makeIconButton(QStringLiteral("plotAsTable"), QStringLiteral("table"), tr("As a table  T"));
    m_asTable->setCheckable(true);
    QToolButton* exporting =
        makeIconButton(QStringLiteral("plotExport"), QStringLiteral("export"), tr("Export"));
    auto* menu = new QMenu(exporting);
    for (const char* kind : {"CSV", "PNG", "SVG", "PDF"})
        menu->addAction(tr("Save as %1…").arg(QLatin1String(kind)), this,
                        [this, kind] { exportAs(QString::fromLatin1(kind).toLower()); });
    menu->addAction(tr("Copy picture"), this,
                    [this] { QApplication::clipboard()->setPixmap(m_plot->picture()); });
    menu->addAction(tr("Copy numbers"), this, [this] {
        showTable();
        QApplication::clipboard()->setText(QString::fromUtf8(m_table.toCsv()));
    });
    exporting->setMenu(menu);
    exporting->setPopupMode(QToolButton::InstantPopup);
    bar->addWidget(m_metric);
    bar->addWidget(new Label(tr("Smooth"), TextStyle::Small, Role::Text2));
    bar->addWidget(m_smoothing);
    m_smoothingText->setText(QStringLiteral("0.60"));
    bar->addWidget(m_smoothingText);
    bar->addWidget(m_axis);
    bar->addWidget(m_scale);
    bar->addWidget(m_clip);
    bar->addStretch(1);
    for (QToolButton* button : {m_follow, fit, m_asTable, exporting})
        bar->addWidget(button);
    body()->addLayout(bar);

    connect(m_metric, &QComboBox::currentIndexChanged, this, &PlotPanel::refresh);
    connect(m_smoothing, &QSlider::valueChanged, this, [this](int value) {
        m_smoothingText->setText(QString::number(value / 100.0, 'f', 2));
        refresh();
    });
    connect(m_axis, &Segments::chosen, this, [this](int kind) {
        m_plot->setAxis(static_cast<AxisKind>(kind));
        refresh();
    });
    connect(m_scale, &Segments::chosen, this, [this](int scale) { m_plot->setLogarithmic(scale == 1); });
    connect(m_clip, &QCheckBox::toggled, m_plot, &Plot::setClipping);
    connect(m_follow, &QToolButton::toggled, m_plot, &Plot::setFollowing);
    connect(m_plot, &Plot::followingChanged, m_follow, &QToolButton::setChecked);
    connect(fit, &QToolButton::clicked, m_plot, [this] { m_plot->setFollowing(true); });
    connect(m_asTable, &QToolButton::toggled, this, [this](bool isTable) {
        m_stack->setCurrentIndex(isTable ? 1 : 0);
        refreshTable();
    });
}

QString PlotPanel::metric() const
{
    return m_metric->currentData().toString();
}

void PlotPanel::showTable()
{
    std::vector<MetricTable::Run> runs;
    for (const Shown& run : m_runs)
        runs.push_back({run.name, &run.data->history()});
    m_tableMetric = metric();
    m_table.show(std::move(runs), m_tableMetric.toStdString());
}

/// The steps of several runs are put together only while they are seen.
void PlotPanel::refreshTable()
{
    if (m_runs.size() > 1 && m_stack->currentIndex() == 0)
        return;
    if (m_tableMetric != metric())
        showTable();
    else
        m_table.refresh();
}

void PlotPanel::addMetrics()
{
    static const QHash<QString, QString> kNames = {{QStringLiteral("lr"), tr("Learning rate")},
                                                   {QStringLiteral("grad_norm"), tr("Gradient norm")},
                                                   {QStringLiteral("tokens_per_second"), tr("Tokens/s")},
                                                   {QStringLiteral("mfu"), tr("MFU")},
                                                   {QStringLiteral("memory_bytes"), tr("Memory")}};
    for (const Shown& run : m_runs)
        for (const core::StepTable::Column& column : run.data->history().metrics.columns) {
            const QString name = QString::fromStdString(column.name);
            if (m_metric->findData(name) < 0)
                m_metric->addItem(kNames.value(name, name), name);
        }
}

void PlotPanel::show(std::vector<Shown> runs)
{
    m_runs = std::move(runs);
    m_train.clear();
    showTable();
    m_plot->hideCursor();
    m_plot->setFollowing(true);
    refresh();
}

/// Curves of what is chosen now; they keep what they have computed as long as the choice stays.
void PlotPanel::followRuns()
{
    const std::string metric = this->metric().toStdString();
    const auto axis = static_cast<AxisKind>(m_axis->current());
    const double weight = m_smoothing->value() / 100.0;
    if (m_train.size() != m_runs.size() || (!m_train.empty() && !m_train.front().isOf(metric, axis))) {
        m_train.clear();
        for (size_t i = 0; i < m_runs.size(); ++i)
            m_train.emplace_back(metric, axis, weight);
        m_validation = GrowingCurve("loss", axis);
    }
    for (size_t i = 0; i < m_runs.size(); ++i) {
        const core::RunHistory& history = m_runs[i].data->history();
        m_train[i].setWeight(weight);
        m_train[i].follow(history.metrics, history.metrics);
    }
    if (m_runs.size() == 1) {
        const core::RunHistory& history = m_runs.front().data->history();
        m_validation.follow(history.validation, history.metrics);
    }
}

void PlotPanel::refresh()
{
    addMetrics();
    refreshTable();
    followRuns();
    std::vector<PlotCurve> lines, faint;
    const bool isSingle = m_runs.size() == 1;
    for (size_t i = 0; i < m_runs.size(); ++i) {
        const GrowingCurve& curve = m_train[i];
        if (curve.isEmpty())
            continue;
        const int slot = static_cast<int>(i);
        const QString name = isSingle ? tr("train") : m_runs[i].name;
        if (m_smoothing->value() > 0) {
            faint.push_back(
                {isSingle ? name : name + tr(", raw"), slot, PlotCurve::Look::Faint, curve.x(), curve.y()});
            lines.push_back({isSingle ? tr("train, smoothed") : name, slot, PlotCurve::Look::Line, curve.x(),
                             curve.smooth()});
        } else {
            lines.push_back({name, slot, PlotCurve::Look::Line, curve.x(), curve.y()});
        }
    }
    if (isSingle && metric() == QStringLiteral("loss") && !m_validation.isEmpty())
        lines.push_back({tr("validation"), 1, PlotCurve::Look::Rings, m_validation.x(), m_validation.y()});
    m_curves = std::move(faint);
    m_curves.insert(m_curves.end(), lines.begin(), lines.end());
    m_plot->setCurves(m_curves, isSingle ? marks() : std::vector<PlotMark>());
    m_legend->setText(legend());
}

std::vector<PlotMark> PlotPanel::marks() const
{
    std::vector<PlotMark> marks;
    const core::RunHistory& history = m_runs.front().data->history();
    const std::vector<double>& x = *m_train.front().x();
    const auto mark = [&](PlotMark::Kind kind, int64_t step, const QString& text) {
        const auto at = std::ranges::lower_bound(history.metrics.steps, step);
        if (!x.empty())
            marks.push_back(
                {kind, x[std::min(static_cast<size_t>(at - history.metrics.steps.begin()), x.size() - 1)],
                 text});
    };
    for (const core::RunEvent& event : history.checkpoints)
        mark(PlotMark::Kind::Checkpoint, core::stepOf(event),
             tr("checkpoint at step %1").arg(core::stepOf(event)));
    for (const core::RunEvent& event : history.resumes)
        mark(PlotMark::Kind::Resume, std::get<core::ResumeEvent>(event.what).fromStep, tr("resumed"));
    for (const core::RunEvent& event : history.warnings)
        mark(PlotMark::Kind::Warning, core::stepOf(event),
             QString::fromStdString(std::get<core::WarningEvent>(event.what).text));
    return marks;
}

QString PlotPanel::legend() const
{
    constexpr std::array kLines = {"━━━", "━ ━", "┅┅┅", "━·━"};
    QStringList parts;
    for (const PlotCurve& curve : m_curves)
        if (curve.look != PlotCurve::Look::Faint)
            parts << QStringLiteral("<span style='color:%1'>%2</span> %3")
                         .arg(Theme::color(curveRole(curve.slot)).name(),
                              curve.look == PlotCurve::Look::Rings
                                  ? QStringLiteral("╌○╌")
                                  : QString::fromUtf8(kLines[static_cast<size_t>(curve.slot % 4)]) +
                                        curveEndMark(curve.slot),
                              curve.name.toHtmlEscaped());
    if (m_runs.size() == 1 && !m_runs[0].data->history().checkpoints.empty())
        parts << QStringLiteral("△ ") + tr("checkpoint");
    if (m_runs.size() == 1 && !m_runs[0].data->history().resumes.empty())
        parts << QStringLiteral("⊗ ") + tr("resumed");
    if (m_runs.size() == 1 && !m_runs[0].data->history().warnings.empty())
        parts << QStringLiteral("▽ ") + tr("warning");
    return parts.join(QStringLiteral("&nbsp;&nbsp;&nbsp;&nbsp;"));
}

void PlotPanel::exportAs(const QString& kind)
{
    auto* dialog = new QFileDialog(this, tr("Export"));
    dialog->setObjectName(QStringLiteral("exportDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(kind);
    connect(dialog, &QFileDialog::fileSelected, this, [this, kind](const QString& path) {
        bool isWritten = false;
        if (kind == QStringLiteral("csv")) {
            showTable();
            QSaveFile file(path);
            isWritten = file.open(QIODevice::WriteOnly) && file.write(m_table.toCsv()) >= 0 && file.commit();
        } else {
            isWritten = m_plot->exportTo(path);
        }
        Toast::show(this, {isWritten ? QStringLiteral("done") : QStringLiteral("error"),
                           isWritten ? tr("Exported") : tr("Not exported"),
                           isWritten ? path : tr("%1 cannot be written.").arg(path),
                           {},
                           {}});
    });
    dialog->open();
}

void PlotPanel::keyPressEvent(QKeyEvent* event)
{
    if (!m_plot->hasFocus() && event->key() != Qt::Key_T) {
        Card::keyPressEvent(event);
        return;
    }
    switch (event->key()) {
        case Qt::Key_L:
            m_scale->setCurrent(1 - m_scale->current());
            m_plot->setLogarithmic(m_scale->current() == 1);
            return;
        case Qt::Key_X:
            m_axis->setCurrent((m_axis->current() + 1) % 3);
            m_plot->setAxis(static_cast<AxisKind>(m_axis->current()));
            refresh();
            return;
        case Qt::Key_C:
            m_clip->toggle();
            return;
        case Qt::Key_BracketLeft:
            m_smoothing->setValue(m_smoothing->value() - 5);
            return;
        case Qt::Key_BracketRight:
            m_smoothing->setValue(m_smoothing->value() + 5);
            return;
        case Qt::Key_F:
            m_follow->toggle();
            return;
        case Qt::Key_T:
            m_asTable->toggle();
            return;
        default:
            Card::keyPressEvent(event);
    }
}

}  // namespace facet::ui
