// Buttons' labels, bars, combo boxes, sliders and scroll bars.

#include "ui/theme/style.h"

#include "ui/theme/style_shapes.h"

#include <QAbstractSpinBox>
#include <QComboBox>
#include <QDateTime>
#include <QPainter>
#include <QProgressBar>
#include <QScrollBar>
#include <QStyleOption>
#include <QToolButton>

namespace facet::ui {

using namespace shapes;

namespace {

/// Icon and text side by side, centred together or from the left.
void drawLabel(QPainter* painter, const QRect& rect, const QIcon& icon, const QSize& iconSize,
               bool hasOwnColor, const QString& text, Role role, bool isEnabled, bool isOn,
               Qt::Alignment alignment, int gap)
{
    const QFontMetrics metrics = painter->fontMetrics();
    const int iconWidth = icon.isNull() ? 0 : iconSize.width();
    const int textWidth = text.isEmpty() ? 0 : metrics.size(Qt::TextShowMnemonic, text).width();
    const int between = iconWidth && textWidth ? gap : 0;
    const int total = qMin(rect.width(), iconWidth + between + textWidth);
    int x = alignment & Qt::AlignLeft ? rect.left() : rect.left() + (rect.width() - total) / 2;
    if (iconWidth) {
        const QRect place(x, rect.center().y() - iconSize.height() / 2 + 1, iconWidth, iconSize.height());
        const QString name = icon.name();
        if (!hasOwnColor && Icons::exists(name))
            drawIcon(painter, name, role, QRectF(place).center(), iconWidth);
        else
            icon.paint(painter, place, Qt::AlignCenter, isEnabled ? QIcon::Normal : QIcon::Disabled,
                       isOn ? QIcon::On : QIcon::Off);
        x += iconWidth + between;
    }
    if (textWidth) {
        painter->setPen(color(role));
        const int room = rect.right() + 1 - x;
        const QString shown = textWidth > room ? metrics.elidedText(text, Qt::ElideRight, room) : text;
        painter->drawText(QRect(x, rect.top(), room, rect.height()),
                          Qt::AlignLeft | Qt::AlignVCenter | Qt::TextShowMnemonic | Qt::TextSingleLine,
                          shown);
    }
}

void drawRailItem(const QStyleOptionToolButton* button, QPainter* painter, const QWidget* widget)
{
    const bool isOn = button->state & QStyle::State_On;
    const bool isHovered = button->state & QStyle::State_MouseOver;
    if (isOn || isHovered)
        drawPanel(painter, button->rect, color(isOn ? Role::Selected : Role::Hover), Qt::transparent,
                  radius::kCard, 0);
    const Role role = isOn ? Role::AccentText : isHovered ? Role::Text : Role::Text2;
    const QRect rect = button->rect;
    drawIcon(painter, button->icon.name(), role, QPointF(rect.center().x() + 0.5, rect.top() + 17), 20);
    QFont font = Theme::font(isOn ? TextStyle::CaptionStrong : TextStyle::Caption);
    if (isOn)
        font.setWeight(QFont::DemiBold);
    painter->setFont(font);
    painter->setPen(color(role));
    painter->drawText(rect.adjusted(0, 30, 0, -4), Qt::AlignCenter, button->text);

    const int badge = widget ? widget->property("badge").toInt() : 0;
    if (badge > 0) {
        QFont small = Theme::font(TextStyle::CaptionStrong);
        small.setPixelSize(10);
        painter->setFont(small);
        const QString text = badge > 99 ? QStringLiteral("99+") : QString::number(badge);
        const qreal width = qMax(16.0, painter->fontMetrics().horizontalAdvance(text) + 8.0);
        const QRectF disc(rect.right() - 10 - width + 1, rect.top() + 4, width, 16);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(Role::Accent));
        painter->drawRoundedRect(disc, 8, 8);
        painter->setPen(color(Role::OnAccent));
        painter->drawText(disc, Qt::AlignCenter, text);
    }
}

void drawToolButton(const QStyleOptionToolButton* button, QPainter* painter, const QWidget* widget)
{
    if (has(widget, "rail")) {
        drawRailItem(button, painter, widget);
        return;
    }
    const bool isEnabled = button->state & QStyle::State_Enabled;
    const bool isOn = button->state & QStyle::State_On;
    const bool isHovered = isEnabled && button->state & QStyle::State_MouseOver;
    const bool isDown = isEnabled && button->state & QStyle::State_Sunken;
    const bool isSegment = has(widget, "segment");
    const bool isStatus = has(widget, "status");
    const QByteArray buttonKind = kind(widget);
    Role text = !isEnabled ? Role::TextOff : isHovered || isDown ? Role::Text : Role::Text2;
    if (isSegment) {
        if (isOn)
            drawPanel(painter, button->rect, color(Theme::isDark() ? Role::Raised : Role::Surface),
                      color(Role::BorderStrong), radius::kChip);
        if (isOn && isEnabled)
            text = Role::Text;
    } else if (isStatus) {
        if (isHovered || isDown)
            painter->fillRect(button->rect, color(isDown ? Role::Pressed : Role::Hover));
    } else if (buttonKind == "outlined" || buttonKind == "primary") {
        QStyleOption ground(*button);
        if (buttonKind == "outlined")
            drawPanel(painter, button->rect,
                      color(isDown      ? Role::Pressed
                            : isOn      ? Role::Selected
                            : isHovered ? Role::Hover
                                        : Role::Surface),
                      color(isEnabled ? Role::BorderStrong : Role::Border), radius::kControl);
        else
            drawButtonGround(&ground, painter, widget);
        text = buttonKind == "primary" ? buttonTextRole(&ground, widget)
               : isEnabled             ? Role::Text
                                       : Role::TextOff;
    } else if (isOn || isHovered || isDown) {
        const Role ground = isDown ? Role::Pressed : isOn ? Role::Selected : Role::Hover;
        drawPanel(painter, button->rect, color(ground), Qt::transparent, radius::kControl, 0);
        if (isOn)
            text = Role::AccentText;
    }
    if (buttonKind == "link" && isEnabled)
        text = Role::AccentText;

    const bool showsIcon = button->toolButtonStyle != Qt::ToolButtonTextOnly;
    const bool showsText = button->toolButtonStyle != Qt::ToolButtonIconOnly;
    const bool hasMenu = button->features & QStyleOptionToolButton::MenuButtonPopup;
    QFont font = button->font;
    if (isSegment && isOn)
        font.setWeight(QFont::DemiBold);
    painter->setFont(font);
    QRect rect = button->rect;
    if (hasMenu)
        rect.setRight(rect.right() - 20);
    if (isStatus)
        rect.adjust(space::kM, 0, -space::kM, 0);
    if (const int dot = widget ? widget->property("dot").toInt() : 0) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(static_cast<Role>(dot - 1)));
        painter->drawEllipse(QPointF(rect.left() + 4, rect.center().y() + 1), 4, 4);
        rect.setLeft(rect.left() + 14);
    }
    drawLabel(painter, rect, showsIcon ? button->icon : QIcon(), button->iconSize,
              has(widget, "ownIconColor"), showsText ? button->text : QString(), text, isEnabled, isOn,
              isStatus ? Qt::AlignLeft : Qt::AlignHCenter, isStatus ? 6 : space::kS);
    if (hasMenu)
        drawIcon(painter, "down", text, QPointF(button->rect.right() - 10, button->rect.center().y() + 1),
                 16);
}

void drawScrollBar(const QStyleOptionSlider* slider, QPainter* painter, const QRect& thumb)
{
    if (slider->minimum >= slider->maximum)
        return;
    const bool isHovered = slider->state & QStyle::State_MouseOver;
    QColor ground = color(Role::BorderStrong);
    ground.setAlphaF(slider->state & QStyle::State_Sunken ? 1.0F : isHovered ? 0.8F : 0.55F);
    painter->setPen(Qt::NoPen);
    painter->setBrush(ground);
    const bool isUpright = slider->orientation == Qt::Vertical;
    const QRectF shape = isUpright ? QRectF(thumb.center().x() - 2, thumb.top() + 2, 6, thumb.height() - 4)
                                   : QRectF(thumb.left() + 2, thumb.center().y() - 2, thumb.width() - 4, 6);
    painter->drawRoundedRect(shape, 3, 3);
}

void drawSlider(const QStyleOptionSlider* slider, QPainter* painter, const QRect& handle)
{
    const bool isEnabled = slider->state & QStyle::State_Enabled;
    const QColor accent = color(isEnabled ? Role::Accent : Role::TextOff);
    const QPointF centre = QRectF(handle).center();
    const QRectF rect = slider->rect;
    if (slider->orientation == Qt::Horizontal) {
        const QRectF track(rect.left(), rect.center().y() - 2, rect.width(), 4);
        drawBar(painter, track, 0, (centre.x() - rect.left()) / qMax(1.0, rect.width()), accent);
    } else {
        drawBar(painter, QRectF(rect.center().x() - 2, rect.top(), 4, rect.height()), 0, 0, accent);
    }
    painter->setPen(QPen(accent, 2));
    painter->setBrush(color(Role::Surface));
    painter->drawEllipse(centre, 6, 6);
}

void drawProgress(const QStyleOptionProgressBar* bar, QPainter* painter, const QWidget* widget)
{
    const QByteArray state = widget ? widget->property("state").toByteArray() : QByteArray();
    const Role role = state == "idle"      ? Role::Text3
                      : state == "stalled" ? Role::Warning
                      : state == "failed"  ? Role::Danger
                      : state == "done"    ? Role::Success
                                           : Role::Accent;
    const qreal thick = qMin<qreal>(6, bar->rect.height());
    const QRectF track(bar->rect.left(), QRectF(bar->rect).center().y() - thick / 2, bar->rect.width(),
                       thick);
    if (bar->minimum == 0 && bar->maximum == 0) {
        // Busy: a part that wanders. The widget that wants it calls update() ten times a second.
        const qreal at = static_cast<qreal>(QDateTime::currentMSecsSinceEpoch() % 2000) / 2000;
        const qreal from = qMax(0.0, 1.3 * at - 0.3);
        drawBar(painter, track, from, qMin(1.0, 1.3 * at), color(role));
        return;
    }
    const qreal range = qMax(1, bar->maximum - bar->minimum);
    drawBar(painter, track, 0, qBound(0.0, (bar->progress - bar->minimum) / range, 1.0), color(role));
}

/// Tabs are words, of which the chosen one has a line below.
void drawTab(const QStyleOptionTab* tab, QPainter* painter)
{
    const bool isChosen = tab->state & QStyle::State_Selected;
    const bool isHovered = tab->state & QStyle::State_MouseOver;
    const bool isEnabled = tab->state & QStyle::State_Enabled;
    QFont words = painter->font();
    words.setWeight(isChosen ? QFont::DemiBold : QFont::Normal);
    painter->setFont(words);
    const Role role = !isEnabled  ? Role::TextOff
                      : isChosen  ? Role::AccentText
                      : isHovered ? Role::Text
                                  : Role::Text2;
    drawLabel(painter, tab->rect, tab->icon, tab->iconSize, false, tab->text, role, isEnabled, isChosen,
              Qt::AlignHCenter, space::kS);
    if (isChosen)
        painter->fillRect(
            QRect(tab->rect.left() + space::kS, tab->rect.bottom() - 1, tab->rect.width() - 2 * space::kS, 2),
            color(Role::Accent));
}

}  // namespace

void Style::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                        const QWidget* widget) const
{
    const Painted painted(painter);
    switch (element) {
        case CE_FocusFrame:
            painter->setPen(QPen(color(Role::Focus), 2));
            painter->setBrush(Qt::NoBrush);
            painter->drawRoundedRect(QRectF(option->rect).adjusted(1, 1, -1, -1), radius::kControl + 2,
                                     radius::kControl + 2);
            return;
        case CE_PushButtonBevel:
            drawButtonGround(option, painter, widget);
            return;
        case CE_PushButtonLabel:
            if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option)) {
                QFont font = painter->font();
                font.setWeight(kind(widget) == "primary" ? QFont::DemiBold : QFont::Medium);
                painter->setFont(font);
                drawLabel(painter, option->rect, button->icon, button->iconSize, has(widget, "ownIconColor"),
                          button->text, buttonTextRole(option, widget), option->state & State_Enabled,
                          option->state & State_On, Qt::AlignHCenter, space::kS);
            }
            return;
        case CE_ProgressBarGroove:
        case CE_ProgressBarLabel:
            return;
        case CE_ProgressBarContents:
            if (const auto* bar = qstyleoption_cast<const QStyleOptionProgressBar*>(option))
                drawProgress(bar, painter, widget);
            return;
        case CE_ComboBoxLabel:
            if (const auto* box = qstyleoption_cast<const QStyleOptionComboBox*>(option)) {
                const QRect rect = option->rect.adjusted(space::kS, 0, -28, 0);
                const bool isEnabled = option->state & State_Enabled;
                if (!box->editable)
                    drawLabel(painter, rect, box->currentIcon, box->iconSize, true, box->currentText,
                              isEnabled ? Role::Text : Role::TextOff, isEnabled, false, Qt::AlignLeft,
                              space::kS);
            }
            return;
        case CE_TabBarTabShape:
            return;
        case CE_TabBarTabLabel:
            if (const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option))
                drawTab(tab, painter);
            return;
        case CE_Splitter:
            painter->fillRect(option->rect, color(Role::Border));
            return;
        default:
            break;
    }
    painter->restore();
    QProxyStyle::drawControl(element, option, painter, widget);
    painter->save();
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                               const QWidget* widget) const
{
    const Painted painted(painter);
    switch (control) {
        case CC_ToolButton:
            if (const auto* button = qstyleoption_cast<const QStyleOptionToolButton*>(option))
                drawToolButton(button, painter, widget);
            return;
        case CC_ComboBox: {
            drawField(option, painter, has(widget, "invalid"));
            const Role role = option->state & State_Enabled ? Role::Text2 : Role::TextOff;
            drawIcon(painter, "updown", role,
                     QPointF(option->rect.right() - 14, option->rect.center().y() + 1), 16);
            return;
        }
        case CC_SpinBox: {
            drawField(option, painter, has(widget, "invalid"));
            const auto* box = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
            if (box && box->buttonSymbols != QAbstractSpinBox::NoButtons)
                drawIcon(painter, "updown", option->state & State_Enabled ? Role::Text2 : Role::TextOff,
                         QPointF(option->rect.right() - 12, option->rect.center().y() + 1), 16);
            return;
        }
        case CC_ScrollBar:
            if (const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option))
                drawScrollBar(slider, painter, subControlRect(control, option, SC_ScrollBarSlider, widget));
            return;
        case CC_Slider:
            if (const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option))
                drawSlider(slider, painter, subControlRect(control, option, SC_SliderHandle, widget));
            return;
        default:
            break;
    }
    painter->restore();
    QProxyStyle::drawComplexControl(control, option, painter, widget);
    painter->save();
}

QRect Style::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                            const QWidget* widget) const
{
    const QRect rect = option->rect;
    if (control == CC_ScrollBar) {
        const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
        const bool isUpright = bar && bar->orientation == Qt::Vertical;
        if (part == SC_ScrollBarAddLine || part == SC_ScrollBarSubLine)
            return {};  // no arrows
        if (bar && part == SC_ScrollBarGroove)
            return rect;
        if (bar &&
            (part == SC_ScrollBarSlider || part == SC_ScrollBarAddPage || part == SC_ScrollBarSubPage)) {
            const int length = isUpright ? rect.height() : rect.width();
            const int range = bar->maximum - bar->minimum;
            const qint64 whole = static_cast<qint64>(range) + bar->pageStep;
            int thumb =
                whole > 0 ? static_cast<int>(static_cast<qint64>(bar->pageStep) * length / whole) : length;
            thumb = qBound(qMin(32, length), thumb, length);
            const int start = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition,
                                                      length - thumb, bar->upsideDown);
            const int from = part == SC_ScrollBarSlider    ? start
                             : part == SC_ScrollBarSubPage ? 0
                                                           : start + thumb;
            const int size = part == SC_ScrollBarSlider    ? thumb
                             : part == SC_ScrollBarSubPage ? start
                                                           : length - start - thumb;
            return isUpright ? QRect(0, from, rect.width(), size) : QRect(from, 0, size, rect.height());
        }
    }
    if (control == CC_ComboBox && part == SC_ComboBoxEditField)
        return rect.adjusted(space::kS, 1, -28, -1);
    if (control == CC_SpinBox) {
        const auto* box = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
        const int buttons = box && box->buttonSymbols != QAbstractSpinBox::NoButtons ? 22 : 0;
        switch (part) {
            case SC_SpinBoxEditField:
                return rect.adjusted(1, 1, -1 - buttons, -1);
            case SC_SpinBoxUp:
                return buttons ? QRect(rect.right() - buttons, 1, buttons, rect.height() / 2) : QRect();
            case SC_SpinBoxDown:
                return buttons ? QRect(rect.right() - buttons, rect.height() / 2, buttons, rect.height() / 2)
                               : QRect();
            default:
                break;
        }
    }
    return QProxyStyle::subControlRect(control, option, part, widget);
}

}  // namespace facet::ui
