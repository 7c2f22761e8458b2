#pragma once

#include "ui/markdown/markdown_block.h"

#include <QByteArray>

namespace facet::ui {

struct MarkdownParse {
    QList<MarkdownBlock> blocks;

    /// The number of the last outermost ordered item, and what stands behind it; 0 if the text does not end
    /// in one.
    int lastNumber = 0;
    char lastDelimiter = 0;
};

/// Parses a whole text by md4c: CommonMark with tables, task lists, strikethrough and bare addresses. HTML is
/// shown as it is written, but for <br>; pictures from elsewhere are shown as links, never fetched.
///
/// A line end within a paragraph is kept: models break lines where they mean it.
MarkdownParse parseMarkdown(const QByteArray& utf8);

}  // namespace facet::ui
