#pragma once

#include "ui/finetune/module_tree.h"
#include "ui/widgets/card.h"

#include <QTreeView>

class QCheckBox;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace facet::ui {

class Banner;
class JobForm;
class Label;

/// The tree's view: Space is the LoRA box of the row, Ctrl+Space the box for training it whole.
class ModuleTreeView final : public QTreeView {
    Q_OBJECT

public:
    using QTreeView::QTreeView;

protected:
    void keyPressEvent(QKeyEvent* event) override;
};

/// Section 3: what is trained.
class TargetsSection final : public Card {
    Q_OBJECT

public:
    /// `form` must outlive this object.
    explicit TargetsSection(JobForm& form, QWidget* parent = nullptr);

    ModuleTree& tree() { return m_tree; }

private:
    QWidget* makeFreezeRow();
    QWidget* makeTargetRow();
    void makeTree();
    void expand();
    void refresh();
    void showMatches();

    JobForm& m_form;
    ModuleTree m_tree;
    ModuleTreeView* m_view;
    Label* m_summary;
    Label* m_problem;
    Label* m_matches;
    QCheckBox* m_freezeVision;
    QCheckBox* m_freezeProjector;
    QCheckBox* m_freezeLanguage;
    Banner* m_note;
    QLineEdit* m_pattern;
    QPushButton* m_select;
    QPushButton* m_add;
    QSpinBox* m_lastLayers;
    bool m_isExpanded = false;
};

}  // namespace facet::ui
