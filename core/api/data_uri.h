#pragma once

// Pictures inside a request: data:image/png;base64,....

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace facet::core::api {

/// The bytes of a base64 data URI, of whatever type it says to be: pictures are told apart by content.
///
/// Errors  InvalidInput: no base64, or damaged. The sentence lacks its subject.
Result<std::string> bytesOfDataUri(std::string_view uri);

std::string dataUri(std::string_view mimeType, std::string_view bytes);

}  // namespace facet::core::api
