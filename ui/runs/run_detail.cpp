#include "ui/runs/run_detail.h"

#include "core/base/file.h"
#include "core/run/run_signal.h"
#include "jobs/launch/launch.h"
#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/runs/curve_math.h"
#include "ui/runs/log_view.h"
#include "ui/runs/run_words.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"
#include "ui/widgets/toast.h"

#include <QDesktopServices>
#include <QFile>
#include <QGridLayout>
#include <QHeaderView>
#include <QMenu>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QStackedWidget>
#include <QTabBar>
#include <QTableWidget>
#include <QUrl>
#include <QVBoxLayout>

#include <cmath>
#include <csignal>

namespace facet::ui {

namespace {

constexpr double kTileSmoothing = 0.95;

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

/// Of a checkpoint's folder.
qint64 bytesIn(const std::filesystem::path& folder)
{
    qint64 total = 0;
    std::error_code ignored;
    for (auto entry = std::filesystem::recursive_directory_iterator(folder, ignored);
         entry != std::filesystem::recursive_directory_iterator(); entry.increment(ignored))
        if (entry->is_regular_file(ignored))
            total += static_cast<qint64>(entry->file_size(ignored));
    return total;
}

}  // namespace

RunDetail::RunDetail(RunList& runs, QString engine, QWidget* parent)
    : QWidget(parent), m_runs(runs), m_engine(std::move(engine))
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
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    for (const QString& name : {tr("Plots"), tr("Samples"), tr("Checkpoints"), tr("Log"), tr("Job")})
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
    m_samples = makeText(QStringLiteral("runSamples"), tr("Samples"));
    m_checkpoints = new QTableWidget(0, 4);
    m_checkpoints->setObjectName(QStringLiteral("runCheckpoints"));
    m_checkpoints->setAccessibleName(tr("Checkpoints"));
    m_checkpoints->setHorizontalHeaderLabels({tr("Saved"), tr("Why"), tr("Validation"), tr("Size")});
    m_checkpoints->setFrameShape(QFrame::NoFrame);
    m_checkpoints->setShowGrid(false);
    m_checkpoints->verticalHeader()->hide();
    m_checkpoints->horizontalHeader()->setObjectName(QStringLiteral("runCheckpointsHeader"));
    m_checkpoints->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_checkpoints->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_checkpoints->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_checkpoints->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_checkpoints->setTabKeyNavigation(false);
    m_log = new LogView;
    m_log->setObjectName(QStringLiteral("runLog"));
    m_job = makeText(QStringLiteral("runJob"), tr("Job file"));
    m_pages->addWidget(makePlots());
    for (QWidget* page : {static_cast<QWidget*>(m_samples), static_cast<QWidget*>(m_checkpoints),
                          static_cast<QWidget*>(m_log), static_cast<QWidget*>(m_job)}) {
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
    menu->addAction(tr("Open folder"), this, &RunDetail::openFolder);
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
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kM);
    const std::vector<std::pair<QString, QString>> small = {
        {QStringLiteral("lr"), tr("Learning rate")},
        {QStringLiteral("grad_norm"), tr("Gradient norm")},
        {QStringLiteral("tokens_per_second"), tr("Tokens/s")},
        {QStringLiteral("memory_bytes"), tr("Memory, GiB")}};
    for (const auto& [metric, name] : small) {
        auto* card = new Card(name);
        card->body()->setContentsMargins(space::kS, 0, space::kS, space::kXs);
        auto* plot = new Plot(name);
        plot->setObjectName(QStringLiteral("plot_") + metric);
        plot->setMinimumHeight(90);
        card->body()->addWidget(plot, 1);
        row->addWidget(card, 1);
        m_small.emplace_back(plot, metric);
    }
    column->addLayout(row, 1);
    return plots;
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
    m_numSamples = 0;
    m_samples->clear();
    m_job->clear();
    if (!paths.isEmpty()) {
        const core::RunFolder folder = {paths.front().toStdString()};
        m_log->open(std::filesystem::exists(folder.log()) ? folder.log() : folder.launchLog());
        if (const core::Result<std::string> job = core::readFile(folder.job(), 16 << 20))
            m_job->setPlainText(QString::fromStdString(*job));
    }
    refresh();
    showState();
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
    const std::vector<double>* loss = metrics.find("loss");
    const QString last = words::number(lastOf(metrics, "loss"));
    set(1, loss && !loss->empty() ? words::number(smoothed(*loss, kTileSmoothing).back()) : last,
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
    for (const auto& [plot, metric] : m_small) {
        std::vector<PlotCurve> curves;
        for (size_t i = 0; i < m_data.size(); ++i) {
            const core::StepTable& table = m_data[i]->history().metrics;
            const std::vector<double>* values = table.find(metric.toStdString());
            if (!values)
                continue;
            std::vector<double> shown = *values;
            if (metric == QStringLiteral("memory_bytes"))
                for (double& value : shown)
                    value /= 1024.0 * 1024 * 1024;
            curves.push_back(
                {plot->accessibleName(), static_cast<int>(i), PlotCurve::Look::Line,
                 std::make_shared<const std::vector<double>>(axisValues(table, AxisKind::Step, table)),
                 std::make_shared<const std::vector<double>>(std::move(shown))});
        }
        plot->setClipping(metric == QStringLiteral("grad_norm"));
        plot->setCurves(std::move(curves));
    }
}

void RunDetail::showTexts()
{
    const RunData* first = data(0);
    if (!first)
        return;
    const core::RunHistory& history = first->history();
    if (history.samples.size() < m_numSamples) {
        m_samples->clear();
        m_numSamples = 0;
    }
    for (; m_numSamples < history.samples.size(); ++m_numSamples) {
        const auto& sample = std::get<core::SampleEvent>(history.samples[m_numSamples].what);
        m_samples->appendPlainText(
            tr("step %1").arg(words::integer(sample.step)) +
            (sample.image.empty() ? QString()
                                  : tr(", picture %1").arg(QString::fromStdString(sample.image))) +
            QStringLiteral("\n> ") + QString::fromStdString(sample.prompt) + QLatin1Char('\n') +
            QString::fromStdString(sample.text) + QLatin1Char('\n'));
    }
    const auto count = static_cast<int>(history.checkpoints.size());
    if (m_checkpoints->rowCount() != count) {
        m_checkpoints->setRowCount(count);
        for (int row = 0; row < count; ++row) {
            const auto& checkpoint = std::get<core::CheckpointEvent>(
                history.checkpoints[static_cast<size_t>(count - 1 - row)].what);
            const std::filesystem::path folder =
                std::filesystem::path(m_paths.front().toStdString()) / checkpoint.path;
            const auto at = std::ranges::find(history.validation.steps, checkpoint.step);
            const std::vector<double>* losses = history.validation.find("loss");
            const QString loss =
                losses && at != history.validation.steps.end()
                    ? words::number((*losses)[static_cast<size_t>(at - history.validation.steps.begin())])
                    : QStringLiteral("–");
            const qint64 bytes = bytesIn(folder);
            const QStringList texts = {tr("step %1").arg(words::integer(checkpoint.step)),
                                       QString::fromStdString(checkpoint.why), loss,
                                       bytes > 0 ? words::gibibytes(bytes) : tr("removed since")};
            for (int section = 0; section < 4; ++section)
                m_checkpoints->setItem(row, section, new QTableWidgetItem(texts[section]));
        }
    }
    m_tabs->setTabText(1, tr("Samples  %1").arg(history.samples.size()));
    m_tabs->setTabText(2, tr("Checkpoints  %1").arg(count));
}

void RunDetail::signal(int number, const QString& done)
{
    const core::ObservedRun* run = this->run();
    if (!run || run->pid == 0)
        return;
    const core::Result<void> sent = core::sendSignal(core::ProcessIdentity::of(run->pid), number);
    if (sent)
        say(QStringLiteral("done"), done, QString::fromStdString(run->name));
    else
        say(QStringLiteral("error"), tr("Nothing was done"), QString::fromStdString(sent.error().message));
}

void RunDetail::saveNow()
{
    signal(SIGUSR1, tr("It saves after this step"));
}

void RunDetail::pause()
{
    signal(SIGTERM, tr("It saves and stops after this step"));
}

void RunDetail::resume()
{
    if (m_paths.isEmpty())
        return;
    const core::ObservedRun* run = this->run();
    jobs::Launch launch = {m_engine.toStdString(),
                           m_paths.front().toStdString(),
                           run && !run->device.empty() ? run->device : "auto",
                           {}};
    m_resume->setEnabled(false);
    runInBackground(
        this, [launch] { return std::make_shared<core::Result<jobs::Launched>>(jobs::launch(launch)); },
        [this](const std::shared_ptr<core::Result<jobs::Launched>>& launched) {
            m_resume->setEnabled(true);
            if (!*launched)
                say(QStringLiteral("error"), tr("The run was not resumed"),
                    QString::fromStdString(launched->error().message));
            m_runs.look();
        });
}

void RunDetail::stopNow()
{
    const core::ObservedRun* run = this->run();
    if (!run || run->pid == 0)
        return;
    auto* question =
        new QMessageBox(QMessageBox::Warning, tr("Stop %1 now?").arg(QString::fromStdString(run->name)),
                        tr("What it did since step %1, where it was saved last, is lost.")
                            .arg(words::integer(run->savedStep)),
                        QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("stopQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* stop = question->addButton(tr("Stop now"), QMessageBox::DestructiveRole);
    connect(stop, &QPushButton::clicked, this, [this] { signal(SIGKILL, tr("Stopped")); });
    question->open();
}

void RunDetail::moveToTrash()
{
    const core::ObservedRun* run = this->run();
    if (!run)
        return;
    const QString name = QString::fromStdString(run->name), path = m_paths.front();
    if (run->isUnderWay()) {
        say(QStringLiteral("warn"), tr("%1 is running").arg(name), tr("Stop it first."));
        return;
    }
    auto* question = new QMessageBox(QMessageBox::Warning, tr("Move %1 to the trash?").arg(name),
                                     tr("%1 with all its checkpoints goes to the trash of the desktop.")
                                         .arg(words::folder(run->folder.path)),
                                     QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("trashQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* move = question->addButton(tr("Move to trash"), QMessageBox::DestructiveRole);
    move->setObjectName(QStringLiteral("trashYes"));
    connect(move, &QPushButton::clicked, this, [this, path, name] {
        if (QFile::moveToTrash(path))
            Q_EMIT gone(path);
        else
            say(QStringLiteral("error"), tr("%1 was not moved").arg(name),
                tr("There is no trash for %1.").arg(path));
        m_runs.look();
    });
    question->open();
}

void RunDetail::openFolder()
{
    if (!m_paths.isEmpty())
        QDesktopServices::openUrl(QUrl::fromLocalFile(m_paths.front()));
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
