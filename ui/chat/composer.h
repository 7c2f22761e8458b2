#pragma once

#include "core/conversations/conversation.h"

#include <QFrame>
#include <QImage>
#include <QPlainTextEdit>

class QPushButton;

namespace facet::ui {

class ChatViewModel;
class Label;

/// A text box that grows to eight lines; pictures that are pasted or dropped go to the draft.
class ComposerText final : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit ComposerText(QWidget* parent = nullptr);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

    void pastePlain();

Q_SIGNALS:
    void sendWanted();
    void imagePasted(const QImage& image);
    void filesDropped(const QStringList& paths);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    bool canInsertFromMimeData(const QMimeData* source) const override;
    void insertFromMimeData(const QMimeData* source) override;
};

/// Where a message is written: text, pictures, send and stop.
class Composer final : public QFrame {
    Q_OBJECT

public:
    explicit Composer(ChatViewModel& viewModel, QWidget* parent = nullptr);

    ComposerText& text() { return *m_text; }
    void choosePictures();

Q_SIGNALS:
    void pictureWanted(const facet::core::Picture& picture);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void showPictures();
    void showState();
    void send();

    ChatViewModel& m_viewModel;
    QWidget* m_pictures;
    ComposerText* m_text;
    QPushButton* m_send;
    QPushButton* m_stop;
    QWidget* m_addPicture;
    Label* m_hint;
    Label* m_waits;
    int m_perPicture = 0;      // tokens, as they are shown
    bool m_isDropped = false;  // something hovers over it
};

}  // namespace facet::ui
