#pragma once

#include <QFrame>
#include <QTimer>

#include <functional>

class QPushButton;

namespace facet::ui {

class Label;

/// A note at the bottom right of the window that goes away by itself. Never for errors that need an answer.
class Toast : public QFrame {
    Q_OBJECT

public:
    struct Note {
        QString icon;
        QString title;
        QString detail;
        QString actionText;  ///< "": no button
        std::function<void()> action;
    };

    /// Shows a note in the window of `anywhere`, in place of the one before.
    static void show(QWidget* anywhere, const Note& note);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    Toast(QWidget* window, const Note& note);
    void place();

    QString m_icon;
    Label* m_title;
    QTimer m_timer;
};

}  // namespace facet::ui
