#pragma once

#include "ui/chat/thread_model.h"

#include <QWidget>

class QHBoxLayout;
class QToolButton;
class QPlainTextEdit;

namespace facet::ui {

class Label;
class MarkdownView;
class PictureCache;

/// One turn: who it is, the text, pictures, and a row of actions that shows while one points at it, has the
/// keyboard in it, or it is the last one.
class TurnView final : public QWidget {
    Q_OBJECT

public:
    TurnView(const Turn& turn, bool isPlain, PictureCache& cache, QWidget* parent);

    qint64 id() const { return m_turn.id; }
    const Turn& turn() const { return m_turn; }
    MarkdownView& text() { return *m_text; }

    void setTurn(const Turn& turn);
    void append(const QString& text);

    /// What the engine does for it, and the figures so far; "" when it is over.
    void setActivity(const QString& activity, const QString& figures);

    /// How many tokens a picture takes; 0 while that is not known.
    void setPictureTokens(int tokens);

    /// While an answer is written nothing can be asked again.
    void setBusy(bool isBusy);
    void setLast(bool isLast);

    /// Opens the editor in place of the text.
    void startEdit();

    /// Lays itself out for a width; gives the height.
    int layOut(int width);

Q_SIGNALS:
    void heightChanged();
    void regenerate(qint64 message);
    void edited(qint64 message, const QString& text);
    void versionWanted(qint64 message, int step);
    void branchWanted(qint64 message);
    void pictureWanted(const facet::core::Picture& picture);
    void linkActivated(const QString& address);
    void copied();

protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void makeActions();
    void makePictures(PictureCache& cache);
    void showActions();
    void showState();
    void endEdit();

    Turn m_turn;
    const bool m_isPlain;
    MarkdownView* m_text;
    QList<QWidget*> m_pictures;
    Label* m_captions = nullptr;
    QWidget* m_actions = nullptr;
    QToolButton* m_earlier = nullptr;
    QToolButton* m_later = nullptr;
    QToolButton* m_again = nullptr;
    QToolButton* m_edit = nullptr;
    Label* m_versions = nullptr;
    Label* m_figures = nullptr;
    Label* m_activity;
    Label* m_activityFigures;
    Label* m_problem;
    QWidget* m_editor = nullptr;
    QPlainTextEdit* m_editText = nullptr;
    QRect m_box;  // around the user's words
    bool m_isBusy = false;
    bool m_isLast = false;
    bool m_isPointedAt = false;
};

}  // namespace facet::ui
