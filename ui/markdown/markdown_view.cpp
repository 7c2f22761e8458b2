#include "ui/markdown/markdown_view.h"

#include "ui/markdown/code_block.h"
#include "ui/markdown/table_block.h"
#include "ui/theme/theme.h"

#include <QPaintEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace facet::ui {

static constexpr int kIndent = 20;
static constexpr int kQuoteIndent = 16;
static constexpr int kGap = space::kS;

// What it costs to make a block of code, and a cell, in characters of plain text: measured, in round numbers.
static constexpr qsizetype kWidgetCost = 2000;
static constexpr qsizetype kCellCost = 30;

// So far from what is seen, blocks of code are made.
static constexpr int kNearPixels = 800;

// A pause between slices, so that input and painting come in between.
static constexpr int kPauseMs = 4;

MarkdownView::MarkdownView(Format format, QWidget* parent) : QWidget(parent), m_format(format)
{
    setObjectName(QStringLiteral("markdown"));
    setAccessibleName(tr("Text"));
    setFocusPolicy(Qt::ClickFocus);
    setMouseTracking(true);
    setProperty("focusRing", false);
    m_more.setSingleShot(true);
    m_more.setInterval(kPauseMs);
    connect(&m_more, &QTimer::timeout, this, &MarkdownView::work);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, [this] {
        for (Item& item : m_items)
            item.isDirty = true;
        m_firstStale = 0;
        m_more.start();
    });
}

MarkdownView::~MarkdownView() = default;

const QList<MarkdownBlock>& MarkdownView::blocks() const
{
    return m_format == Format::Markdown ? m_document.blocks() : m_plainBlocks;
}

void MarkdownView::setText(const QString& text, bool isFinished)
{
    m_document.clear();
    m_plainBlocks.clear();
    dropItemsFrom(0);
    m_text = text;
    m_fed = 0;
    m_isFinished = isFinished;
    m_isFinishFed = false;
    m_marks.clear();
    m_anchor = m_cursor = {};
    setAccessibleDescription(text.left(1000));
    work();
}

void MarkdownView::append(const QString& text)
{
    m_text += text;
    setMarks({});
    work();
}

void MarkdownView::finish()
{
    m_isFinished = true;
    setAccessibleDescription(m_text.left(1000));
    work();
}

void MarkdownView::setCaret(bool isShown)
{
    if (m_hasCaret == isShown)
        return;
    m_hasCaret = isShown;
    update();
}

bool MarkdownView::isSettled() const
{
    return m_fed == m_text.size() && m_firstStale >= m_items.size() &&
           static_cast<qsizetype>(m_items.size()) == blocks().size();
}

/// Of this thread.
static qint64 processorTimeNs()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// One slice: parses, then lays out, what can be seen first.
void MarkdownView::work()
{
    if (width() <= 0)
        return;
    const qint64 begin = processorTimeNs();
    qsizetype budget = kSliceCharacters;
    const bool wasParsed = m_isFinishFed;
    budget -= feed(budget);
    takeBlocks();
    if (m_firstStale < m_items.size()) {
        const QRect seen = visibleRegion().boundingRect();
        if (!seen.isEmpty())
            for (size_t i = std::max(m_firstStale, firstBelow(seen.top()));
                 i < m_items.size() && m_items[i].top <= seen.bottom() && budget > 0; ++i)
                budget -= layOut(i, budget);
        while (m_firstStale < m_items.size() && budget > 0) {
            budget -= layOut(m_firstStale, budget);
            const Item& item = m_items[m_firstStale];
            if (item.isDirty || item.width != width())
                break;
            ++m_firstStale;
        }
        place();
    } else if (static_cast<qsizetype>(m_items.size()) == 0)
        place();
    m_largestSlice = std::max(m_largestSlice, kSliceCharacters - budget);
    m_longestSliceNs = std::max(m_longestSliceNs, processorTimeNs() - begin);
    if (!isSettled())
        m_more.start();
    if (m_isFinishFed && !wasParsed)
        Q_EMIT parsed();
}

/// Gives the next part of the text to the parser.
qsizetype MarkdownView::feed(qsizetype budget)
{
    qsizetype count = std::min(budget / 2, m_text.size() - m_fed);
    // Not within a character.
    if (count > 0 && m_fed + count < m_text.size() && m_text[m_fed + count].isLowSurrogate())
        --count;
    if (count > 0) {
        const QStringView part = QStringView(m_text).sliced(m_fed, count);
        if (m_format == Format::Markdown)
            m_document.append(part);
        else
            feedPlain(part);
        m_fed += count;
    }
    if (m_isFinished && !m_isFinishFed && m_fed == m_text.size()) {
        m_isFinishFed = true;
        if (m_format == Format::Markdown)
            m_document.finish();
    }
    return count;
}

/// Plain text as blocks of lines, none too long to be laid out at once.
void MarkdownView::feedPlain(QStringView text)
{
    static constexpr qsizetype kMaxBlock = 2048;
    QString line = text.toString();
    line.replace(u'\n', QChar::LineSeparator);
    while (!line.isEmpty()) {
        if (m_plainBlocks.isEmpty() || m_plainBlocks.last().text.text.size() >= kMaxBlock) {
            MarkdownBlock block;
            block.continues = !m_plainBlocks.isEmpty();
            m_plainBlocks.append(block);
        }
        QString& last = m_plainBlocks.last().text.text;
        qsizetype count = std::min(line.size(), kMaxBlock - last.size());
        // The end of a block starts a new line, so it should be one.
        if (const qsizetype end = line.left(count).lastIndexOf(QChar::LineSeparator);
            count < line.size() && end > 0)
            count = end;
        last += line.left(count);
        line.remove(0, count);
        if (line.startsWith(QChar::LineSeparator) && last.size() >= kMaxBlock / 2) {
            line.remove(0, 1);
            MarkdownBlock block;
            block.continues = true;
            m_plainBlocks.append(block);
        }
    }
}

/// Calls `visit` with each text of a block that can be read, and where its marks belong.
template <typename Block, typename Visit>
static void visitTexts(Block& block, const Visit& visit)
{
    switch (block.kind) {
        case MarkdownBlock::Kind::Text:
            visit(block.text.text, block.text.spans);
            break;
        case MarkdownBlock::Kind::Code:
            visit(block.code, block.codeMarks);
            break;
        case MarkdownBlock::Kind::Table:
            for (auto& row : block.rows)
                for (auto& cell : row)
                    visit(cell.text, cell.spans);
            break;
        case MarkdownBlock::Kind::Rule:
            break;
    }
}

/// With the ends of its lines.
static int shownLength(const MarkdownBlock& block)
{
    int length = 0;
    visitTexts(block, [&length](const QString& text, const QList<Span>&) {
        length += static_cast<int>(text.size()) + 1;
    });
    return length;
}

QString MarkdownView::shownText() const
{
    QString shown;
    for (const MarkdownBlock& block : blocks())
        visitTexts(block, [&shown](const QString& text, const QList<Span>&) { shown += text + u'\n'; });
    return shown;
}

/// The block, which begins at `offset` of shownText(), with the marks that lie in it.
MarkdownBlock MarkdownView::marked(MarkdownBlock block, int offset) const
{
    visitTexts(block, [this, &offset](const QString& text, QList<Span>& spans) {
        const int end = offset + static_cast<int>(text.size());
        for (const Span& mark : m_marks) {
            const int from = std::max(mark.start, offset), to = std::min(mark.start + mark.length, end);
            if (from < to)
                spans.append({from - offset, to - from, Marked, {}});
        }
        offset = end + 1;
    });
    return block;
}

void MarkdownView::setMarks(const QList<Span>& marks)
{
    if (marks == m_marks)
        return;
    m_marks = marks;
    int offset = 0;
    for (size_t i = 0; i < m_items.size(); ++i) {
        const MarkdownBlock& block = blocks()[static_cast<qsizetype>(i)];
        MarkdownBlock with = marked(block, offset);
        offset += shownLength(block);
        if (with == m_items[i].block)
            continue;
        m_items[i].block = std::move(with);
        m_items[i].isDirty = true;
        m_firstStale = std::min(m_firstStale, i);
    }
    work();
}

/// Makes the items agree with the blocks; what changed has to be laid out again.
void MarkdownView::takeBlocks()
{
    const QList<MarkdownBlock>& all = blocks();
    qsizetype first = 0;
    if (m_format == Format::Markdown)
        first = m_document.takeFirstChanged();
    else
        first = std::max<qsizetype>(static_cast<qsizetype>(m_items.size()) - 1, 0);
    if (static_cast<qsizetype>(m_items.size()) > all.size())
        dropItemsFrom(static_cast<size_t>(all.size()));
    first = std::min(first, static_cast<qsizetype>(m_items.size()));
    int offset = 0;
    if (!m_marks.isEmpty())
        for (qsizetype i = 0; i < first; ++i)
            offset += shownLength(all[i]);
    for (qsizetype i = first; i < all.size(); ++i) {
        const size_t index = static_cast<size_t>(i);
        if (index == m_items.size())
            m_items.emplace_back();
        Item& item = m_items[index];
        if (item.widget && item.block.kind != all[i].kind) {
            item.widget->deleteLater();
            item.widget->hide();
            item.widget = nullptr;
        }
        if (all[i].kind != MarkdownBlock::Kind::Text)
            item.text.reset();
        item.block = m_marks.isEmpty() ? all[i] : marked(all[i], offset);
        offset += m_marks.isEmpty() ? 0 : shownLength(all[i]);
        item.isDirty = true;
        m_firstStale = std::min(m_firstStale, index);
    }
}

/// Lays out one item as far as the budget goes; gives what it took.
qsizetype MarkdownView::layOut(size_t index, qsizetype budget)
{
    Item& item = m_items[index];
    const bool isWanted = item.isDeferred && isNearSight(item);
    if (!item.isDirty && item.width == width() && !isWanted)
        return 0;
    const int left = leftOf(item.block);
    const int room = std::max(width() - left, 1);
    qsizetype taken = 1;
    switch (item.block.kind) {
        case MarkdownBlock::Kind::Text:
            if (!item.text)
                item.text = std::make_unique<TextBlock>();
            if (item.isDirty)
                item.text->setText(item.block.text, item.block.heading);
            item.height = item.text->layOut(room);
            item.isDirty = false;
            taken += item.block.text.text.size();
            break;
        case MarkdownBlock::Kind::Rule:
            item.height = space::kL;
            item.isDirty = false;
            break;
        case MarkdownBlock::Kind::Code: {
            auto* code = qobject_cast<CodeBlock*>(item.widget);
            if (!code && !isNearSight(item)) {
                // A widget costs more than all its text; most of a long answer is never looked at.
                item.height = CodeBlock::heightFor(item.block.code);
                item.isDeferred = true;
                item.isDirty = false;
                break;
            }
            item.isDeferred = false;
            if (!code) {
                taken += kWidgetCost;
                code = new CodeBlock(this);
                code->setLanguage(item.block.language);
                connect(code, &CodeBlock::copied, this, &MarkdownView::copied);
                item.widget = code;
                code->show();
            }
            taken += code->showCode(item.block.code, budget);
            code->setMarks(item.block.codeMarks);
            item.isDirty = !code->isWhole();
            item.height = code->wantedHeight();
            break;
        }
        case MarkdownBlock::Kind::Table: {
            auto* table = qobject_cast<TableBlock*>(item.widget);
            if (!table) {
                taken += kWidgetCost / 4;
                table = new TableBlock(this);
                item.widget = table;
                table->show();
            }
            const auto* before = index > 0 ? qobject_cast<TableBlock*>(m_items[index - 1].widget) : nullptr;
            if (item.block.continues && before)
                table->followColumns(*before);
            table->setTable(item.block);
            item.height = table->layOut(room);
            item.isDirty = false;
            for (const QList<RichText>& row : item.block.rows)
                for (const RichText& cell : row)
                    taken += kCellCost + cell.text.size();
            break;
        }
    }
    item.width = width();
    return taken;
}

/// The first item that reaches below `y`.
size_t MarkdownView::firstBelow(int y) const
{
    const auto found = std::lower_bound(m_items.begin(), m_items.end(), y, [](const Item& item, int value) {
        return item.top + item.height < value;
    });
    return static_cast<size_t>(found - m_items.begin());
}

bool MarkdownView::isNearSight(const Item& item) const
{
    const QRect seen = visibleRegion().boundingRect();
    return !seen.isEmpty() && item.top <= seen.bottom() + kNearPixels &&
           item.top + item.height >= seen.top() - kNearPixels;
}

int MarkdownView::leftOf(const MarkdownBlock& block) const
{
    return block.indent * kIndent + block.quote * kQuoteIndent;
}

int MarkdownView::gapBefore(size_t index) const
{
    const MarkdownBlock& block = m_items[index].block;
    if (index == 0 || block.continues)
        return 0;
    if (block.heading > 0)
        return space::kL;
    const MarkdownBlock& before = m_items[index - 1].block;
    if (block.indent > 0 && before.indent > 0)
        return space::kXs;
    return kGap;
}

/// Stacks the items by their heights.
void MarkdownView::place()
{
    int y = 0;
    for (size_t i = 0; i < m_items.size(); ++i) {
        Item& item = m_items[i];
        y += gapBefore(i);
        item.top = y;
        if (item.widget) {
            const int left = leftOf(item.block);
            const QRect place(left, y, std::max(width() - left, 1), item.height);
            if (item.widget->geometry() != place)
                item.widget->setGeometry(place);
        }
        y += item.height;
    }
    update();
    if (y == m_height)
        return;
    m_height = y;
    updateGeometry();
    Q_EMIT heightChanged();
}

void MarkdownView::dropItemsFrom(size_t index)
{
    for (size_t i = index; i < m_items.size(); ++i)
        if (m_items[i].widget) {
            m_items[i].widget->hide();
            m_items[i].widget->deleteLater();
        }
    m_items.resize(std::min(m_items.size(), index));
    m_firstStale = std::min(m_firstStale, m_items.size());
}

void MarkdownView::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    if (event->size().width() == event->oldSize().width())
        return;
    m_firstStale = 0;
    work();
}

void MarkdownView::paintEvent(QPaintEvent* event)
{
    QPainter painter(this);
    for (size_t i = firstBelow(event->rect().top()); i < m_items.size(); ++i) {
        const Item& item = m_items[i];
        if (item.top > event->rect().bottom())
            break;
        if (item.top + item.height < event->rect().top())
            continue;
        for (int depth = 0; depth < item.block.quote; ++depth)
            painter.fillRect(depth * kQuoteIndent, item.top, 3, item.height, Theme::color(Role::Border));
        if (item.isDeferred && !m_more.isActive()) {
            m_firstStale = std::min(m_firstStale, i);
            m_more.start();
        }
        const int left = leftOf(item.block);
        if (item.block.kind == MarkdownBlock::Kind::Rule)
            painter.fillRect(left, item.top + item.height / 2, width() - left, 1, Theme::color(Role::Border));
        if (!item.text)
            continue;
        const auto [from, to] = selectionIn(i);
        item.text->paint(painter, QPointF(left, item.top), from, to);
        if (!item.block.marker.isEmpty()) {
            painter.setFont(Theme::font(TextStyle::Chat));
            painter.setPen(Theme::color(Role::Text2));
            const QRect place(left - 3 * kIndent, item.top, 3 * kIndent - 6, 22);
            painter.drawText(place, Qt::AlignRight | Qt::AlignVCenter, item.block.marker);
        }
    }
    if (!m_hasCaret)
        return;
    QPointF at(0, 16 + 3);
    if (!m_items.empty()) {
        const Item& last = m_items.back();
        if (last.text)
            at = last.text->endOfText() + QPointF(leftOf(last.block), last.top);
        else
            at = QPointF(leftOf(last.block), last.top + last.height);
    }
    if (m_items.empty() || m_items.back().text)
        painter.fillRect(QRectF(at.x() + 2, at.y() - 17, 8, 16), Theme::color(Role::Accent));
}

}  // namespace facet::ui
