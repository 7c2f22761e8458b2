#pragma once

// One run, or several over each other: figures, plots, samples, checkpoints, log, job, and what can be done.

#include "jobs/launch/launch.h"
#include "ui/runs/job_diff_table.h"
#include "ui/runs/plot_panel.h"
#include "ui/runs/run_list.h"

#include <QPushButton>

#include <map>
#include <memory>

class QPlainTextEdit;
class QTabBar;
class QTableView;

namespace facet::ui {

class Banner;
class CheckpointsView;
class Chip;
class EvaluationsView;
class GpuView;
class LoadedModels;
class LogView;
class RunNotesView;
class SamplesView;

class RunDetail final : public QWidget {
    Q_OBJECT

public:
    /// `engine` is the program that goes on with a run, `loaded` what Chat holds, which may have to make
    /// room; both `runs` and `loaded`, which may be null, must outlive this.
    RunDetail(RunList& runs, QString engine, LoadedModels* loaded, QWidget* parent = nullptr);

    /// Folders of runs; the first one is the one that actions are for.
    void show(const QStringList& paths);

    void saveNow();
    void pause();
    void resume();
    void resumeWithChanges();
    void duplicate();
    void chat();
    void merge();
    void evaluate();
    void stopNow();
    void moveToTrash();
    void openFolder();

Q_SIGNALS:
    /// `adapter` on `model`; "": the model alone.
    void chatWanted(const QString& model, const QString& adapter, const QString& name);

    /// The job of the run in `folder`, to begin another with.
    void duplicateWanted(const QString& folder);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Tile {
        Label* value;
        Label* context;
    };
    struct SmallPlot {
        Plot* plot;
        std::string metric;
        std::vector<GrowingCurve> curves;  // one for each run
    };
    QWidget* makeHeader();
    QWidget* makeTiles();
    QWidget* makePlots();
    QTableView* makeDiff(const QString& objectName);
    void makeSmallCurves();
    void readJobs();
    void resumeWith(const QStringList& changes);
    void start(const jobs::Launch& launch);
    const core::ObservedRun* run() const;
    RunData* data(size_t index) const;
    void refresh();
    void showState();
    void showTiles();
    void showSmallPlots();
    void showTexts();
    void signal(int number, const QString& done);
    void say(const QString& icon, const QString& title, const QString& detail);

    RunList& m_runs;
    QString m_engine;
    LoadedModels* m_loaded;
    QStringList m_paths;
    std::vector<std::unique_ptr<RunData>> m_data;
    Label* m_title;
    Chip* m_state;
    QPushButton* m_save;
    QPushButton* m_pause;
    QPushButton* m_resume;
    QAction* m_change;
    Banner* m_banner;
    std::vector<Tile> m_tiles;
    QTabBar* m_tabs;
    QStackedWidget* m_pages;
    PlotPanel* m_plots;
    QStackedWidget* m_below;  // small plots, or what differs between several runs
    std::vector<SmallPlot> m_small;
    SamplesView* m_samples;
    CheckpointsView* m_checkpoints;
    LogView* m_log;
    GpuView* m_gpus;
    EvaluationsView* m_evaluations;
    QStackedWidget* m_jobs;  // the job, or where several differ
    QPlainTextEdit* m_job;
    RunNotesView* m_notes;
    JobDiffTable m_diff;
    jobs::Settings m_settings;  // of the first run's job
    GrowingCurve m_loss{"loss", AxisKind::Step};
};

}  // namespace facet::ui
