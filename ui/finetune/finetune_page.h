#pragma once

#include "ui/finetune/device_use.h"
#include "ui/finetune/job_cluster.h"
#include "ui/finetune/job_form.h"
#include "ui/finetune/job_probe.h"
#include "ui/finetune/job_start.h"
#include "ui/finetune/sweep_draft.h"

#include <QWidget>

#include <functional>

class QComboBox;
class QLineEdit;
class QPushButton;
class QScrollArea;
class QToolButton;
class QVBoxLayout;

namespace facet::ui {

class Banner;
class Chip;
class CostStrip;
class ConversationService;
class DataSection;
class EngineClient;
class JobOutline;
class Label;
class LoadedModels;
class RunList;
class SidePanel;

/// The Fine-tune page: one job in a form that reads from top to bottom.
class FinetunePage final : public QWidget {
    Q_OBJECT

public:
    struct Parts {
        JobForm::Parts form;
        std::filesystem::path engine;                  ///< the program facet-engine
        ConversationService* conversations = nullptr;  ///< outlives this; null: no chats as data
        // These outlive the page; without them nothing is known of what they tell.
        LoadedModels* loaded = nullptr;  ///< what Chat has loaded, to be asked about
        RunList* runs = nullptr;         ///< who has which device
        EngineClient* client = nullptr;  ///< which GPUs there are
    };

    explicit FinetunePage(Parts parts, QWidget* parent = nullptr);

    JobForm& form() { return m_form; }

    /// A job file, a run's folder, whose job it takes, or data.
    void openPath(const QString& path);

Q_SIGNALS:
    /// A run of this page has begun.
    void runStarted(const QString& name, const QString& folder);

    /// The user wants to see the queue.
    void queueWanted();

    /// The user wants to see the Clusters page with a profile; "": to make one.
    void profileWanted(const QString& name);

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeForm();
    QWidget* makeModel();
    QWidget* makeSchedule();
    void addActions();
    void chooseFile(bool saves);
    void start();
    void enqueue();
    void exportScript();
    void submitScript();
    void askForGpus();

    /// Devices of this machine that the run may have now: none where all that are chosen are taken.
    std::vector<std::string> freeDevices() const;

    /// Why the run can neither start nor wait here, or no script be made; "" if it can.
    QString whyNotReady() const;
    void refreshButtons();
    bool isNarrow() const;
    void toggleSide();
    void layOut();
    void showQueued(const QStringList& names, const QString& nextName);

    /// Calls `go` once Chat's models are off the chosen GPU, or at once where there are none; asks before.
    void makeRoomThen(const std::vector<std::string>& devices, const QString& verb, std::function<void()> go);
    void refresh();
    void showRecipes();
    void showModels();
    void showNumbers();
    void goToProblem(int step);
    void goToKey(const std::string& key);
    void showProblem(const QString& title, const QString& detail);

    JobForm m_form;
    JobStart m_start;
    JobProbe m_probe;
    SweepDraft m_sweeps;
    DeviceUse m_use;
    JobCluster m_cluster;
    ConversationService* m_conversations;
    LoadedModels* m_loaded;
    EngineClient* m_client;
    std::filesystem::path m_engine;
    QList<QWidget*> m_sections;
    JobOutline* m_outline = nullptr;
    QWidget* m_header = nullptr;
    CostStrip* m_strip = nullptr;
    SidePanel* m_side = nullptr;
    QWidget* m_sideRoom = nullptr;  ///< keeps the form beside the panel, where there is room
    DataSection* m_data = nullptr;
    Banner* m_banner;
    QScrollArea* m_scroll = nullptr;
    QLineEdit* m_name = nullptr;
    QComboBox* m_recipe = nullptr;
    QComboBox* m_model = nullptr;
    Label* m_modelFacts = nullptr;
    Label* m_numbers = nullptr;
    Label* m_draft = nullptr;
    Chip* m_changes = nullptr;
    QPushButton* m_verdict = nullptr;
    QPushButton* m_startButton = nullptr;
    QPushButton* m_queueButton = nullptr;
    QPushButton* m_exportButton = nullptr;
    QPushButton* m_submitButton = nullptr;
    QToolButton* m_undo = nullptr;
    QToolButton* m_redo = nullptr;
    int m_problem = -1;
    bool m_isSideWanted = true;     ///< beside the form
    bool m_isSideOverForm = false;  ///< where there is no room beside it
};

}  // namespace facet::ui
