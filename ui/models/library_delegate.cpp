#include "ui/models/library_delegate.h"

#include "ui/models/library_list.h"
#include "ui/theme/style_shapes.h"

#include <QAbstractItemView>

namespace facet::ui {

using namespace shapes;

namespace {

QString secondLine(const LibraryList::Row& row)
{
    if (!row.facts)
        return LibraryList::tr("being looked at");
    if (!row.facts->problem.isEmpty())
        return row.facts->problem;
    if (!row.facts->accounting.isEmpty())
        return row.facts->accounting;
    QStringList words;
    words << (row.isBuiltIn              ? LibraryList::tr("Demo, comes with Facet")
              : row.entry.textOnly       ? LibraryList::tr("Text only, same files")
              : row.facts->isInstruction ? LibraryList::tr("Instruction")
                                         : LibraryList::tr("Base"));
    if (!row.isBuiltIn)
        words << row.facts->dtype;
    return words.join(QStringLiteral(", "));
}

void drawText(QPainter* painter, const QRect& rect, const QString& text, TextStyle style, Role role,
              Qt::Alignment alignment = Qt::AlignLeft)
{
    painter->setFont(Theme::font(style));
    painter->setPen(color(role));
    painter->drawText(rect, static_cast<int>(alignment | Qt::AlignVCenter),
                      painter->fontMetrics().elidedText(text, Qt::ElideRight, rect.width()));
}

void drawState(QPainter* painter, const QRect& rect, const LibraryList::Row& row, const QString& text)
{
    const bool isLoading = row.loaded && row.loaded->state == EngineModel::State::Loading;
    if (isLoading) {
        drawText(painter, rect.adjusted(0, -8, 0, -8), text, TextStyle::Small, Role::Text2);
        drawBar(painter, QRectF(rect.left(), rect.center().y() + 8, rect.width(), 4), 0, row.loaded->progress,
                color(Role::Accent));
        return;
    }
    QString icon = QStringLiteral("check");
    Role iconRole = Role::Success;
    Role textRole = Role::Text2;
    if (row.loaded && row.loaded->state == EngineModel::State::Ready) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(Role::AccentText));
        painter->drawEllipse(QPointF(rect.left() + 4, rect.center().y() + 1), 4, 4);
        drawText(painter, rect.adjusted(14, 0, 0, 0), text, TextStyle::Body, Role::AccentText);
        return;
    }
    if (!row.facts) {
        icon = QStringLiteral("running");
        iconRole = Role::Text3;
    } else if (!row.facts->isUsable()) {
        icon = QStringLiteral("error");
        iconRole = textRole = Role::Danger;
    } else if (row.loaded) {
        icon = QStringLiteral("warn");
        iconRole = textRole = Role::Warning;
    }
    drawIcon(painter, icon, iconRole, QPointF(rect.left() + 8, rect.center().y() + 1), 16);
    drawText(painter, rect.adjusted(22, 0, 0, 0), text, TextStyle::Body, textRole);
}

/// A ring around the whole row, in pieces, since each cell paints for itself.
void drawRowRing(QPainter* painter, const QRect& rect, bool isFirst, bool isLast)
{
    const QColor ring = color(Role::Focus);
    painter->fillRect(rect.left(), rect.top(), rect.width(), 2, ring);
    painter->fillRect(rect.left(), rect.bottom() - 2, rect.width(), 2, ring);
    if (isFirst)
        painter->fillRect(rect.left(), rect.top(), 2, rect.height() - 1, ring);
    if (isLast)
        painter->fillRect(rect.right() - 1, rect.top(), 2, rect.height() - 1, ring);
}

}  // namespace

LibraryDelegate::LibraryDelegate(const LibraryList& list, QObject* parent)
    : QStyledItemDelegate(parent), m_list(list)
{
}

int LibraryDelegate::rowHeight()
{
    return qMax(44, QFontMetrics(Theme::font(TextStyle::BodyStrong)).height() +
                        QFontMetrics(Theme::font(TextStyle::Small)).height() + 12);
}

QSize LibraryDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {80, rowHeight()};
}

void LibraryDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const
{
    const LibraryList::Row& row = m_list.row(index.row());
    const QString text = index.data().toString();
    const bool isSelected = option.state & QStyle::State_Selected;
    if (isSelected)
        painter->fillRect(option.rect, color(Role::Selected));
    else if (option.state & QStyle::State_MouseOver)
        painter->fillRect(option.rect, color(Role::Hover));
    if (index.row() + 1 < m_list.rowCount())
        painter->fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1,
                          color(Role::Grid));

    const Painted painted(painter);
    const bool isNumber = index.column() == LibraryList::Parameters || index.column() == LibraryList::Size;
    const QRect cell = option.rect.adjusted(space::kS, 0, isNumber ? -space::kS : -2, 0);
    switch (index.column()) {
        case LibraryList::Name: {
            drawIcon(painter, QStringLiteral("models"), isSelected ? Role::AccentText : Role::Text2,
                     QPointF(option.rect.left() + space::kL + 10, option.rect.center().y() + 1), 20);
            const QRect words = option.rect.adjusted(space::kXl + 24, 4, -space::kS, -4);
            const int middle = words.center().y() + 1;
            const bool isBad = row.facts && !row.facts->isUsable();
            drawText(painter, QRect(words.left(), words.top(), words.width(), middle - words.top()), text,
                     TextStyle::BodyStrong, Role::Text);
            drawText(painter, QRect(words.left(), middle, words.width(), words.bottom() - middle),
                     secondLine(row), TextStyle::Small, isBad ? Role::Danger : Role::Text2);
            break;
        }
        case LibraryList::Reads:
            if (!text.isEmpty()) {
                const bool hasVision = row.facts && row.facts->hasVision;
                drawIcon(painter, hasVision ? QStringLiteral("image") : QStringLiteral("text"), Role::Text2,
                         QPointF(cell.left() + 8, cell.center().y() + 1), 16);
                drawText(painter, cell.adjusted(22, 0, 0, 0), text, TextStyle::Body, Role::Text2);
            }
            break;
        case LibraryList::Parameters:
        case LibraryList::Size:
            drawText(painter, cell, text, TextStyle::Mono, Role::Text, Qt::AlignRight);
            break;
        case LibraryList::Place:
            drawText(painter, cell, text, TextStyle::Body, Role::Text2);
            break;
        case LibraryList::State:
            drawState(painter, cell.adjusted(0, 0, -space::kM, 0), row, text);
            break;
        default:
            break;
    }
    if (const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
        view && view->hasFocus() && view->currentIndex().row() == index.row() &&
        view->property("showsFocus").toBool())
        drawRowRing(painter, option.rect, index.column() == LibraryList::Name,
                    index.column() == LibraryList::State);
}

}  // namespace facet::ui
