#include "core/base/nearest.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace facet::core {
namespace {

char lower(char c)
{
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Letters put in, left out, replaced, or swapped with their neighbour (optimal string alignment).
size_t distance(std::string_view a, std::string_view b)
{
    std::vector<size_t> beforeLast(b.size() + 1);
    std::vector<size_t> last(b.size() + 1);
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const bool isSame = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1)});
            const bool isSwapped =
                i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (isSwapped)
                row[j] = std::min(row[j], beforeLast[j - 2] + 1);
        }
        std::swap(beforeLast, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::string nearestName(std::string_view word, std::span<const std::string> names)
{
    constexpr size_t kMaxLength = 200;  // the work grows with the square
    if (word.empty() || word.size() > kMaxLength)
        return "";
    size_t best = std::max<size_t>(2, word.size() / 3) + 1;
    std::string nearest;
    for (const std::string& name : names) {
        if (const size_t far = distance(word, name); far < best && far < name.size()) {
            best = far;
            nearest = name;
        }
    }
    return nearest;
}

std::string suggestion(std::string_view word, std::span<const std::string> names)
{
    const std::string nearest = nearestName(word, names);
    return nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?";
}

}  // namespace facet::core
