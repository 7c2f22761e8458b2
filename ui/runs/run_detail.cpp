#include "ui/runs/run_detail.h"

#include "core/base/file.h"
#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/runs/checkpoints_view.h"
#include "ui/runs/evaluation_dialog.h"
#include "ui/runs/evaluations_view.h"
#include "ui/runs/gpu_view.h"
#include "ui/runs/log_view.h"
#include "ui/runs/run_notes_view.h"
#include "ui/runs/run_words.h"
#include "ui/runs/samples_view.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"
#include "ui/widgets/toast.h"

#include <QGridLayout>
#include <QHeaderView>
#include <QMenu>
#include <QPlainTextEdit>
#include <QStackedWidget>
#include <QTabBar>
#include <QTableView>
#include <QVBoxLayout>

#include <cmath>

namespace facet::ui {

namespace {

constexpr double kTileSmoothing = 0.95;
constexpr int kEvaluations = 7;  // its tab

QPlainTextEdit* makeText(const QString& objectName, const QString& name)
{
    auto* text = new QPlainTextEdit;
    text->setObjectName(objectName);
    text->setAccessibleName(name);
    text->setReadOnly(true);
    text->setFrameShape(QFrame::NoFrame);
    text->setFont(Theme::font(TextStyle::Mono));
    text->setTabChangesFocus(true);
    return text;
}

double lastOf(const core::StepTable& table, const char* name)
{
    const std::vector<double>* values = table.find(name);
    return values && !values->empty() ? values->back() : std::nan("");
}

}  // namespace

RunDetail::RunDetail(RunList& runs, QString engine, LoadedModels* loaded, QWidget* parent)
    : QWidget(parent), m_runs(runs), m_engine(std::move(engine)), m_loaded(loaded)
{
    setObjectName(QStringLiteral("runDetail"));
    setAccessibleName(tr("The chosen run"));
    setProperty("pane", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    column->addWidget(makeTiles());
    m_tabs = new QTabBar;
    m_tabs->setObjectName(QStringLiteral("runTabs"));
    m_tabs->setAccessibleName(tr("Parts of the run"));
    m_tabs->setExpanding(false);
    for (const QString& name : {tr("Plots"), tr("Samples"), tr("Checkpoints"), tr("Log"), tr("Job"),
                                tr("Notes"), tr("GPUs"), tr("Evaluations")})
        m_tabs->addTab(name);
    column->addWidget(m_tabs);
    m_banner = new Banner(Banner::Tone::Warning);
    m_banner->setObjectName(QStringLiteral("runBanner"));
    m_banner->hide();
    auto* bannerRow = new QVBoxLayout;
    bannerRow->setContentsMargins(space::kL, space::kM, space::kL, 0);
    bannerRow->addWidget(m_banner);
    column->addLayout(bannerRow);
    m_pages = new QStackedWidget;
    m_samples = new SamplesView;
    m_checkpoints = new CheckpointsView(m_engine);
    connect(m_checkpoints, &CheckpointsView::chatWanted, this, &RunDetail::chatWanted);
    connect(m_checkpoints, &CheckpointsView::said, this, &RunDetail::say);
    m_log = new LogView;
    m_log->setObjectName(QStringLiteral("runLog"));
    m_gpus = new GpuView;
    m_job = makeText(QStringLiteral("runJob"), tr("Job file"));
    m_jobs = new QStackedWidget;
    m_jobs->addWidget(m_job);
    m_jobs->addWidget(makeDiff(QStringLiteral("runJobDiff")));
    m_evaluations = new EvaluationsView;
    connect(m_evaluations, &EvaluationsView::evaluateWanted, this, &RunDetail::evaluate);
    connect(m_evaluations, &EvaluationsView::counted, this, [this](int count) {
        m_tabs->setTabText(kEvaluations, count > 0 ? tr("Evaluations  %1").arg(count) : tr("Evaluations"));
    });
    connect(m_checkpoints, &CheckpointsView::evaluated, this, [this] {
        m_evaluations->look();
        m_tabs->setCurrentIndex(kEvaluations);
    });
    m_notes = new RunNotesView;
    connect(m_notes, &RunNotesView::written, &m_runs, &RunList::look);
    connect(m_notes, &RunNotesView::failed, this, [this](const QString& sentence) {
        say(QStringLiteral("error"), tr("The notes were not written"), sentence);
    });
    m_pages->addWidget(makePlots());
    for (QWidget* page :
         {static_cast<QWidget*>(m_samples), static_cast<QWidget*>(m_checkpoints),
          static_cast<QWidget*>(m_log), static_cast<QWidget*>(m_jobs), static_cast<QWidget*>(m_notes),
          static_cast<QWidget*>(m_gpus), static_cast<QWidget*>(m_evaluations)}) {
        auto* card = new Card;
        card->body()->setContentsMargins(1, space::kXs, 1, space::kXs);
        card->body()->addWidget(page);
        auto* room = new QWidget;
        auto* roomColumn = new QVBoxLayout(room);
        roomColumn->setContentsMargins(space::kL, space::kM, space::kL, space::kM);
        roomColumn->addWidget(card);
        m_pages->addWidget(room);
    }
    column->addWidget(m_pages, 1);
    connect(m_tabs, &QTabBar::currentChanged, m_pages, &QStackedWidget::setCurrentIndex);
    connect(&m_runs, &RunList::looked, this, &RunDetail::showState);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &RunDetail::refresh);
}

QWidget* RunDetail::makeHeader()
{
    auto* header = new QWidget;
    header->setMinimumHeight(height::kPageHeader);
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(space::kXl, 0, space::kL, 1);
    m_title = new Label(TextStyle::PageTitle);
    m_title->setObjectName(QStringLiteral("runTitle"));
    m_title->setElided(Qt::ElideRight);
    m_state = new Chip(QString());
    m_state->setObjectName(QStringLiteral("runState"));
    m_save = makeButton(QStringLiteral("runSave"), tr("Save now"), ButtonKind::Flat, QStringLiteral("save"));
    m_pause = makeButton(QStringLiteral("runPause"), tr("Save and stop"), ButtonKind::Outlined,
                         QStringLiteral("savestop"));
    m_resume =
        makeButton(QStringLiteral("runResume"), tr("Resume"), ButtonKind::Primary, QStringLiteral("play"));
    QToolButton* more = makeIconButton(QStringLiteral("runMore"), QStringLiteral("more"), tr("More"));
    auto* menu = new QMenu(more);
    menu->addAction(tr("Duplicate in Fine-tune"), this, &RunDetail::duplicate)
        ->setObjectName(QStringLiteral("runDuplicate"));
    m_change = menu->addAction(tr("Resume with changes…"), this, &RunDetail::resumeWithChanges);
    m_change->setObjectName(QStringLiteral("runResumeChanged"));
    menu->addAction(tr("Evaluate…"), this, &RunDetail::evaluate)
        ->setObjectName(QStringLiteral("runEvaluate"));
    menu->addAction(tr("Open folder"), this, &RunDetail::openFolder);
    menu->addSeparator();
    menu->addAction(tr("Stop now without saving…"), this, &RunDetail::stopNow);
    menu->addAction(tr("Move to trash…"), this, &RunDetail::moveToTrash);
    more->setMenu(menu);
    more->setPopupMode(QToolButton::InstantPopup);
    row->addWidget(m_title);
    row->addWidget(m_state);
    row->addStretch(1);
    for (QWidget* button : {static_cast<QWidget*>(m_save), static_cast<QWidget*>(m_pause),
                            static_cast<QWidget*>(m_resume), static_cast<QWidget*>(more)})
        row->addWidget(button);
    connect(m_save, &QPushButton::clicked, this, &RunDetail::saveNow);
    connect(m_pause, &QPushButton::clicked, this, &RunDetail::pause);
    connect(m_resume, &QPushButton::clicked, this, &RunDetail::resume);
    return header;
}

QWidget* RunDetail::makeTiles()
{
    auto* tiles = new QWidget;
    auto* row = new QHBoxLayout(tiles);
    row->setContentsMargins(space::kXl, space::kS, space::kXl, space::kS);
    row->setSpacing(space::kL);
    for (const QString& name :
         {tr("Step"), tr("Loss"), tr("Validation"), tr("Speed"), tr("MFU"), tr("Left")}) {
        auto* column = new QVBoxLayout;
        column->setSpacing(2);
        const Tile tile = {new Label(TextStyle::Stat), new Label(TextStyle::Caption, Role::Text3)};
        tile.value->setAccessibleName(name);
        tile.context->setElided(Qt::ElideRight);
        column->addWidget(new Label(name, TextStyle::Caption, Role::Text2));
        column->addWidget(tile.value);
        column->addWidget(tile.context);
        row->addLayout(column, 1);
        m_tiles.push_back(tile);
    }
    return tiles;
}

QWidget* RunDetail::makePlots()
{
    auto* plots = new QWidget;
    auto* column = new QVBoxLayout(plots);
    column->setContentsMargins(space::kL, space::kM, space::kL, space::kM);
    column->setSpacing(space::kM);
    m_plots = new PlotPanel;
    column->addWidget(m_plots, 3);
    m_below = new QStackedWidget;
    auto* smallOnes = new QWidget;
    auto* row = new QHBoxLayout(smallOnes);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::kM);
    const std::vector<std::pair<QString, QString>> small = {
        {QStringLiteral("lr"), tr("Learning rate")},
        {QStringLiteral("grad_norm"), tr("Gradient norm")},
        {QStringLiteral("tokens_per_second"), tr("Tokens/s")},
        {QStringLiteral("memory_bytes"), tr("Memory, GiB")}};
    for (const auto& [metric, name] : small) {
        auto* card = new Card(name);
        card->body()->setContentsMargins(space::kS, 2, space::kS, space::kXs);
        auto* plot = new Plot(name);
        plot->setObjectName(QStringLiteral("plot_") + metric);
        plot->setMinimumHeight(90);
        card->body()->addWidget(plot, 1);
        row->addWidget(card, 1);
        m_small.push_back({plot, metric.toStdString(), {}});
    }
    auto* differs = new Card(tr("What differs"));
    differs->body()->setContentsMargins(1, 0, 1, space::kXs);
    differs->body()->addWidget(makeDiff(QStringLiteral("runJobDiffBelow")));
    m_below->addWidget(smallOnes);
    m_below->addWidget(differs);
    column->addWidget(m_below, 1);
    return plots;
}

QTableView* RunDetail::makeDiff(const QString& objectName)
{
    auto* view = new QTableView;
    view->setObjectName(objectName);
    view->setAccessibleName(tr("Settings that differ"));
    view->setModel(&m_diff);
    view->setFrameShape(QFrame::NoFrame);
    view->setShowGrid(false);
    view->verticalHeader()->hide();
    view->verticalHeader()->setDefaultSectionSize(height::kTableRow);
    view->horizontalHeader()->setObjectName(objectName + QStringLiteral("Header"));
    view->horizontalHeader()->setAccessibleName(tr("Runs"));
    view->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    view->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    view->setTabKeyNavigation(false);
    return view;
}

const core::ObservedRun* RunDetail::run() const
{
    return m_paths.isEmpty() ? nullptr : m_runs.find(m_paths.front());
}

RunData* RunDetail::data(size_t index) const
{
    return index < m_data.size() ? m_data[index].get() : nullptr;
}

void RunDetail::show(const QStringList& paths)
{
    if (paths == m_paths)
        return;
    m_plots->show({});
    m_data.clear();
    m_paths = paths;
    std::vector<PlotPanel::Shown> shown;
    for (const QString& path : paths) {
        const core::RunFolder folder = {path.toStdString()};
        m_data.push_back(std::make_unique<RunData>(folder.events()));
        connect(m_data.back().get(), &RunData::changed, this, &RunDetail::refresh);
        const core::ObservedRun* observed = m_runs.find(path);
        shown.push_back({observed ? QString::fromStdString(observed->name) : path, m_data.back().get()});
    }
    m_plots->show(std::move(shown));
    m_samples->clearSamples();
    m_gpus->clear();
    m_job->clear();
    m_settings.clear();
    m_diff.show({});
    m_loss = GrowingCurve("loss", AxisKind::Step, kTileSmoothing);
    makeSmallCurves();
    if (!paths.isEmpty()) {
        const core::RunFolder folder = {paths.front().toStdString()};
        m_log->open(std::filesystem::exists(folder.log()) ? folder.log() : folder.launchLog());
        readJobs();
    }
    m_evaluations->show(paths.isEmpty() ? std::string() : paths.front().toStdString());
    m_notes->show(paths.isEmpty() ? nullptr : run());
    m_jobs->setCurrentIndex(paths.size() > 1 ? 1 : 0);
    m_below->setCurrentIndex(paths.size() > 1 ? 1 : 0);
    refresh();
    showState();
}

/// Their files may lie on a slow disk, so they are read in a thread of the pool.
void RunDetail::readJobs()
{
    struct Read {
        QString text;     // of the first one
        QString ownRows;  // likewise
        std::vector<JobDiffTable::Job> jobs;
    };
    std::vector<std::pair<QString, std::filesystem::path>> files;
    for (const QString& path : m_paths) {
        const core::ObservedRun* observed = m_runs.find(path);
        files.emplace_back(observed ? QString::fromStdString(observed->name) : path,
                           core::RunFolder{path.toStdString()}.job());
    }
    runInBackground(
        this,
        [files] {
            Read read;
            if (const core::Result<std::string> text = core::readFile(files.front().second, 16 << 20))
                read.text = QString::fromStdString(*text);
            for (const auto& [name, file] : files) {
                core::Result<jobs::Settings> settings = jobs::readJobFile(file);
                read.jobs.push_back({name, settings ? *std::move(settings) : jobs::Settings()});
            }
            read.ownRows = ownRows(read.jobs.front().settings);
            return read;
        },
        [this, paths = m_paths](const Read& read) {
            if (paths != m_paths)
                return;
            m_job->setPlainText(read.text);
            m_settings = read.jobs.front().settings;
            const auto base = m_settings.find("model.base");
            m_checkpoints->setRun({m_paths.front().toStdString(), read.jobs.front().name,
                                   base != m_settings.end() && base->second.is_string()
                                       ? QString::fromStdString(base->second.get<std::string>())
                                       : QString(),
                                   read.ownRows});
            if (read.jobs.size() > 1)
                m_diff.show(read.jobs);
        });
}

void RunDetail::makeSmallCurves()
{
    for (SmallPlot& small : m_small) {
        small.curves.clear();
        const bool isMemory = small.metric == "memory_bytes";
        for (size_t i = 0; i < m_data.size(); ++i)
            small.curves.emplace_back(small.metric, AxisKind::Step, 0,
                                      isMemory ? 1 / (1024.0 * 1024 * 1024) : 1);
    }
}

void RunDetail::refresh()
{
    m_plots->refresh();
    showTiles();
    showSmallPlots();
    showTexts();
}

void RunDetail::showState()
{
    const core::ObservedRun* run = this->run();
    setEnabled(run);
    if (!run)
        return;
    m_title->setText(m_paths.size() > 1 ? tr("%1 runs over each other").arg(m_paths.size())
                                        : QString::fromStdString(run->name));
    m_state->setText(words::condition(*run));
    const Role role = words::roleOf(run->condition);
    m_state->setTone(role == Role::Success   ? ChipTone::Good
                     : role == Role::Danger  ? ChipTone::Bad
                     : role == Role::Warning ? ChipTone::Warning
                     : role == Role::Accent  ? ChipTone::Accent
                                             : ChipTone::Plain);
    const bool isHere = run->isUnderWay() && run->pid > 0;
    const bool canResume = run->condition == core::RunCondition::Stopped ||
                           run->condition == core::RunCondition::Lost ||
                           run->condition == core::RunCondition::Failed;
    m_save->setVisible(isHere);
    m_pause->setVisible(isHere);
    m_resume->setVisible(canResume);
    m_change->setEnabled(canResume);
    m_notes->follow(*run);
    if (m_evaluations->isVisible())
        m_evaluations->look();
    const bool isBad =
        run->condition == core::RunCondition::Lost || run->condition == core::RunCondition::Failed;
    m_banner->setVisible(isBad);
    if (run->condition == core::RunCondition::Lost) {
        m_banner->setTone(Banner::Tone::Warning);
        m_banner->setTitle(tr("Lost at step %1: its process is gone").arg(words::integer(run->step)));
        m_banner->setDetail(
            run->savedStep > 0
                ? tr("Saved at step %1; Resume goes on from there.").arg(words::integer(run->savedStep))
                : tr("Nothing was saved yet; Resume begins again."));
    } else if (isBad) {
        m_banner->setTone(Banner::Tone::Bad);
        m_banner->setTitle(tr("The run failed"));
        m_banner->setDetail(QString::fromStdString(run->message));
    }
    showTiles();
}

void RunDetail::showTiles()
{
    const core::ObservedRun* run = this->run();
    const RunData* first = data(0);
    if (!run || !first)
        return;
    const core::StepTable& metrics = first->history().metrics;
    const auto set = [this](size_t tile, const QString& value, const QString& context) {
        m_tiles[tile].value->setText(value);
        m_tiles[tile].context->setText(context);
    };
    const int64_t step = metrics.steps.empty() ? run->step : metrics.steps.back();
    const double tokens = lastOf(metrics, "tokens");
    set(0,
        words::integer(step) +
            (run->numSteps > 0 ? tr(" of %1").arg(words::integer(run->numSteps)) : QString()),
        std::isfinite(tokens) ? axisText(AxisKind::Tokens, tokens) : QString());
    m_loss.follow(metrics, metrics);
    const QString last = words::number(lastOf(metrics, "loss"));
    set(1, m_loss.isEmpty() ? last : words::number(m_loss.smooth()->back()),
        tr("smoothed, last %1").arg(last));
    const core::StepTable& validation = first->history().validation;
    if (const std::vector<double>* values = validation.find("loss"); values && !values->empty()) {
        const auto best = std::ranges::min_element(*values);
        set(2, words::number(values->back()),
            tr("best %1, at step %2")
                .arg(words::number(*best))
                .arg(validation.steps[static_cast<size_t>(best - values->begin())]));
    } else {
        set(2, QStringLiteral("–"), tr("no validation yet"));
    }
    const double speed = lastOf(metrics, "tokens_per_second");
    set(3,
        std::isfinite(speed) ? tr("%1 tok/s").arg(words::integer(std::llround(speed))) : QStringLiteral("–"),
        {});
    const double mfu = lastOf(metrics, "mfu");
    set(4, mfu > 0 ? tr("%1 %").arg(100 * mfu, 0, 'f', 1) : QStringLiteral("–"),
        std::isfinite(lastOf(metrics, "tflops")) ? tr("%1 TFLOP/s").arg(lastOf(metrics, "tflops"), 0, 'f', 2)
                                                 : QString());
    const double left = lastOf(metrics, "seconds_left");
    const bool isRunning = run->condition == core::RunCondition::Running && std::isfinite(left);
    set(5, isRunning ? words::duration(left) : QStringLiteral("–"),
        isRunning
            ? tr("ends about %1")
                  .arg(QDateTime::currentDateTime().addSecs(qint64(left)).toString(QStringLiteral("HH:mm")))
            : words::condition(*run));
}

void RunDetail::showSmallPlots()
{
    for (SmallPlot& small : m_small) {
        std::vector<PlotCurve> curves;
        for (size_t i = 0; i < small.curves.size(); ++i) {
            const core::StepTable& table = m_data[i]->history().metrics;
            GrowingCurve& curve = small.curves[i];
            curve.follow(table, table);
            if (!curve.isEmpty())
                curves.push_back({small.plot->accessibleName(), static_cast<int>(i), PlotCurve::Look::Line,
                                  curve.x(), curve.y()});
        }
        small.plot->setClipping(small.metric == "grad_norm");
        small.plot->setCurves(std::move(curves));
    }
}

void RunDetail::showTexts()
{
    const RunData* first = data(0);
    if (!first)
        return;
    const core::RunHistory& history = first->history();
    m_samples->show(m_paths.front().toStdString(), history);
    m_checkpoints->table().show(m_paths.front().toStdString(), history);
    m_gpus->show(history);
    m_tabs->setTabText(1, tr("Samples  %1").arg(history.samples.size()));
    m_tabs->setTabText(2, tr("Checkpoints  %1").arg(m_checkpoints->table().rowCount()));
}

void RunDetail::say(const QString& icon, const QString& title, const QString& detail)
{
    Toast::show(this, {icon, title, detail, {}, {}});
}

void RunDetail::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const int bottom = m_tabs->geometry().bottom();
    painter.fillRect(0, 0, width(), bottom, Theme::color(Role::Surface));
    for (const int y : {m_tiles.front().value->parentWidget()->y() - 1, m_tabs->y() - 1, bottom})
        painter.fillRect(0, y, width(), 1, Theme::color(Role::Border));
}

}  // namespace facet::ui
