#pragma once

// Words for messages.

#include <cstddef>
#include <string>
#include <string_view>

namespace facet::core {

/// A value from outside, fit for a sentence: in quotation marks, at most `maxBytes` of it, anything
/// but printable ASCII as "?", so that a hostile file can neither flood nor garble a terminal.
std::string inQuotes(std::string_view value, size_t maxBytes = 80);

}  // namespace facet::core
