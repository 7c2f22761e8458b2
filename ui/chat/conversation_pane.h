#pragma once

#include <QWidget>

class QLineEdit;
class QListView;

namespace facet::ui {

class ChatViewModel;

/// The conversations: search, new, rename, delete.
class ConversationPane final : public QWidget {
    Q_OBJECT

public:
    /// `viewModel` must outlive this.
    explicit ConversationPane(ChatViewModel& viewModel, QWidget* parent = nullptr);

    void focusSearch();
    void renameCurrent();
    void removeCurrent();

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void showCurrent();
    qint64 currentId() const;
    void showMenu(const QPoint& at);

    ChatViewModel& m_viewModel;
    QLineEdit* m_search;
    QListView* m_list;
    QWidget* m_nothing;
};

}  // namespace facet::ui
