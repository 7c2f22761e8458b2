#include "core/base/text.h"

namespace facet::core {

std::string inQuotes(std::string_view value)
{
    constexpr size_t kMaxBytes = 80;
    std::string text = "\"";
    for (const char c : value.substr(0, kMaxBytes))
        text += c >= ' ' && c <= '~' ? c : '?';
    if (value.size() > kMaxBytes)
        text += "...";
    return text + "\"";
}

}  // namespace facet::core
