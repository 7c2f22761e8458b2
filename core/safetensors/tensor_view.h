#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace facet::core {

/// Element types of safetensors files that Facet reads, then those that only GGUF files have: blocks of 32 or
/// 256 neighbours in a row with scales of their own (core/gguf/blocks.h).
enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool, Q4_0, Q5_0, Q8_0, Q4_K, Q5_K, Q6_K };

/// Bytes of one element, or of one block.
size_t sizeOf(DType type);

/// Elements of a block; 1 for plain types.
size_t blockLength(DType type);
inline bool isBlocked(DType type)
{
    return blockLength(type) > 1;
}

std::string_view nameOf(DType type);                     ///< as in the file: "BF16", "Q4_K"
std::optional<DType> dtypeNamed(std::string_view name);  ///< safetensors' names only

/// The bytes of a tensor of this shape; none if a dimension is negative, if rows are no whole number of
/// blocks, or if the product does not fit into 63 bits.
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
