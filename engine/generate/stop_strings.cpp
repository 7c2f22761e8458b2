#include "engine/generate/stop_strings.h"

#include <algorithm>
#include <utility>

namespace facet::engine {
namespace {

/// The length of the longest end of `text` that begins `string` without being all of it.
size_t lengthOfBegun(std::string_view text, std::string_view string)
{
    if (string.empty())
        return 0;
    for (size_t length = std::min(text.size(), string.size() - 1); length > 0; --length)
        if (text.substr(text.size() - length) == string.substr(0, length))
            return length;
    return 0;
}

}  // namespace

std::string StopStrings::push(std::string_view text)
{
    if (m_found)
        return "";
    m_held += text;

    size_t first = std::string::npos;
    for (const std::string& string : m_strings)
        if (!string.empty())
            first = std::min(first, m_held.find(string));
    if (first != std::string::npos) {
        m_found = true;
        return std::exchange(m_held, "").substr(0, first);
    }

    size_t hold = 0;
    for (const std::string& string : m_strings)
        hold = std::max(hold, lengthOfBegun(m_held, string));
    std::string shown = m_held.substr(0, m_held.size() - hold);
    m_held.erase(0, shown.size());
    return shown;
}

std::string StopStrings::finish()
{
    return m_found ? "" : std::exchange(m_held, "");
}

}  // namespace facet::engine
