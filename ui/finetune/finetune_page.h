#pragma once

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
class ConversationService;
class DataSection;
class JobOutline;
class Label;
class LoadedModels;
class SidePanel;

/// The Fine-tune page: one job in a form that reads from top to bottom.
class FinetunePage final : public QWidget {
    Q_OBJECT

public:
    struct Parts {
        JobForm::Parts form;
        std::filesystem::path engine;                  ///< the program facet-engine
        ConversationService* conversations = nullptr;  ///< outlives this; null: no chats as data
        LoadedModels* loaded = nullptr;  ///< what Chat has loaded, to be asked about; must outlive the page
    };

    explicit FinetunePage(Parts parts, QWidget* parent = nullptr);

    JobForm& form() { return m_form; }

    /// GPUs of this machine, as they become known; the CPU is always among what can be chosen.
    void setGpus(const std::vector<TrainDevice>& gpus);

    /// A job file, a run's folder, whose job it takes, or data.
    void openPath(const QString& path);

Q_SIGNALS:
    /// A run of this page has begun.
    void runStarted(const QString& name, const QString& folder);

    /// The user wants to see the queue.
    void queueWanted();

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeForm();
    QWidget* makeModel();
    QWidget* makeSchedule();
    QWidget* makeWhere();
    void addActions();
    void chooseFile(bool saves);
    void start();
    void enqueue();
    void showQueued(const QStringList& names, const QString& nextName);

    /// Calls `go` once Chat's models are off the chosen GPU, or at once where there are none; asks before.
    void whenThereIsRoom(const QString& verb, std::function<void()> go);
    void unloadAndThen(const QStringList& models, std::function<void()> go);
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
    ConversationService* m_conversations;
    LoadedModels* m_loaded;
    std::vector<TrainDevice> m_devices;
    QList<QWidget*> m_sections;
    JobOutline* m_outline = nullptr;
    SidePanel* m_side = nullptr;
    DataSection* m_data = nullptr;
    Banner* m_banner;
    QScrollArea* m_scroll = nullptr;
    QLineEdit* m_name = nullptr;
    QComboBox* m_recipe = nullptr;
    QComboBox* m_model = nullptr;
    QComboBox* m_device = nullptr;
    Label* m_modelFacts = nullptr;
    Label* m_numbers = nullptr;
    Label* m_draft = nullptr;
    Chip* m_changes = nullptr;
    QPushButton* m_verdict = nullptr;
    QPushButton* m_startButton = nullptr;
    QPushButton* m_queueButton = nullptr;
    QToolButton* m_undo = nullptr;
    QToolButton* m_redo = nullptr;
    int m_problem = -1;
    bool m_isSideWanted = true;
};

}  // namespace facet::ui
