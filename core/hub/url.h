#pragma once

// Addresses of the web: whose they are, and how a redirect changes them.

#include <optional>
#include <string>
#include <string_view>

namespace facet::core {

/// "https://huggingface.co:443", which says who gets what is sent; none if it is no http or https address.
std::optional<std::string> originOf(const std::string& url);

/// "huggingface.co", for messages; "" if it is no address.
std::string hostOf(const std::string& url);

/// Where a Location header that came from `base` leads.
std::optional<std::string> redirected(const std::string& base, const std::string& location);

/// Text as a part of a path: "refs%2Fpr%2F1", or with its slashes: "sub/a%20file".
std::string percentEncoded(std::string_view text, bool keepSlashes);

}  // namespace facet::core
