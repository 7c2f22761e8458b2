#pragma once

#include "core/conversations/conversation.h"

#include <QDoubleSpinBox>
#include <QWidget>

#include <vector>

class QToolButton;
class QVBoxLayout;

namespace facet::ui {

class ChatViewModel;
class Label;

/// The picked adapters of the open conversation, each with its scale, and a way to pick more.
class AdapterSection final : public QWidget {
    Q_OBJECT

public:
    /// `viewModel` must outlive this.
    explicit AdapterSection(ChatViewModel& viewModel, QWidget* parent = nullptr);

    /// Opens the picker.
    void choose();

private:
    struct Row {
        QWidget* widget;
        Label* name;
        QDoubleSpinBox* scale;
        Label* problem;
    };

    void showAdapters();
    Row makeRow(size_t index);

    ChatViewModel& m_viewModel;
    QVBoxLayout* m_rowsColumn;
    std::vector<Row> m_rows;
    Label* m_none;
};

}  // namespace facet::ui
