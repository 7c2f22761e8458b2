#pragma once

// A Markdown text that grows at its end. The text is cut where a block can no longer change (a blank line
// before something that stands at the margin, a heading, a fence, the next item of a list); what lies before
// a cut is parsed once and never again. A block that does not end is cut by force, so that an update costs a
// few kilobytes at most, whatever the model writes.

#include "ui/markdown/markdown_block.h"
#include "ui/markdown/markdown_parser.h"

#include <QByteArray>
#include <QStringView>

namespace facet::ui {

class MarkdownDocument {
public:
    /// From here on a piece that is still open is cut at the next line, and from twice as much anywhere.
    static constexpr qsizetype kLongPieceBytes = 4096;

    void append(QStringView text);

    /// The text is whole: the last block is closed.
    void finish();

    void clear() { *this = {}; }

    const QList<MarkdownBlock>& blocks() const { return m_blocks; }

    /// The first block that differs from what blocks() gave at the last call.
    qsizetype takeFirstChanged();

    /// How many bytes were given to the parser since the beginning: what a test can count in place of time.
    qsizetype parsedBytes() const { return m_parsedBytes; }

private:
    enum class Fence { None, Outer, Inner };

    void scanLines();
    void scanLine(qsizetype begin, qsizetype end);
    bool cutsBefore(QByteArrayView line) const;
    void closePiece(qsizetype end);
    void forceCut(qsizetype at);
    void startCode(QByteArrayView line);
    void growCode(qsizetype end);
    void showUnfinishedCode();
    void parseOpen();
    QList<MarkdownBlock> parse(const QByteArray& piece, MarkdownParse* whole = nullptr);
    void replaceOpen(QList<MarkdownBlock> blocks);

    QList<MarkdownBlock> m_blocks;
    qsizetype m_numClosed = 0;  // of m_blocks
    qsizetype m_firstChanged = 0;

    QByteArray m_open;          // text of the piece that may still change
    qsizetype m_lineBegin = 0;  // of the first line in m_open that was not scanned yet
    bool m_isAfterBlank = false;
    bool m_isInList = false;
    Fence m_fence = Fence::None;
    char m_fenceMark = 0;
    qsizetype m_fenceLength = 0;
    bool m_hasCode = false;      // whether the open fence has a whole line
    qsizetype m_codeLength = 0;  // of whole lines

    QByteArray m_tableHead;       // of a table that was cut, to parse its rest with
    bool m_isContinuing = false;  // m_open goes on with a block that was cut
    int m_lastNumber = 0;         // of the ordered list that m_open may go on with
    char m_lastDelimiter = 0;

    qsizetype m_parsedBytes = 0;
};

}  // namespace facet::ui
