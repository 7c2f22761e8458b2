#include "core/base/text.h"
#include "core/data/energon_folder.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace facet::core {
namespace {

constexpr size_t kMost = 100'000;

/// The place of the "}" that closes the "{" at `open`; npos if there is none.
size_t closingBrace(std::string_view text, size_t open)
{
    int depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
        depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
        if (depth == 0)
            return i;
    }
    return std::string_view::npos;
}

std::optional<int64_t> wholeNumber(std::string_view text)
{
    int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value)
                                                                                       : std::nullopt;
}

/// "000..012" or "0..9..3" as its numbers, with the width of a bound that begins with 0.
std::optional<std::vector<std::string>> rangeOf(std::string_view inner)
{
    const size_t dots = inner.find("..");
    if (dots == std::string_view::npos)
        return std::nullopt;
    std::string_view last = inner.substr(dots + 2);
    std::string_view stepText;
    if (const size_t more = last.find(".."); more != std::string_view::npos) {
        stepText = last.substr(more + 2);
        last = last.substr(0, more);
    }
    const std::string_view first = inner.substr(0, dots);
    const std::optional<int64_t> from = wholeNumber(first);
    const std::optional<int64_t> to = wholeNumber(last);
    const std::optional<int64_t> step = stepText.empty() ? std::optional<int64_t>(1) : wholeNumber(stepText);
    if (!from || !to || !step || *step == 0 || *from < 0 || *to < 0)
        return std::nullopt;
    const bool isPadded =
        (first.size() > 1 && first.front() == '0') || (last.size() > 1 && last.front() == '0');
    const size_t width = isPadded ? std::max(first.size(), last.size()) : 0;
    const int64_t stride = std::abs(*step);
    std::vector<std::string> numbers;
    for (int64_t i = *from; (*from <= *to ? i <= *to : i >= *to) && numbers.size() <= kMost;
         i += *from <= *to ? stride : -stride) {
        std::string number = std::to_string(i);
        if (number.size() < width)
            number.insert(0, width - number.size(), '0');
        numbers.push_back(std::move(number));
    }
    return numbers;
}

/// The parts of "a,{b,c},d" at its outermost commas.
std::vector<std::string> alternatives(std::string_view inner)
{
    std::vector<std::string> parts = {""};
    int depth = 0;
    for (const char c : inner) {
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (c == ',' && depth == 0)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

}  // namespace

Result<std::vector<std::string>> expandBraces(const std::string& text)
{
    size_t open = text.find('{');
    while (open != std::string::npos) {
        const size_t close = closingBrace(text, open);
        if (close == std::string::npos)
            break;
        const std::string inner = text.substr(open + 1, close - open - 1);
        std::optional<std::vector<std::string>> middle = rangeOf(inner);
        if (!middle) {
            middle = alternatives(inner);
            if (middle->size() == 1)  // "{a}" stays as it is
                middle.reset();
        }
        if (!middle) {
            open = text.find('{', open + 1);
            continue;
        }
        const Result<std::vector<std::string>> rest = expandBraces(text.substr(close + 1));
        if (!rest)
            return rest;
        std::vector<std::string> result;
        for (const std::string& each : *middle) {
            const Result<std::vector<std::string>> inside = expandBraces(each);
            if (!inside)
                return inside;
            for (const std::string& part : *inside)
                for (const std::string& tail : *rest)
                    if (result.push_back(text.substr(0, open) + part + tail); result.size() > kMost)
                        return Error{ErrorCode::InvalidInput, inQuotes(text) + " stands for more than " +
                                                                  std::to_string(kMost) + " names"};
        }
        return result;
    }
    return std::vector<std::string>{text};
}

}  // namespace facet::core
