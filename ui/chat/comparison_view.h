#pragma once

// A/B: one question, two answers beside each other, or below each other where there is no room.

#include "ui/chat/chat_view_model.h"

#include <QBoxLayout>
#include <QPushButton>
#include <QScrollArea>

#include <array>

class QCheckBox;
class QToolButton;

namespace facet::ui {

class Chip;
class Label;
class MarkdownView;

/// One answer with who gives it above, and its figures and "Keep" below.
class AnswerColumn final : public QWidget {
    Q_OBJECT

public:
    AnswerColumn(ChatViewModel& viewModel, int side, QWidget* parent = nullptr);

    /// The answer that is shown; 0 for none.
    void setAnswer(qint64 message);
    MarkdownView& text() { return *m_text; }

    /// What the engine does, and the figures.
    void showState();
    void showSide();

Q_SIGNALS:
    void linkActivated(const QString& address);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void fillMenu();
    void chooseOther();
    void placeText();

    ChatViewModel& m_viewModel;
    const int m_side;
    qint64 m_answer = 0;
    Label* m_model;
    Chip* m_adapters;
    QToolButton* m_choose;
    QScrollArea* m_scroll;
    MarkdownView* m_text;
    Label* m_figures;
    Label* m_problem;
    QPushButton* m_keep;
};

class ComparisonView final : public QWidget {
    Q_OBJECT

public:
    /// `viewModel` must outlive this.
    explicit ComparisonView(ChatViewModel& viewModel, QWidget* parent = nullptr);

    AnswerColumn& column(int side) { return *m_columns[static_cast<size_t>(side)]; }

Q_SIGNALS:
    void linkActivated(const QString& address);
    void pictureWanted(const facet::core::Picture& picture);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void showPair();
    void showPictures(const QList<core::Picture>& pictures);
    void showStates();
    void compareWords();

    ChatViewModel& m_viewModel;
    Label* m_question;
    Label* m_settings;
    QCheckBox* m_mark;
    Label* m_difference;  // in numbers
    QBoxLayout* m_pictures;
    QList<core::Picture> m_shownPictures;
    QBoxLayout* m_both;
    std::array<AnswerColumn*, 2> m_columns;
    AnswerPair m_pair;
};

}  // namespace facet::ui
