#pragma once

// "Did you mean ...?"

#include <span>
#include <string>
#include <string_view>

namespace facet::core {

/// The one of `names` with the smallest edit distance to `word`, letter case aside; "" where none is near
/// (a third of the word's letters may differ, and at least two).
std::string nearestName(std::string_view word, std::span<const std::string> names);

/// "; did you mean \"x\"?", or "" where nothing is near.
std::string suggestion(std::string_view word, std::span<const std::string> names);

}  // namespace facet::core
