#pragma once

#include "core/base/file.h"

#include <cstring>
#include <string>
#include <string_view>

namespace facet::core {

/// A .safetensors file with this header and this data, whether they fit together or not.
inline std::string safetensorsBytes(std::string_view header, std::string_view data)
{
    const uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes + std::string(header) + std::string(data);
}

}  // namespace facet::core
