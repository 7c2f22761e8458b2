#include "core/safetensors/tensor_view.h"

#include <array>

namespace facet::core {
namespace {

struct Entry {
    DType type;
    std::string_view name;
    size_t size;
    size_t blockLength = 1;
};

constexpr std::array<Entry, 16> kTypes = {{
    {DType::F64, "F64", 8},
    {DType::F32, "F32", 4},
    {DType::F16, "F16", 2},
    {DType::BF16, "BF16", 2},
    {DType::I64, "I64", 8},
    {DType::I32, "I32", 4},
    {DType::I16, "I16", 2},
    {DType::I8, "I8", 1},
    {DType::U8, "U8", 1},
    {DType::Bool, "BOOL", 1},
    {DType::Q4_0, "Q4_0", 18, 32},
    {DType::Q5_0, "Q5_0", 22, 32},
    {DType::Q8_0, "Q8_0", 34, 32},
    {DType::Q4_K, "Q4_K", 144, 256},
    {DType::Q5_K, "Q5_K", 176, 256},
    {DType::Q6_K, "Q6_K", 210, 256},
}};

const Entry& entryOf(DType type)
{
    return kTypes[static_cast<size_t>(type)];
}

}  // namespace

size_t sizeOf(DType type)
{
    return entryOf(type).size;
}

size_t blockLength(DType type)
{
    return entryOf(type).blockLength;
}

std::string_view nameOf(DType type)
{
    return entryOf(type).name;
}

std::optional<DType> dtypeNamed(std::string_view name)
{
    for (const Entry& entry : kTypes) {
        if (entry.name == name && entry.blockLength == 1)
            return entry.type;
    }
    return std::nullopt;
}

std::optional<uint64_t> byteSize(DType type, std::span<const int64_t> shape)
{
    constexpr uint64_t kMost = INT64_MAX;
    // Every product is checked, also one that a later zero makes harmless: strides are such products.
    uint64_t bytes = sizeOf(type);
    const auto block = static_cast<int64_t>(blockLength(type));
    if (block > 1 && (shape.empty() || shape.back() % block != 0))
        return std::nullopt;
    bool isEmpty = false;
    for (size_t i = 0; i < shape.size(); ++i) {
        const int64_t dimension = i + 1 == shape.size() ? shape[i] / block : shape[i];
        if (dimension < 0)
            return std::nullopt;
        if (dimension == 0) {
            isEmpty = true;
            continue;
        }
        if (bytes > kMost / static_cast<uint64_t>(dimension))
            return std::nullopt;
        bytes *= static_cast<uint64_t>(dimension);
    }
    return isEmpty ? 0 : bytes;
}

}  // namespace facet::core
