// MarkdownView's second half: selecting, copying, links.

#include "ui/markdown/markdown_view.h"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>

#include <algorithm>

namespace facet::ui {

MarkdownView::Position MarkdownView::positionAt(QPoint point) const
{
    for (size_t i = 0; i < m_items.size(); ++i) {
        const Item& item = m_items[i];
        const bool isHere = point.y() < item.top + item.height || i + 1 == m_items.size();
        if (!isHere)
            continue;
        const int left = leftOf(item.block);
        return {i, item.text ? item.text->positionAt(QPointF(point.x() - left, point.y() - item.top)) : 0};
    }
    return {};
}

std::pair<int, int> MarkdownView::selectionIn(size_t index) const
{
    const Position from = std::min(m_anchor, m_cursor);
    const Position to = std::max(m_anchor, m_cursor);
    if (from == to || index < from.item || index > to.item || !m_items[index].text)
        return {0, 0};
    const int end = static_cast<int>(m_items[index].block.text.text.size());
    return {index == from.item ? from.character : 0, index == to.item ? to.character : end};
}

QString MarkdownView::selectedText() const
{
    const Position from = std::min(m_anchor, m_cursor);
    const Position to = std::max(m_anchor, m_cursor);
    QStringList parts;
    for (size_t i = from.item; i <= to.item && i < m_items.size() && from != to; ++i) {
        const MarkdownBlock& block = m_items[i].block;
        if (block.kind == MarkdownBlock::Kind::Code)
            parts.append(block.code);
        else if (const auto [begin, end] = selectionIn(i); begin < end) {
            QString part = block.text.text.mid(begin, end - begin);
            if (begin == 0 && !block.marker.isEmpty())
                part.prepend(block.marker + u' ');
            parts.append(part.replace(QChar::LineSeparator, u'\n'));
        }
    }
    return parts.join(u'\n');
}

void MarkdownView::select(Position anchor, Position cursor)
{
    m_anchor = anchor;
    m_cursor = cursor;
    update();
}

void MarkdownView::copy()
{
    const QString selected = selectedText();
    QGuiApplication::clipboard()->setText(selected.isEmpty() ? m_text : selected);
}

void MarkdownView::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_isSelecting = true;
    const Position here = positionAt(event->pos());
    select(event->modifiers() & Qt::ShiftModifier ? m_anchor : here, here);
}

void MarkdownView::mouseMoveEvent(QMouseEvent* event)
{
    if (m_isSelecting) {
        select(m_anchor, positionAt(event->pos()));
        return;
    }
    const Position here = positionAt(event->pos());
    QString address;
    if (here.item < m_items.size() && m_items[here.item].text) {
        const Item& item = m_items[here.item];
        address = item.text->linkAt(QPointF(event->pos()) - QPointF(leftOf(item.block), item.top));
    }
    setCursor(address.isEmpty() ? Qt::IBeamCursor : Qt::PointingHandCursor);
    setToolTip(address);
}

void MarkdownView::mouseReleaseEvent(QMouseEvent* event)
{
    m_isSelecting = false;
    if (event->button() == Qt::LeftButton && m_anchor == m_cursor && !toolTip().isEmpty())
        Q_EMIT linkActivated(toolTip());
}

void MarkdownView::mouseDoubleClickEvent(QMouseEvent* event)
{
    const Position here = positionAt(event->pos());
    if (here.item >= m_items.size())
        return;
    const QString& text = m_items[here.item].block.text.text;
    int begin = here.character;
    int end = here.character;
    while (begin > 0 && text[begin - 1].isLetterOrNumber())
        --begin;
    while (end < text.size() && text[end].isLetterOrNumber())
        ++end;
    select({here.item, begin}, {here.item, end});
}

void MarkdownView::keyPressEvent(QKeyEvent* event)
{
    if (event->matches(QKeySequence::Copy))
        copy();
    else if (event->matches(QKeySequence::SelectAll) && !m_items.empty())
        select({0, 0}, {m_items.size() - 1, static_cast<int>(m_items.back().block.text.text.size())});
    else
        QWidget::keyPressEvent(event);
}

void MarkdownView::contextMenuEvent(QContextMenuEvent* event)
{
    QMenu menu(this);
    menu.addAction(selectedText().isEmpty() ? tr("Copy text") : tr("Copy"), this, &MarkdownView::copy);
    if (!toolTip().isEmpty())
        menu.addAction(tr("Copy address"), this,
                       [address = toolTip()] { QGuiApplication::clipboard()->setText(address); });
    menu.exec(event->globalPos());
}

void MarkdownView::focusOutEvent(QFocusEvent* event)
{
    QWidget::focusOutEvent(event);
    if (event->reason() != Qt::PopupFocusReason && event->reason() != Qt::ActiveWindowFocusReason)
        select({}, {});
}

}  // namespace facet::ui
