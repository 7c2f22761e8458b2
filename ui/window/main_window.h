#pragma once

// The frame: a rail with the pages, the page that is shown, a banner while the engine has a problem, and the
// status line. Pages are made when they are first needed, so that the window is there at once.

#include "ui/engine/engine_client.h"
#include "ui/models/downloads.h"
#include "ui/models/loaded_models.h"
#include "ui/runs/queue_list.h"
#include "ui/settings/studio_settings.h"

#include <QButtonGroup>
#include <QMainWindow>
#include <QPointer>
#include <QStackedWidget>

#include <functional>
#include <vector>

class QToolButton;
class QVBoxLayout;

namespace facet::ui {

class EngineBanner;
class StatusLine;

class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    struct Page {
        QString id;  ///< "chat"; its object is named "pageChat"
        QString icon;
        QString title;
        QKeySequence keys;
        std::function<QWidget*()> make;
        bool isAtBottom = false;
    };

    /// All must outlive the window.
    struct Parts {
        StudioSettings& settings;
        EngineClient& client;
        LoadedModels& loaded;
        Downloads& downloads;
        RunList& runs;
        QueueList& queue;
    };

    explicit MainWindow(Parts parts, QWidget* parent = nullptr);
    ~MainWindow() override;

    void addPage(Page page);

    /// Of all pages, as they stand in the rail.
    QStringList pageIds() const;

    /// The page, made if need be; null if there is none of that name.
    QWidget* page(const QString& id);
    QString currentPage() const;

    /// Makes what has not been shown yet, so that all actions can be found.
    void makeAllPages();

public Q_SLOTS:
    void showPage(const QString& id);
    void showCommands();

    /// To the front, for a second start of the program.
    void bringForward();

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    struct Slot {
        Page page;
        QToolButton* button = nullptr;
        QWidget* widget = nullptr;
        QPointer<QWidget> first = nullptr;  ///< has the focus when the page is shown; null: its first field
    };

    QWidget* makeRail();
    void addActions();
    QAction* addNamedAction(const QString& name, const QString& text, const QList<QKeySequence>& keys);
    void restore();
    void showBadges();
    void showBadge(const QString& page, int count, const QString& words);
    void showQueue();
    void focusPane(int step);

    Parts m_parts;
    std::vector<Slot> m_pages;
    QButtonGroup* m_railGroup;
    QVBoxLayout* m_rail = nullptr;
    QStackedWidget* m_stack;
    EngineBanner* m_banner;
    StatusLine* m_status;
    int m_numBottom = 0;
};

}  // namespace facet::ui
