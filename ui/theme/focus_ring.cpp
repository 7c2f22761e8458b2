#include "ui/theme/focus_ring.h"

#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QFocusEvent>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTextEdit>

namespace facet::ui {

namespace {

bool isField(const QWidget* widget)
{
    return qobject_cast<const QLineEdit*>(widget) || qobject_cast<const QAbstractSpinBox*>(widget) ||
           qobject_cast<const QPlainTextEdit*>(widget) || qobject_cast<const QTextEdit*>(widget);
}

bool isByKeyboard(Qt::FocusReason reason)
{
    return reason == Qt::TabFocusReason || reason == Qt::BacktabFocusReason ||
           reason == Qt::ShortcutFocusReason;
}

bool drawsItsOwn(const QWidget* widget)
{
    const QVariant wanted = widget->property("focusRing");
    return wanted.isValid() ? !wanted.toBool() : qobject_cast<const QAbstractItemView*>(widget) != nullptr;
}

}  // namespace

FocusRing::FocusRing(QObject* parent) : QObject(parent)
{
    qApp->installEventFilter(this);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) { follow(now); });
}

FocusRing::~FocusRing()
{
    delete m_frame;
}

bool FocusRing::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::FocusIn && object->isWidgetType())
        m_reason = static_cast<QFocusEvent*>(event)->reason();
    return QObject::eventFilter(object, event);
}

void FocusRing::follow(QWidget* widget)
{
    // QApplication says focusChanged before the widget gets its FocusIn, so the reason is known one turn
    // later.
    QMetaObject::invokeMethod(
        this,
        [this, target = QPointer<QWidget>(widget)] {
            if (target != QApplication::focusWidget())
                return;
            QWidget* shown = target;
            // An editor inside a spin box or a combo box wears the ring of the whole.
            if (shown && (qobject_cast<QAbstractSpinBox*>(shown->parentWidget()) ||
                          qobject_cast<QComboBox*>(shown->parentWidget())))
                shown = shown->parentWidget();
            if (shown && (drawsItsOwn(shown) || (!isField(shown) && !isByKeyboard(m_reason))))
                shown = nullptr;
            if (!shown) {
                if (m_frame)
                    m_frame->setWidget(nullptr);
                return;
            }
            if (!m_frame)
                m_frame = new QFocusFrame;
            m_frame->setWidget(shown);
        },
        Qt::QueuedConnection);
}

}  // namespace facet::ui
