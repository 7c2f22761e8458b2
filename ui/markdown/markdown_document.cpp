#include "ui/markdown/markdown_document.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace facet::ui {

static qsizetype indentOf(QByteArrayView line)
{
    qsizetype indent = 0;
    while (indent < line.size() && line[indent] == ' ')
        ++indent;
    return indent;
}

static bool isBlank(QByteArrayView line)
{
    return std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

/// How many backticks or tildes `line`, without its indent, begins with; 0 if they are no fence.
static qsizetype fenceLength(QByteArrayView line)
{
    const char mark = line.isEmpty() ? '\0' : line[0];
    if (mark != '`' && mark != '~')
        return 0;
    qsizetype length = 0;
    while (length < line.size() && line[length] == mark)
        ++length;
    // A line such as ```x``` is inline code.
    const bool isInline = mark == '`' && line.sliced(length).contains('`');
    return length >= 3 && !isInline ? length : 0;
}

/// Whether `line` closes a fence of `length` marks.
static bool closesFence(QByteArrayView line, char mark, qsizetype length)
{
    qsizetype marks = 0;
    while (marks < line.size() && line[marks] == mark)
        ++marks;
    return marks >= length && isBlank(line.sliced(marks));
}

static bool isHeading(QByteArrayView line)
{
    qsizetype level = 0;
    while (level < line.size() && line[level] == '#')
        ++level;
    return level >= 1 && level <= 6 && (level == line.size() || line[level] == ' ');
}

/// What stands behind the number of an ordered item, '-' for a bullet, '\0' if `line` begins no item.
static char itemDelimiter(QByteArrayView line)
{
    const auto endsHere = [&](qsizetype at) {
        return at == line.size() || line[at] == ' ' || line[at] == '\t';
    };
    if (line.isEmpty())
        return '\0';
    if (line[0] == '-' || line[0] == '*' || line[0] == '+')
        return endsHere(1) ? '-' : '\0';
    qsizetype digits = 0;
    while (digits < line.size() && digits < 9 && line[digits] >= '0' && line[digits] <= '9')
        ++digits;
    if (digits == 0 || digits == line.size() || (line[digits] != '.' && line[digits] != ')'))
        return '\0';
    return endsHere(digits + 1) ? line[digits] : '\0';
}

static QByteArrayView firstLine(const QByteArray& piece)
{
    const qsizetype end = piece.indexOf('\n');
    return QByteArrayView(piece).first(end < 0 ? piece.size() : end);
}

/// The head and the line of dashes of a table, if `piece` begins with them; else nothing.
static QByteArray tableHead(const QByteArray& piece)
{
    const qsizetype first = piece.indexOf('\n');
    const qsizetype second = first < 0 ? -1 : piece.indexOf('\n', first + 1);
    if (second < 0)
        return {};
    const QByteArrayView dashes = QByteArrayView(piece).sliced(first + 1, second - first - 1);
    const bool isDelimiter =
        dashes.contains('-') && dashes.contains('|') &&
        std::all_of(dashes.begin(), dashes.end(), [](char c) { return std::strchr("-:| \r", c); });
    return isDelimiter ? piece.left(second + 1) : QByteArray();
}

void MarkdownDocument::append(QStringView text)
{
    if (text.isEmpty())
        return;
    m_open += text.toUtf8();
    scanLines();
    parseOpen();
}

void MarkdownDocument::finish()
{
    if (m_fence == Fence::Outer) {
        growCode(m_open.size());
        m_numClosed = m_blocks.size();
        m_open.clear();
        m_fence = Fence::None;
    } else
        closePiece(m_open.size());
    m_lineBegin = 0;
}

qsizetype MarkdownDocument::takeFirstChanged()
{
    return std::exchange(m_firstChanged, m_blocks.size());
}

void MarkdownDocument::scanLines()
{
    while (true) {
        const qsizetype end = m_open.indexOf('\n', m_lineBegin);
        if (end < 0)
            break;
        const qsizetype begin = m_lineBegin;
        m_lineBegin = end + 1;
        scanLine(begin, end);
    }
    // The line that is still being written may already be so long that it has to be cut.
    if (m_fence == Fence::None && m_open.size() > 2 * kLongPieceBytes) {
        qsizetype at = m_open.lastIndexOf(' ', kLongPieceBytes);
        if (at <= 0) {
            at = kLongPieceBytes;
            // Not within a character.
            while (at < m_open.size() && (m_open[at] & 0xC0) == 0x80)
                ++at;
        }
        forceCut(at);
        scanLines();
    }
}

/// Precondition: m_lineBegin is behind this line. Cuts move all positions.
void MarkdownDocument::scanLine(qsizetype begin, qsizetype end)
{
    const QByteArrayView whole = QByteArrayView(m_open).sliced(begin, end - begin);
    const qsizetype indent = indentOf(whole);
    const QByteArrayView line = whole.sliced(indent);
    if (m_fence != Fence::None) {
        if (!closesFence(line, m_fenceMark, m_fenceLength))
            return;
        if (m_fence == Fence::Inner) {
            m_fence = Fence::None;
            return;
        }
        growCode(begin);
        m_fence = Fence::None;
        m_numClosed = m_blocks.size();
        m_open.remove(0, m_lineBegin);
        m_lineBegin = 0;
        m_isAfterBlank = true;
        return;
    }
    if (isBlank(line)) {
        m_isAfterBlank = true;
        return;
    }
    const bool isHeadingLine = indent == 0 && isHeading(line);
    const qsizetype fence = fenceLength(line);
    const bool isCut = indent == 0 && cutsBefore(line);
    // Cells cost more than words.
    const bool isTooLong =
        begin > kLongPieceBytes ||
        (begin > kLongPieceBytes / 4 && (!m_tableHead.isEmpty() || !tableHead(m_open).isEmpty()));
    if (begin > 0 && (isCut || isTooLong)) {
        const qsizetype lineBytes = m_lineBegin - begin;
        if (isCut)
            closePiece(begin);
        else
            forceCut(begin);
        m_lineBegin = lineBytes;
    }
    if (m_open.indexOf('\n') == m_lineBegin - 1 && indent == 0)
        m_isInList = itemDelimiter(firstLine(m_open)) != '\0';
    m_isAfterBlank = false;
    if (fence > 0) {
        const QByteArrayView again =
            QByteArrayView(m_open).sliced(m_lineBegin - 1 - whole.size(), whole.size());
        m_fenceMark = again.sliced(indent)[0];
        m_fenceLength = fence;
        m_fence = indent == 0 ? Fence::Outer : Fence::Inner;
        if (m_fence == Fence::Outer)
            startCode(again);
    } else if (isHeadingLine)
        m_isAfterBlank = true;
}

/// Whether nothing that comes from here on, where `line` stands at the margin, can change what was before.
bool MarkdownDocument::cutsBefore(QByteArrayView line) const
{
    if (m_isAfterBlank || isHeading(line) || fenceLength(line) > 0)
        return true;
    return m_isInList && itemDelimiter(line) != '\0';
}

void MarkdownDocument::closePiece(qsizetype end)
{
    if (end > 0) {
        MarkdownParse whole;
        replaceOpen(parse(m_open.left(end), &whole));
        m_numClosed = m_blocks.size();
        m_lastNumber = whole.lastNumber;
        m_lastDelimiter = whole.lastDelimiter;
        m_open.remove(0, end);
    }
    m_lineBegin = 0;
    m_tableHead.clear();
    m_isContinuing = false;
    m_isInList = false;
}

void MarkdownDocument::forceCut(qsizetype at)
{
    const QByteArray head = m_tableHead.isEmpty() ? tableHead(m_open) : m_tableHead;
    closePiece(at);
    m_tableHead = head;
    m_isContinuing = true;
}

void MarkdownDocument::startCode(QByteArrayView line)
{
    replaceOpen({});
    MarkdownBlock code;
    code.kind = MarkdownBlock::Kind::Code;
    const QByteArray info = line.sliced(m_fenceLength).toByteArray().trimmed();
    code.language = QString::fromUtf8(info.left(info.indexOf(' ') < 0 ? info.size() : info.indexOf(' ')));
    m_firstChanged = std::min(m_firstChanged, m_blocks.size());
    m_blocks.append(code);
    m_hasCode = false;
    m_codeLength = 0;
    m_open.remove(0, m_lineBegin);
    m_lineBegin = 0;
    m_lastNumber = 0;
    m_isContinuing = false;
    m_tableHead.clear();
    m_isInList = false;
}

/// Moves the lines before `end` from m_open into the block of an open fence: they cannot change any more.
void MarkdownDocument::growCode(qsizetype end)
{
    QString& code = m_blocks.last().code;
    code.truncate(m_codeLength);
    m_firstChanged = std::min(m_firstChanged, m_blocks.size() - 1);
    if (end > 0) {
        if (m_hasCode)
            code += u'\n';
        const qsizetype lineEnd = m_open[end - 1] == '\n' ? end - 1 : end;
        code += QString::fromUtf8(QByteArrayView(m_open).first(lineEnd));
        m_hasCode = true;
        m_codeLength = code.size();
        m_open.remove(0, end);
        m_lineBegin -= std::min(end, m_lineBegin);
    }
}

/// Shows the line that is being written, unless it may become the end of the fence.
void MarkdownDocument::showUnfinishedCode()
{
    if (m_open.isEmpty() || m_open[indentOf(m_open) % m_open.size()] == m_fenceMark)
        return;
    QString& code = m_blocks.last().code;
    if (m_hasCode)
        code += u'\n';
    code += QString::fromUtf8(m_open);
}

void MarkdownDocument::parseOpen()
{
    if (m_fence == Fence::Outer) {
        growCode(m_lineBegin);
        showUnfinishedCode();
    } else
        replaceOpen(parse(m_open));
}

QList<MarkdownBlock> MarkdownDocument::parse(const QByteArray& piece, MarkdownParse* whole)
{
    const bool isTable = !m_tableHead.isEmpty();
    m_parsedBytes += piece.size();
    MarkdownParse parsed = parseMarkdown(isTable ? m_tableHead + piece : piece);
    QList<MarkdownBlock>& blocks = parsed.blocks;
    if (m_isContinuing && !blocks.isEmpty()) {
        MarkdownBlock& first = blocks.first();
        first.continues = true;
        if (isTable && first.kind == MarkdownBlock::Kind::Table)
            first.rows.removeFirst();
    }
    // An ordered list counts on over our cuts, as it does in one text, whatever numbers are written.
    const char delimiter = itemDelimiter(firstLine(piece));
    if (m_lastNumber > 0 && delimiter == m_lastDelimiter && !blocks.isEmpty() &&
        !blocks.first().marker.isEmpty()) {
        blocks.first().marker = QString::number(m_lastNumber + 1) + QLatin1Char(delimiter);
        if (parsed.lastNumber > 0)
            parsed.lastNumber = m_lastNumber + 1;
    }
    if (whole)
        *whole = parsed;
    return blocks;
}

/// Puts `blocks` in place of those of the open piece, and notes from where on they differ.
void MarkdownDocument::replaceOpen(QList<MarkdownBlock> blocks)
{
    qsizetype same = 0;
    while (same < blocks.size() && m_numClosed + same < m_blocks.size() &&
           m_blocks[m_numClosed + same] == blocks[same])
        ++same;
    if (same == blocks.size() && m_numClosed + same == m_blocks.size())
        return;
    m_firstChanged = std::min(m_firstChanged, m_numClosed + same);
    m_blocks.resize(m_numClosed + same);
    m_blocks.append(blocks.mid(same));
}

}  // namespace facet::ui
