#pragma once

#include "ui/models/library_list.h"
#include "ui/models/loaded_models.h"
#include "ui/models/memory_plan.h"

#include <QHash>
#include <QWidget>

class QAction;
class QComboBox;
class QGridLayout;
class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QToolButton;
class QVBoxLayout;

namespace facet::ui {

class Banner;
class Label;
class Segments;
class StackBar;

/// All about one model of the library: what it is, what it would take, and what can be done with it.
class ModelDetail final : public QWidget {
    Q_OBJECT

public:
    /// All must outlive this widget. `device` is what is chosen at first.
    ModelDetail(EngineClient& client, LoadedModels& loaded, QWidget* parent = nullptr);

    /// Shows a row; the pointer is not kept.
    void show(const LibraryList::Row* row);

    QString model() const { return m_name; }

    /// What "Load" would ask for.
    LoadRequest request() const;

Q_SIGNALS:
    void chatWanted(const QString& model);
    void removeWanted(const QString& model);
    void textOnlyWanted(const QString& folder);
    void checkWanted();

private:
    QWidget* makeHead();
    QWidget* makeLoadForm();
    QWidget* makeParameters();
    QWidget* makeShape();
    void showChips(const LibraryList::Row& row);
    void showParameters(const ModelFacts& facts);
    void showShape(const LibraryList::Row& row);
    void showContexts(int most, bool isOther);
    void showLoaded();
    void showMemory();
    void askMemory();
    void askDevices();

    EngineClient& m_client;
    LoadedModels& m_loaded;
    MemoryPlan m_plan;
    QString m_name;
    QString m_path;
    bool m_isUsable = false;
    std::optional<ModelFacts> m_facts;  // those that are shown

    QWidget* m_content;
    Label* m_title;
    QHBoxLayout* m_chips;
    QPushButton* m_chat;
    QPushButton* m_load;
    QPushButton* m_unload;
    QToolButton* m_more;
    QAction* m_textOnly;
    QAction* m_remove;
    Banner* m_problem;
    Label* m_progressLine;
    QProgressBar* m_progress;
    QWidget* m_form;
    QComboBox* m_deviceBox;
    Segments* m_weights;
    QComboBox* m_context;
    Label* m_memoryTitle;
    struct MemoryRow {
        Label* name;
        StackBar* bar;
        Label* amount;
        QLabel* mark;
    };
    std::array<MemoryRow, MemoryPlan::kWeights.size()> m_memory;
    Label* m_advice;
    QWidget* m_parameters;
    Label* m_total;
    StackBar* m_parts;
    QGridLayout* m_legend;
    QWidget* m_shape;
    QGridLayout* m_rows;
};

}  // namespace facet::ui
