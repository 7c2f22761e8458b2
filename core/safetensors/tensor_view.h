#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace facet::core {

/// Element types of safetensors files that Facet reads; sizes in bytes by sizeOf().
enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

size_t sizeOf(DType type);
std::string_view nameOf(DType type);  ///< as in the file: "BF16"
std::optional<DType> dtypeNamed(std::string_view name);

/// The bytes of a tensor of this shape; none if a dimension is negative or the product does not fit into 63
/// bits.
std::optional<uint64_t> byteSize(DType type, std::span<const int64_t> shape);

/// A tensor that lies in somebody else's memory, row-major and without gaps.
///
/// Limits  `bytes` may start at any address: the format does not align tensors.
struct TensorView {
    DType dtype = DType::F32;
    std::vector<int64_t> shape;  ///< empty for a scalar
    std::span<const std::byte> bytes;
};

}  // namespace facet::core
