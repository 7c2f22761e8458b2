#include "ui/clusters/cluster_delegate.h"

#include "ui/clusters/cluster_list.h"
#include "ui/theme/style_shapes.h"

#include <QFontMetrics>
#include <QLineEdit>
#include <QPainter>

namespace facet::ui {

using namespace shapes;

namespace {

constexpr int kIcon = 18;
constexpr int kTextLeft = 40;

}  // namespace

QSize ClusterDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    const int lines = QFontMetrics(Theme::font(TextStyle::BodyStrong)).height() +
                      QFontMetrics(Theme::font(TextStyle::Small)).height();
    return {0, qMax(height::kListRow, lines + 18)};
}

void ClusterDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const
{
    const Painted painted(painter);
    const bool isSelected = option.state & QStyle::State_Selected;
    if (isSelected || option.state & QStyle::State_MouseOver)
        drawPanel(painter, option.rect, color(isSelected ? Role::Selected : Role::Hover), Qt::transparent,
                  radius::kCard, 0);
    if (option.state & QStyle::State_HasFocus)
        drawPanel(painter, option.rect.adjusted(1, 1, -1, -1), Qt::transparent, color(Role::Focus),
                  radius::kCard, 2);
    drawIcon(painter, QStringLiteral("clusters"), isSelected ? Role::AccentText : Role::Text2,
             QPointF(option.rect.left() + 20, option.rect.center().y()), kIcon);
    const QRect text = option.rect.adjusted(kTextLeft, 8, -8, -8);
    const auto line = [&](TextStyle style, Role role, Qt::Alignment place, const QString& words) {
        painter->setFont(Theme::font(style));
        painter->setPen(color(role));
        painter->drawText(text, place | Qt::AlignLeft,
                          painter->fontMetrics().elidedText(words, Qt::ElideRight, text.width()));
    };
    line(TextStyle::BodyStrong, Role::Text, Qt::AlignTop, index.data().toString());
    line(TextStyle::Small, Role::Text2, Qt::AlignBottom, index.data(ClusterList::kPlaceRole).toString());
}

QWidget* ClusterDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const
{
    auto* editor = new QLineEdit(parent);
    editor->setObjectName(QStringLiteral("clusterNameEditor"));
    editor->setAccessibleName(tr("Name of the profile"));
    return editor;
}

}  // namespace facet::ui
