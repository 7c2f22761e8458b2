#pragma once

// Bytes to well-formed UTF-8: what a model generates and what a user pastes need not be.

#include <string>
#include <string_view>

namespace facet::core {

/// Takes the whole characters off the front of `bytes` and leaves there the beginning of one that may still
/// be completed, at most three bytes. What can never become a character gives U+FFFD, one for each maximal
/// part, as Python's errors="replace" does.
std::string takeCharacters(std::string& bytes);

/// `bytes` as well-formed UTF-8; what is broken or cut off becomes U+FFFD.
std::string wellFormed(std::string bytes);

bool isWellFormed(std::string_view bytes);

}  // namespace facet::core
