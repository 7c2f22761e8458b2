// Sizes, hints and the simple shapes; style_controls.cpp has what is made of them.

#include "ui/theme/style.h"

#include "ui/theme/style_shapes.h"

#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QStyleOption>
#include <QTextEdit>
#include <QToolButton>

namespace facet::ui {

using namespace shapes;

namespace {

bool isTextEdit(const QWidget* widget)
{
    return qobject_cast<const QPlainTextEdit*>(widget) || qobject_cast<const QTextEdit*>(widget);
}

/// A control grows with the font.
int controlHeight(const QStyleOption* option, const QWidget* widget)
{
    const bool isCompact = has(widget, "compact");
    const int least = isCompact ? height::kCompact : height::kControl;
    return qMax(least, option->fontMetrics.height() + (isCompact ? 8 : 12));
}

void drawCheckBox(const QStyleOption* option, QPainter* painter)
{
    const QRectF box(option->rect.center().x() - 6.75, option->rect.center().y() - 6.75, 14.5, 14.5);
    const bool isHalf = option->state & QStyle::State_NoChange;
    const bool isOn = option->state & QStyle::State_On;
    const bool isEnabled = option->state & QStyle::State_Enabled;
    const bool isFilled = isEnabled && (isOn || isHalf);
    painter->setPen(QPen(color(!isEnabled ? Role::Border
                               : isFilled ? Role::Accent
                                          : Role::BorderStrong),
                         1.5));
    painter->setBrush(color(!isEnabled ? Role::Sunken : isFilled ? Role::Accent : Role::Surface));
    painter->drawRoundedRect(box, radius::kBox, radius::kBox);
    const Role mark = isEnabled ? Role::OnAccent : Role::TextOff;
    painter->setPen(QPen(color(mark), 1.75, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const QPointF corner = box.topLeft();
    if (isHalf)
        painter->drawLine(corner + QPointF(3.5, 7.25), corner + QPointF(11, 7.25));
    else if (isOn)
        painter->drawPolyline(
            QPolygonF{corner + QPointF(3.5, 7.5), corner + QPointF(6.25, 10.25), corner + QPointF(11, 4.5)});
}

void drawSwitch(const QStyleOption* option, QPainter* painter)
{
    const bool isOn = option->state & QStyle::State_On;
    const bool isEnabled = option->state & QStyle::State_Enabled;
    const QRectF track(option->rect.left() + 0.75, option->rect.center().y() - 6.75, 26.5, 14.5);
    const Role outline = !isEnabled ? Role::Border : isOn ? Role::Accent : Role::BorderStrong;
    painter->setPen(QPen(color(outline), 1.5));
    painter->setBrush(color(isOn && isEnabled ? Role::Accent : isEnabled ? Role::Surface : Role::Sunken));
    painter->drawRoundedRect(track, 7.25, 7.25);
    painter->setPen(Qt::NoPen);
    painter->setBrush(color(!isEnabled ? Role::TextOff : isOn ? Role::OnAccent : Role::BorderStrong));
    painter->drawEllipse(QPointF(isOn ? track.right() - 7.25 : track.left() + 7.25, track.center().y()), 4,
                         4);
}

void drawRadio(const QStyleOption* option, QPainter* painter)
{
    const bool isOn = option->state & QStyle::State_On;
    const bool isEnabled = option->state & QStyle::State_Enabled;
    const QPointF centre = QRectF(option->rect).center();
    painter->setBrush(color(isEnabled ? Role::Surface : Role::Sunken));
    if (isOn) {
        painter->setPen(QPen(color(isEnabled ? Role::Accent : Role::TextOff), 5));
        painter->drawEllipse(centre, 5.5, 5.5);
    } else {
        painter->setPen(QPen(color(isEnabled ? Role::BorderStrong : Role::Border), 1.5));
        painter->drawEllipse(centre, 7.25, 7.25);
    }
}

void drawRowGround(const QStyleOption* option, QPainter* painter)
{
    if (option->state & QStyle::State_Selected)
        painter->fillRect(option->rect, color(Role::Selected));
    else if (option->state & QStyle::State_MouseOver)
        painter->fillRect(option->rect, color(Role::Hover));
}

}  // namespace

Style::Style() : QProxyStyle(QStringLiteral("Fusion")) {}

void Style::polish(QWidget* widget)
{
    QProxyStyle::polish(widget);
    // So that hover is drawn.
    if (qobject_cast<QAbstractButton*>(widget) || qobject_cast<QComboBox*>(widget) ||
        qobject_cast<QScrollBar*>(widget))
        widget->setAttribute(Qt::WA_Hover);
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const
{
    switch (metric) {
        case PM_IndicatorWidth:
            return has(widget, "switch") ? 28 : 16;
        case PM_IndicatorHeight:
        case PM_ExclusiveIndicatorWidth:
        case PM_ExclusiveIndicatorHeight:
            return 16;
        case PM_CheckBoxLabelSpacing:
        case PM_RadioButtonLabelSpacing:
            return space::kS;
        case PM_FocusFrameHMargin:
        case PM_FocusFrameVMargin:
            return 3;
        case PM_SplitterWidth:
            return 1;
        case PM_ScrollBarExtent:
            return 12;
        case PM_ScrollBarSliderMin:
            return 32;
        case PM_ScrollView_ScrollBarOverlap:
        case PM_ScrollView_ScrollBarSpacing:
            return 0;
        case PM_SliderThickness:
        case PM_SliderControlThickness:
        case PM_SliderLength:
            return 16;
        case PM_ButtonShiftHorizontal:
        case PM_ButtonShiftVertical:
        case PM_ToolBarFrameWidth:
            return 0;
        case PM_ButtonIconSize:
        case PM_SmallIconSize:
        case PM_ListViewIconSize:
            return has(widget, "compact") ? 16 : 20;
        case PM_DefaultFrameWidth:
            if (isTextEdit(widget) && !has(widget, "bare"))
                return 4;
            break;
        case PM_ToolTipLabelFrameWidth:
            return 1;
        case PM_LayoutLeftMargin:
        case PM_LayoutTopMargin:
        case PM_LayoutRightMargin:
        case PM_LayoutBottomMargin:
            return space::kL;
        case PM_LayoutHorizontalSpacing:
        case PM_LayoutVerticalSpacing:
            return space::kS;
        default:
            break;
    }
    return QProxyStyle::pixelMetric(metric, option, widget);
}

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                     QStyleHintReturn* data) const
{
    switch (hint) {
        case SH_FocusFrame_AboveWidget:
            return 1;
        case SH_FocusFrame_Mask:
        case SH_EtchDisabledText:
        case SH_ComboBox_Popup:
        case SH_ScrollBar_Transient:
        case SH_DialogButtonBox_ButtonsHaveIcons:
            return 0;
        case SH_ItemView_ShowDecorationSelected:
        case SH_ScrollBar_LeftClickAbsolutePosition:
        case SH_UnderlineShortcut:
            return 1;
        default:
            return QProxyStyle::styleHint(hint, option, widget, data);
    }
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& contents,
                              const QWidget* widget) const
{
    QSize size = QProxyStyle::sizeFromContents(type, option, contents, widget);
    switch (type) {
        case CT_PushButton:
            if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option)) {
                const int text = button->text.isEmpty()
                                     ? 0
                                     : button->fontMetrics.size(Qt::TextShowMnemonic, button->text).width();
                const int icon = button->icon.isNull() ? 0 : button->iconSize.width();
                const int gap = text && icon ? space::kS : 0;
                const int padding = has(widget, "compact") ? 10 : kind(widget) == "flat" ? 8 : 12;
                const int height = controlHeight(option, widget);
                size = text ? QSize(text + icon + gap + 2 * padding, height) : QSize(height, height);
            }
            break;
        case CT_ToolButton:
            if (has(widget, "rail"))
                return {64, 52};
            if (const auto* button = qstyleoption_cast<const QStyleOptionToolButton*>(option)) {
                const bool showsText =
                    button->toolButtonStyle != Qt::ToolButtonIconOnly && !button->text.isEmpty();
                const bool showsIcon =
                    button->toolButtonStyle != Qt::ToolButtonTextOnly && !button->icon.isNull();
                const int text =
                    showsText ? button->fontMetrics.size(Qt::TextShowMnemonic, button->text).width() : 0;
                const int icon = showsIcon ? button->iconSize.width() : 0;
                const int menu = button->features & QStyleOptionToolButton::MenuButtonPopup ? 20 : 0;
                if (has(widget, "status"))
                    return {
                        text + icon + (text && icon ? 6 : 0) + (has(widget, "dot") ? 14 : 0) + 2 * space::kM,
                        height::kStatusBar - 1};
                const int height = has(widget, "segment") ? controlHeight(option, widget) - 6
                                                          : controlHeight(option, widget);
                const int padding = has(widget, "segment") ? 12 : 8;
                size = text ? QSize(text + icon + (icon ? space::kS : 0) + 2 * padding + menu, height)
                            : QSize(height + menu, height);
            }
            break;
        case CT_LineEdit:
        case CT_ComboBox:
        case CT_SpinBox:
            size.setHeight(controlHeight(option, widget));
            if (type == CT_ComboBox)
                size.rwidth() += space::kM;
            break;
        case CT_TabBarTab:
            if (const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option)) {
                QFont chosen = widget ? widget->font() : QFont();
                chosen.setWeight(QFont::DemiBold);
                size = {QFontMetrics(chosen).size(Qt::TextShowMnemonic, tab->text).width() + 2 * space::kM,
                        height::kTabBar};
            }
            break;
        case CT_ItemViewItem:
            size.setHeight(qMax(size.height(), height::kTableRow));
            break;
        default:
            break;
    }
    return size;
}

QRect Style::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const
{
    switch (element) {
        case SE_LineEditContents:
            return has(widget, "bare") ? option->rect : option->rect.adjusted(8, 0, -8, 0);
        case SE_ProgressBarGroove:
        case SE_ProgressBarContents:
            return option->rect;
        default:
            return QProxyStyle::subElementRect(element, option, widget);
    }
}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                          const QWidget* widget) const
{
    const Painted painted(painter);
    switch (element) {
        case PE_IndicatorCheckBox:
            has(widget, "switch") ? drawSwitch(option, painter) : drawCheckBox(option, painter);
            return;
        case PE_IndicatorItemViewItemCheck:
            drawCheckBox(option, painter);
            return;
        case PE_IndicatorRadioButton:
            drawRadio(option, painter);
            return;
        case PE_PanelButtonCommand:
            drawButtonGround(option, painter, widget);
            return;
        case PE_PanelLineEdit:
            if (qobject_cast<const QAbstractSpinBox*>(widget ? widget->parentWidget() : nullptr) ||
                qobject_cast<const QComboBox*>(widget ? widget->parentWidget() : nullptr))
                return;  // the whole draws the outline
            if (!has(widget, "bare"))
                drawField(option, painter, has(widget, "invalid"));
            return;
        case PE_FrameLineEdit:
            return;
        case PE_Frame:
            if (isTextEdit(widget)) {
                if (!has(widget, "bare"))
                    drawField(option, painter, has(widget, "invalid"));
                return;
            }
            break;
        case PE_FrameTabBarBase:  // the option's rectangle has no height
            if (widget)
                painter->fillRect(QRect(0, widget->height() - 1, widget->width(), 1), color(Role::Border));
            return;
        case PE_FrameFocusRect:
            return;  // FocusRing and the delegates do it
        case PE_PanelItemViewRow:
            return;  // PE_PanelItemViewItem covers it, and with it what a delegate leaves
        case PE_PanelItemViewItem:
            drawRowGround(option, painter);
            return;
        case PE_IndicatorBranch:
            if (option->state & State_Children)
                drawIcon(painter, option->state & State_Open ? "down" : "right", Role::Text2,
                         QRectF(option->rect).center(), 16);
            return;
        case PE_IndicatorArrowDown:
            drawIcon(painter, "down", Role::Text2, QRectF(option->rect).center(), 16);
            return;
        default:
            break;
    }
    painter->restore();
    QProxyStyle::drawPrimitive(element, option, painter, widget);
    painter->save();
}

}  // namespace facet::ui
