#pragma once

#include "ui/chat/thread_model.h"

#include <QScrollArea>
#include <QTimer>

#include <vector>

namespace facet::ui {

class ChatViewModel;
class TurnView;

/// The turns below each other, at most 720 wide. Stays at the end while the user is there; makes few turns in
/// one go, the last ones first.
class ThreadView final : public QScrollArea {
    Q_OBJECT

public:
    /// `viewModel` must outlive this.
    explicit ThreadView(ChatViewModel& viewModel, QWidget* parent = nullptr);

    const std::vector<TurnView*>& turns() const { return m_turns; }
    TurnView* lastTurn(bool isUser) const;

    /// Whether all turns are made and laid out.
    bool isSettled() const;

    void scrollToEnd();

Q_SIGNALS:
    void pictureWanted(const facet::core::Picture& picture);
    void linkActivated(const QString& address);
    void copied();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void insertRows(int first, int last);
    void removeRows(int first, int last);
    void makeMore();
    TurnView* make(int row);
    void place();
    void placeSoon();
    void showActivity();
    void showLast();

    ChatViewModel& m_viewModel;
    QWidget* m_content;
    std::vector<TurnView*> m_turns;  // by row; nullptr: not made yet
    QTimer m_more;
    QTimer m_place;
    bool m_follows = true;
    bool m_isPlacing = false;
};

}  // namespace facet::ui
