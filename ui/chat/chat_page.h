#pragma once

// The Chat page. The frame puts it on its stack; object names are listed in ui/README.md.

#include <QWidget>

class QComboBox;
class QHBoxLayout;
class QPushButton;
class QToolButton;
class QStackedLayout;

namespace facet::ui {

class Banner;
class ChatViewModel;
class Chip;
class ComparisonView;
class Composer;
class ConversationPane;
class Inspector;
class Label;
class ThreadView;

class ChatPage final : public QWidget {
    Q_OBJECT

public:
    /// `viewModel` must outlive this. Its start() is left to the caller.
    explicit ChatPage(ChatViewModel& viewModel, QWidget* parent = nullptr);

    /// As small as the least window leaves it; the side panel closes before that.
    QSize minimumSizeHint() const override { return {720, 480}; }

Q_SIGNALS:
    /// The user wants another page: "models".
    void pageWanted(const QString& page);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeMiddle();
    void addActions();
    void showConversation();
    void showModels();
    void showAdapters();
    void showEmpty();
    void showProblem(const QString& sentence);
    void exportAs(bool isMarkdown);
    void setInspector(bool isShown);
    void placeInspector();
    bool isNarrow() const;
    void editLast();

    ChatViewModel& m_viewModel;
    ConversationPane* m_list;
    ThreadView* m_thread = nullptr;
    ComparisonView* m_comparison = nullptr;
    Composer* m_composer = nullptr;
    Inspector* m_inspector;
    Label* m_title = nullptr;
    QComboBox* m_model = nullptr;
    Chip* m_adapters = nullptr;
    QPushButton* m_compare = nullptr;
    QToolButton* m_panel = nullptr;
    Banner* m_banner = nullptr;
    Banner* m_baseNote = nullptr;
    QStackedLayout* m_stack = nullptr;
    QHBoxLayout* m_body = nullptr;
    bool m_wantsInspector = true;
};

}  // namespace facet::ui
