#include "core/base/text.h"

namespace facet::core {

std::string inQuotes(std::string_view value, size_t maxBytes)
{
    std::string text = "\"";
    for (const char c : value.substr(0, maxBytes))
        text += c >= ' ' && c <= '~' ? c : '?';
    if (value.size() > maxBytes)
        text += "...";
    return text + "\"";
}

}  // namespace facet::core
