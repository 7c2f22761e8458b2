#pragma once

#include <QFocusFrame>
#include <QObject>
#include <QPointer>

namespace facet::ui {

/// Keeps one ring around what has the keyboard: around fields always, around everything else only when the
/// focus came by keyboard. A widget with the property "focusRing" false draws its own.
class FocusRing : public QObject {
    Q_OBJECT

public:
    explicit FocusRing(QObject* parent);
    ~FocusRing() override;

protected:
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void follow(QWidget* widget);

    QPointer<QFocusFrame> m_frame;
    Qt::FocusReason m_reason = Qt::OtherFocusReason;
};

}  // namespace facet::ui
