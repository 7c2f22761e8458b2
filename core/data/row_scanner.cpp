#include "core/data/row_scanner.h"

#include <cstring>

namespace facet::core {
namespace {

bool isSpace(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

void RowScanner::feed(std::string_view piece, std::vector<uint64_t>& begins)
{
    if (m_isList)
        feedList(piece, begins);
    else
        feedLines(piece, begins);
    m_offset += piece.size();
}

void RowScanner::feedLines(std::string_view piece, std::vector<uint64_t>& begins)
{
    const char* at = piece.data();
    const char* const end = at + piece.size();
    while (at < end) {
        if (m_isAtStart) {
            while (at < end && isSpace(*at))
                ++at;
            if (at == end)
                break;
            begins.push_back(m_offset + static_cast<uint64_t>(at - piece.data()));
            m_isAtStart = false;
        }
        const auto* const newline =
            static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
        if (!newline)
            break;
        m_isAtStart = true;
        at = newline + 1;
    }
    m_end = m_offset + piece.size();
}

void RowScanner::feedList(std::string_view piece, std::vector<uint64_t>& begins)
{
    for (size_t i = 0; i < piece.size() && !m_hasEnd; ++i) {
        const char c = piece[i];
        if (m_isInText) {
            if (m_isEscaped)
                m_isEscaped = false;
            else if (c == '\\')
                m_isEscaped = true;
            else if (c == '"')
                m_isInText = false;
            continue;
        }
        if (isSpace(c))
            continue;
        if (m_depth == 1 && c == ']') {
            m_hasEnd = true;
            m_end = m_offset + i;
            return;
        }
        if (m_depth == 1 && c == ',') {
            m_isAtStart = true;
            continue;
        }
        if (m_depth == 1 && m_isAtStart) {
            begins.push_back(m_offset + i);
            m_isAtStart = false;
        }
        if (c == '"')
            m_isInText = true;
        else if (c == '[' || c == '{')
            ++m_depth;
        else if (c == ']' || c == '}')
            --m_depth;
    }
}

bool RowScanner::finish(std::vector<uint64_t>& begins) const
{
    const uint64_t end = m_isList && !m_hasEnd ? m_offset : m_end;
    begins.push_back(begins.empty() ? 0 : end);
    return !m_isList || m_hasEnd;
}

std::string_view rowBetween(std::string_view all, uint64_t begin, uint64_t end, bool isList)
{
    std::string_view row = all.substr(begin, end - begin);
    bool hasComma = isList;
    while (!row.empty() && (isSpace(row.back()) || (hasComma && row.back() == ','))) {
        hasComma = hasComma && row.back() != ',';
        row.remove_suffix(1);
    }
    return row;
}

}  // namespace facet::core
