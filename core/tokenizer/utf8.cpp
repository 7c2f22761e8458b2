#include "core/tokenizer/utf8.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace facet::core {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

enum class Form { Whole, Cut, Broken };

struct Scanned {
    Form form = Form::Broken;
    size_t numBytes = 1;
};

/// The character at the front. The second byte's range rules out overlong forms, surrogates and what lies
/// beyond U+10FFFF.
///
/// Source  The Unicode Standard, table 3-7
Scanned scan(std::string_view bytes)
{
    const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
    const uint8_t lead = at(0);
    if (lead < 0x80)
        return {Form::Whole, 1};
    if (lead < 0xC2 || lead > 0xF4)
        return {Form::Broken, 1};
    const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < length; ++i) {
        if (i == bytes.size())
            return {Form::Cut, i};
        if (at(i) < (i == 1 ? low : 0x80) || at(i) > (i == 1 ? high : 0xBF))
            return {Form::Broken, i};
    }
    return {Form::Whole, length};
}

}  // namespace

std::string takeCharacters(std::string& bytes)
{
    std::string text;
    text.reserve(bytes.size());
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const Scanned next = scan(rest);
        if (next.form == Form::Cut)
            break;
        text += next.form == Form::Whole ? rest.substr(0, next.numBytes) : kReplacement;
        rest.remove_prefix(next.numBytes);
    }
    bytes.erase(0, bytes.size() - rest.size());
    return text;
}

std::string wellFormed(std::string bytes)
{
    std::string text = takeCharacters(bytes);
    if (!bytes.empty())
        text += kReplacement;
    return text;
}

bool isWellFormed(std::string_view bytes)
{
    while (!bytes.empty()) {
        const Scanned next = scan(bytes);
        if (next.form != Form::Whole)
            return false;
        bytes.remove_prefix(next.numBytes);
    }
    return true;
}

}  // namespace facet::core
