#pragma once

#include <span>
#include <string>
#include <string_view>

namespace facet::core {

/// The SHA-256 of the parts, one after another: 32 bytes.
std::string sha256(std::span<const std::string_view> parts);

}  // namespace facet::core
