#pragma once

// Which words of two texts differ: the fewest that have to go from the one and to come into the other.

#include <QList>
#include <QStringView>

namespace facet::ui {

/// A stretch of a text, in UTF-16 units.
struct TextSpan {
    qsizetype begin = 0;
    qsizetype length = 0;
    bool operator==(const TextSpan&) const = default;
};

struct WordDiff {
    QList<TextSpan> left;   ///< what only the left text has; words beside each other are one stretch
    QList<TextSpan> right;  ///< what only the right one has
    int numLeft = 0;        ///< words in `left`
    int numRight = 0;
};

/// Words are Unicode's (UAX 29), each sign of punctuation is one, and space is none.
///
/// Thread  any
/// Cost    the number of words times that of the differences, at worst
/// Source  Myers, An O(ND) Difference Algorithm and Its Variations (1986), section 4b: in linear memory
WordDiff diffWords(QStringView left, QStringView right);

}  // namespace facet::ui
