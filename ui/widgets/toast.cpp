#include "ui/widgets/toast.h"

#include "ui/theme/style_shapes.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>

namespace facet::ui {

using namespace shapes;

void Toast::show(QWidget* anywhere, const Note& note)
{
    QWidget* window = anywhere->window();
    for (Toast* old : window->findChildren<Toast*>(QString(), Qt::FindDirectChildrenOnly))
        old->deleteLater();
    auto* toast = new Toast(window, note);
    toast->place();
    toast->QWidget::show();
    toast->raise();
    QAccessibleEvent alert(toast, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

Toast::Toast(QWidget* window, const Note& note)
    : QFrame(window), m_icon(note.icon), m_title(new Label(note.title, TextStyle::BodyStrong))
{
    setObjectName(QStringLiteral("toast"));
    setAccessibleName(note.title);
    setAccessibleDescription(note.detail);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::kM + 20 + space::kM, space::kS + 2, space::kM, space::kS + 2);
    row->setSpacing(space::kM);
    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(m_title);
    if (!note.detail.isEmpty()) {
        auto* detail = new Label(note.detail, TextStyle::Small, Role::Text2);
        detail->setWordWrap(true);
        column->addWidget(detail);
    }
    row->addLayout(column, 1);
    if (!note.actionText.isEmpty()) {
        QPushButton* button = makeButton(QStringLiteral("toastAction"), note.actionText, ButtonKind::Link);
        connect(button, &QPushButton::clicked, this, [this, action = note.action] {
            deleteLater();
            action();
        });
        row->addWidget(button);
    }
    m_timer.setSingleShot(true);
    m_timer.setInterval(6000);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (focusWidget() && focusWidget()->hasFocus())
            m_timer.start();
        else
            deleteLater();
    });
    m_timer.start();
    window->installEventFilter(this);
}

void Toast::place()
{
    const int wide = qMin(420, parentWidget()->width() - 2 * space::kL);
    resize(wide, qMax(heightForWidth(wide), sizeHint().height()));
    move(parentWidget()->width() - width() - space::kL,
         parentWidget()->height() - height() - height::kStatusBar - space::kM);
}

bool Toast::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::Resize)
        place();
    return QFrame::eventFilter(object, event);
}

void Toast::enterEvent(QEnterEvent*)
{
    m_timer.stop();
}

void Toast::leaveEvent(QEvent*)
{
    m_timer.start();
}

void Toast::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    drawPanel(&painter, rect(), color(Role::Raised), color(Role::BorderStrong), radius::kCard);
    if (!m_icon.isEmpty())
        drawIcon(&painter, m_icon, m_icon == "done" ? Role::Success : Role::Text2,
                 QPointF(space::kM + 10, m_title->geometry().center().y() + 1), 20);
}

}  // namespace facet::ui
