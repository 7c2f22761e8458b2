#include "ui/markdown/table_block.h"

#include "ui/theme/theme.h"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QRegularExpression>
#include <QScrollBar>
#include <QWheelEvent>

#include <algorithm>
#include <numeric>

namespace facet::ui {

static constexpr int kPadding = space::kM;
static constexpr int kMargin = 3;  // above and below a row's text
static constexpr int kLeastColumn = 48;
static constexpr int kWrapWidth = 280;  // a column that is wider may wrap
static constexpr int kScrollBar = 12;

static bool isNumber(const QString& text)
{
    static const QRegularExpression number(
        QStringLiteral("^[-+~≈]?[\\p{Sc}]?\\s?[0-9][0-9.,  ']*\\s?(%|\\p{Sc}|[a-zA-Z]{1,3})?$"));
    return number.match(text.trimmed()).hasMatch();
}

TableBlock::TableBlock(QWidget* parent) : QWidget(parent)
{
    setObjectName(QStringLiteral("tableBlock"));
    setFocusPolicy(Qt::StrongFocus);
    m_scroll = new QScrollBar(Qt::Horizontal, this);
    m_scroll->setObjectName(QStringLiteral("tableScroll"));
    m_scroll->setAccessibleName(tr("Scroll the table sideways"));
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setSingleStep(kWrapWidth / 4);
    m_scroll->hide();
    connect(m_scroll, &QScrollBar::valueChanged, this, qOverload<>(&QWidget::update));
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &TableBlock::applyTheme);
}

void TableBlock::applyTheme()
{
    for (Row& row : m_rows)
        for (Cell& cell : row.cells) {
            cell.text.recolour();
            cell.text.layOut(1 << 20);
            cell.naturalWidth = cell.text.naturalWidth();
        }
    m_laidOutRows = 0;
    if (m_laidOutWidth > 0)
        layOut(m_laidOutWidth);
}

TableBlock::Row TableBlock::makeRow(const QList<RichText>& texts, bool isHead) const
{
    Row row;
    for (qsizetype column = 0; column < m_block.columns.size(); ++column) {
        const RichText text = column < texts.size() ? texts[column] : RichText();
        Cell cell;
        cell.text.setText(text, 0,
                          isHead                ? TextBlock::Font::Small
                          : isNumber(text.text) ? TextBlock::Font::Mono
                                                : TextBlock::Font::Body);
        // Measured on one endless line.
        cell.text.layOut(1 << 20);
        cell.naturalWidth = cell.text.naturalWidth();
        const MarkdownBlock::Align align = m_block.columns[column];
        cell.alignment = align == MarkdownBlock::Align::Right    ? Qt::AlignRight
                         : align == MarkdownBlock::Align::Center ? Qt::AlignHCenter
                                                                 : Qt::AlignLeft;
        row.cells.push_back(std::move(cell));
    }
    return row;
}

void TableBlock::setTable(const MarkdownBlock& block)
{
    qsizetype same = 0;
    if (block.columns == m_block.columns && block.continues == m_block.continues)
        while (same < std::min(block.rows.size(), m_block.rows.size()) &&
               block.rows[same] == m_block.rows[same])
            ++same;
    m_block = block;
    m_rows.resize(std::min(m_rows.size(), static_cast<size_t>(same)));
    for (qsizetype i = same; i < block.rows.size(); ++i)
        m_rows.push_back(makeRow(block.rows[i], i == 0 && !block.continues));
    m_laidOutRows = std::min(m_laidOutRows, static_cast<int>(same));
    setAccessibleName(tr("Table of %1 rows and %2 columns").arg(block.rows.size()).arg(block.columns.size()));
}

int TableBlock::layOut(int available)
{
    const size_t count = static_cast<size_t>(m_block.columns.size());
    std::vector<int> widths(count, kLeastColumn);
    for (const Row& row : m_rows)
        for (size_t column = 0; column < count; ++column)
            widths[column] = std::max(widths[column], row.cells[column].naturalWidth + 2 * kPadding);
    const int room = std::max(available - 2, 1);
    // Wide columns give until all fit, but none below kWrapWidth.
    for (int total = std::accumulate(widths.begin(), widths.end(), 0); total > room;) {
        const int widest = *std::max_element(widths.begin(), widths.end());
        if (widest <= kWrapWidth)
            break;
        int second = kWrapWidth;
        int numWidest = 0;
        for (const int width : widths) {
            numWidest += width == widest;
            if (width < widest)
                second = std::max(second, width);
        }
        const int give = std::min(widest - second, (total - room + numWidest - 1) / numWidest);
        for (int& width : widths)
            if (width == widest)
                width -= std::max(give, 1);
        total = std::accumulate(widths.begin(), widths.end(), 0);
    }
    if (m_fixedWidths.size() == count)
        widths = m_fixedWidths;
    if (widths != m_widths || available != m_laidOutWidth)
        m_laidOutRows = 0;
    m_widths = widths;
    m_laidOutWidth = available;
    m_tableWidth = std::accumulate(widths.begin(), widths.end(), 0) + 2;
    int y = 1;
    for (size_t i = 0; i < m_rows.size(); ++i) {
        Row& row = m_rows[i];
        if (static_cast<int>(i) >= m_laidOutRows) {
            row.height = 0;
            for (size_t column = 0; column < count; ++column)
                row.height = std::max(
                    row.height, row.cells[column].text.layOut(std::max(widths[column] - 2 * kPadding, 1),
                                                              row.cells[column].alignment));
            row.height += 2 * kMargin;
        }
        row.top = y;
        y += row.height;
    }
    m_laidOutRows = static_cast<int>(m_rows.size());
    m_height = y + 1;
    placeScrollBar();
    update();
    return m_height + (m_tableWidth > available ? kScrollBar : 0);
}

void TableBlock::followColumns(const TableBlock& before)
{
    m_fixedWidths = before.m_widths;
    connect(before.m_scroll, &QScrollBar::valueChanged, m_scroll, &QScrollBar::setValue,
            Qt::UniqueConnection);
    connect(m_scroll, &QScrollBar::valueChanged, before.m_scroll, &QScrollBar::setValue,
            Qt::UniqueConnection);
}

int TableBlock::offset() const
{
    return m_scroll->value();
}

void TableBlock::placeScrollBar()
{
    m_scroll->setRange(0, std::max(m_tableWidth - width(), 0));
    m_scroll->setPageStep(width());
    m_scroll->setGeometry(0, m_height, width(), kScrollBar);
    m_scroll->setVisible(m_scroll->maximum() > 0);
}

void TableBlock::resizeEvent(QResizeEvent*)
{
    placeScrollBar();
}

/// Sideways only: up and down is the thread's.
void TableBlock::wheelEvent(QWheelEvent* event)
{
    const bool isSideways = std::abs(event->angleDelta().x()) > std::abs(event->angleDelta().y());
    if ((isSideways || event->modifiers() & Qt::ShiftModifier) && m_scroll->isVisible())
        QCoreApplication::sendEvent(m_scroll, event);
    else
        event->ignore();
}

void TableBlock::paintEvent(QPaintEvent* event)
{
    QPainter painter(this);
    const QRect whole(0, 0, std::min(m_tableWidth, width()), m_height);
    painter.setClipRect(whole);
    painter.fillRect(whole, Theme::color(Role::Surface));
    for (size_t i = 0; i < m_rows.size(); ++i) {
        const Row& row = m_rows[i];
        const QRect area(0, row.top, whole.width(), row.height);
        if (!area.intersects(event->rect()))
            continue;
        const bool isHead = i == 0 && !m_block.continues;
        if (isHead)
            painter.fillRect(area, Theme::color(Role::Sunken));
        int x = 1 - m_scroll->value();
        for (size_t column = 0; column < row.cells.size(); ++column) {
            const Cell& cell = row.cells[column];
            const int above = (row.height - cell.text.height()) / 2;
            cell.text.paint(painter, QPointF(x + kPadding, row.top + above));
            x += m_widths[column];
        }
        painter.setPen(Theme::color(isHead ? Role::Border : Role::Grid));
        if (i + 1 < m_rows.size())
            painter.drawLine(1, area.bottom(), whole.width() - 2, area.bottom());
    }
    painter.setPen(Theme::color(hasFocus() ? Role::Focus : Role::Border));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(whole.adjusted(0, 0, -1, -1));
}

/// As columns between tabs, which spreadsheets take.
void TableBlock::copy() const
{
    QString text;
    for (const QList<RichText>& row : m_block.rows) {
        QStringList cells;
        for (const RichText& cell : row)
            cells.append(cell.text);
        text += cells.join(u'\t') + u'\n';
    }
    QGuiApplication::clipboard()->setText(text);
}

void TableBlock::contextMenuEvent(QContextMenuEvent* event)
{
    QMenu menu(this);
    menu.addAction(tr("Copy table"), this, &TableBlock::copy);
    menu.exec(event->globalPos());
}

void TableBlock::keyPressEvent(QKeyEvent* event)
{
    if (event->matches(QKeySequence::Copy))
        copy();
    else if (m_scroll->maximum() > 0 && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right))
        m_scroll->triggerAction(event->key() == Qt::Key_Left ? QScrollBar::SliderSingleStepSub
                                                             : QScrollBar::SliderSingleStepAdd);
    else
        QWidget::keyPressEvent(event);
}

}  // namespace facet::ui
