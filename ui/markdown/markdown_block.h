#pragma once

// A Markdown text as a flat list of blocks, as a view lays them out: lists and quotes are indents of text
// blocks.

#include <QList>
#include <QString>

namespace facet::ui {

enum SpanStyle : quint8 {
    Bold = 1,
    Italic = 2,
    InlineCode = 4,
    Strike = 8,
    Link = 16,
    Marked = 32,
};

/// A stretch of a text that looks otherwise than the rest.
struct Span {
    int start = 0;  ///< in UTF-16 units
    int length = 0;
    quint8 styles = 0;  ///< of SpanStyle
    QString address;    ///< of a Link

    bool operator==(const Span&) const = default;
};

struct RichText {
    QString text;  ///< lines end with U+2028
    QList<Span> spans;

    bool operator==(const RichText&) const = default;
};

struct MarkdownBlock {
    enum class Kind { Text, Code, Table, Rule };
    enum class Align { Left, Center, Right };

    Kind kind = Kind::Text;
    int heading = 0;  ///< 1 to 6; 0: none
    int indent = 0;   ///< depth of lists
    int quote = 0;    ///< depth of quotes
    QString marker;   ///< of a list's item: "•", "3.", "☐", "☑"

    /// The rest of a block that was too long for one piece: no space before it, a table has no head.
    bool continues = false;

    RichText text;

    QString language;  ///< of a code block, "" if it does not say
    QString code;      ///< lines end with \n but the last
    QList<Span> codeMarks;

    QList<Align> columns;
    QList<QList<RichText>> rows;  ///< the first is the head, unless it continues

    bool operator==(const MarkdownBlock&) const = default;
};

}  // namespace facet::ui
