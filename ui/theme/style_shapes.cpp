#include "ui/theme/style_shapes.h"

#include <QPainterPath>
#include <QPushButton>

namespace facet::ui::shapes {

void drawPanel(QPainter* painter, const QRectF& rect, const QColor& ground, const QColor& outline,
               qreal cornerRadius, qreal lineWidth)
{
    const qreal half = lineWidth / 2;
    painter->setPen(outline.alpha() == 0 ? QPen(Qt::NoPen) : QPen(outline, lineWidth));
    painter->setBrush(ground.alpha() == 0 ? QBrush(Qt::NoBrush) : QBrush(ground));
    painter->drawRoundedRect(rect.adjusted(half, half, -half, -half), cornerRadius, cornerRadius);
}

void drawField(const QStyleOption* option, QPainter* painter, bool isInvalid)
{
    const bool isEnabled = option->state & QStyle::State_Enabled;
    const bool isReadOnly = option->state & QStyle::State_ReadOnly;
    const Role outline = isInvalid                  ? Role::Danger
                         : isEnabled && !isReadOnly ? Role::BorderStrong
                                                    : Role::Border;
    drawPanel(painter, option->rect, color(isEnabled ? Role::Surface : Role::Sunken), color(outline),
              radius::kControl, isInvalid ? 2 : 1);
}

Role buttonTextRole(const QStyleOption* option, const QWidget* widget)
{
    const QByteArray buttonKind = kind(widget);
    if (!(option->state & QStyle::State_Enabled))
        return buttonKind == "primary" ? Role::Text3 : Role::TextOff;
    if (buttonKind == "primary")
        return Role::OnAccent;
    if (buttonKind == "dangerFilled")
        return Role::OnDanger;
    if (buttonKind == "danger")
        return Role::Danger;
    if (buttonKind == "link" || option->state & QStyle::State_On)
        return Role::AccentText;
    if (buttonKind == "flat" && !(option->state & (QStyle::State_MouseOver | QStyle::State_Sunken)))
        return Role::Text2;
    return Role::Text;
}

void drawButtonGround(const QStyleOption* option, QPainter* painter, const QWidget* widget)
{
    const QByteArray buttonKind = kind(widget);
    const bool isEnabled = option->state & QStyle::State_Enabled;
    const bool isDown = isEnabled && option->state & QStyle::State_Sunken;
    const bool isHovered = isEnabled && option->state & QStyle::State_MouseOver;
    const bool isOn = option->state & QStyle::State_On;
    const auto panel = [&](Role ground, Role outline) {
        drawPanel(painter, option->rect, color(ground), color(outline), radius::kControl);
    };
    if (buttonKind == "primary") {
        const Role ground = !isEnabled  ? Role::Pressed
                            : isDown    ? Role::AccentPressed
                            : isHovered ? Role::AccentHover
                                        : Role::Accent;
        panel(ground, ground);
    } else if (buttonKind == "dangerFilled") {
        const Role ground = isEnabled ? Role::DangerFill : Role::Pressed;
        panel(ground, ground);
    } else if (buttonKind == "flat" || buttonKind == "link") {
        if (isDown || isHovered || isOn) {
            const Role ground = isDown ? Role::Pressed : isOn ? Role::Selected : Role::Hover;
            panel(ground, ground);
        }
    } else {
        const Role ground = isDown      ? Role::Pressed
                            : isOn      ? Role::Selected
                            : isHovered ? Role::Hover
                                        : Role::Surface;
        const Role outline = !isEnabled               ? Role::Border
                             : buttonKind == "danger" ? Role::Danger
                                                      : Role::BorderStrong;
        panel(ground, outline);
    }
}

void drawIcon(QPainter* painter, const QString& name, Role role, const QPointF& centre, int size)
{
    const QPixmap pixmap = Icons::pixmap(name, role, size, painter->device()->devicePixelRatioF());
    painter->drawPixmap(QPointF(qRound(centre.x() - size / 2.0), qRound(centre.y() - size / 2.0)), pixmap);
}

void drawBar(QPainter* painter, const QRectF& rect, qreal from, qreal to, const QColor& fill)
{
    const qreal corner = rect.height() / 2;
    painter->setPen(Qt::NoPen);
    painter->setBrush(color(Role::Pressed));
    painter->drawRoundedRect(rect, corner, corner);
    if (to <= from)
        return;
    // The fill has straight ends inside the track's round ones.
    QPainterPath track;
    track.addRoundedRect(rect, corner, corner);
    QPainterPath filled;
    filled.addRect(rect.left() + from * rect.width(), rect.top(), (to - from) * rect.width(), rect.height());
    painter->setBrush(fill);
    painter->drawPath(track.intersected(filled));
}

}  // namespace facet::ui::shapes
