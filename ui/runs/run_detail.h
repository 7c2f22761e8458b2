#pragma once

// One run, or several over each other: figures, plots, samples, checkpoints, log, job, and what can be done.

#include "ui/runs/plot_panel.h"
#include "ui/runs/run_list.h"

#include <QPushButton>

#include <map>
#include <memory>

class QPlainTextEdit;
class QTabBar;
class QTableWidget;

namespace facet::ui {

class Banner;
class Chip;
class LogView;

class RunDetail final : public QWidget {
    Q_OBJECT

public:
    /// `engine` is the program that goes on with a run.
    RunDetail(RunList& runs, QString engine, QWidget* parent = nullptr);

    /// Folders of runs; the first one is the one that actions are for.
    void show(const QStringList& paths);

    void saveNow();
    void pause();
    void resume();
    void stopNow();
    void moveToTrash();
    void openFolder();

Q_SIGNALS:
    void gone(const QString& path);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Tile {
        Label* value;
        Label* context;
    };
    QWidget* makeHeader();
    QWidget* makeTiles();
    QWidget* makePlots();
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
    QStringList m_paths;
    std::vector<std::unique_ptr<RunData>> m_data;
    Label* m_title;
    Chip* m_state;
    QPushButton* m_save;
    QPushButton* m_pause;
    QPushButton* m_resume;
    Banner* m_banner;
    std::vector<Tile> m_tiles;
    QTabBar* m_tabs;
    QStackedWidget* m_pages;
    PlotPanel* m_plots;
    std::vector<std::pair<Plot*, QString>> m_small;
    QPlainTextEdit* m_samples;
    QTableWidget* m_checkpoints;
    LogView* m_log;
    QPlainTextEdit* m_job;
    size_t m_numSamples = 0;
};

}  // namespace facet::ui
