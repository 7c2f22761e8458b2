#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace facet::core {

/// Finds where rows begin, in pieces of a file fed in order. Lines without anything but white space are no
/// rows.
class RowScanner {
public:
    /// With `isList`, rows are the elements of one JSON list; else lines.
    explicit RowScanner(bool isList) : m_isList(isList) {}

    /// Appends the offsets in the file at which rows begin.
    void feed(std::string_view piece, std::vector<uint64_t>& begins);

    /// Appends where the last row ends, or 0 if there are no rows. Returns false if a list has no end.
    bool finish(std::vector<uint64_t>& begins) const;

private:
    void feedLines(std::string_view piece, std::vector<uint64_t>& begins);
    void feedList(std::string_view piece, std::vector<uint64_t>& begins);

    bool m_isList;
    uint64_t m_offset = 0;
    bool m_isAtStart =
        true;         ///< lines: of a line, nothing but white space so far; list: an element may begin
    int m_depth = 0;  ///< list: open brackets
    bool m_isInText = false;
    bool m_isEscaped = false;
    bool m_hasEnd = false;
    uint64_t m_end = 0;
};

/// The row in [begin, end), without white space around it and, in a list, the comma behind it.
std::string_view rowBetween(std::string_view all, uint64_t begin, uint64_t end, bool isList);

}  // namespace facet::core
