#include "core/gguf/blocks.h"

#include "core/gguf/half.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>

namespace facet::core {
namespace {

uint8_t byteAt(const std::byte* at)
{
    return std::to_integer<uint8_t>(*at);
}

uint16_t wordAt(const std::byte* at)
{
    uint16_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

float halfAt(const std::byte* at)
{
    return floatOfHalf(wordAt(at));
}

void q8_0(const std::byte* block, float* values)
{
    const float scale = halfAt(block);
    for (int i = 0; i < 32; ++i)
        values[i] = static_cast<float>(static_cast<int8_t>(byteAt(block + 2 + i))) * scale;
}

void q4_0(const std::byte* block, float* values)
{
    const float scale = halfAt(block);
    for (int i = 0; i < 16; ++i) {
        const int both = byteAt(block + 2 + i);
        values[i] = scale * static_cast<float>((both & 15) - 8);
        values[i + 16] = scale * static_cast<float>((both >> 4) - 8);
    }
}

void q5_0(const std::byte* block, float* values)
{
    const float scale = halfAt(block);
    uint32_t fifthBits = 0;
    std::memcpy(&fifthBits, block + 2, sizeof fifthBits);
    for (int i = 0; i < 16; ++i) {
        const int both = byteAt(block + 6 + i);
        const int low = (both & 15) | static_cast<int>(fifthBits >> i & 1) << 4;
        const int high = both >> 4 | static_cast<int>(fifthBits >> (i + 16) & 1) << 4;
        values[i] = scale * static_cast<float>(low - 16);
        values[i + 16] = scale * static_cast<float>(high - 16);
    }
}

/// Scale and minimum of group `i` of 8, out of 12 bytes: the first four of each have six bits of a byte, the
/// others four bits of a byte and the two that the first left over.
std::pair<int, int> scaleAndMinimum(const std::byte* packed, int i)
{
    if (i < 4)
        return {byteAt(packed + i) & 63, byteAt(packed + 4 + i) & 63};
    const int both = byteAt(packed + 4 + i);
    return {(both & 15) | (byteAt(packed + i - 4) >> 6) << 4, both >> 4 | (byteAt(packed + i) >> 6) << 4};
}

/// Q4_K, and Q5_K where `fifthBits` has bit i of group i for each of its 32 values.
void q4_5_k(const std::byte* block, const std::byte* fifthBits, const std::byte* nibbles, float* values)
{
    const float ofScales = halfAt(block), ofMinima = halfAt(block + 2);
    for (int group = 0; group < 8; ++group) {
        const auto [scaleBits, minimumBits] = scaleAndMinimum(block + 4, group);
        const float scale = ofScales * static_cast<float>(scaleBits);
        const float minimum = ofMinima * static_cast<float>(minimumBits);
        for (int i = 0; i < 32; ++i) {
            const int both = byteAt(nibbles + group / 2 * 32 + i);
            int value = group % 2 == 0 ? both & 15 : both >> 4;
            if (fifthBits)
                value |= (byteAt(fifthBits + i) >> group & 1) << 4;
            values[32 * group + i] = scale * static_cast<float>(value) - minimum;
        }
    }
}

void q6_k(const std::byte* block, float* values)
{
    const std::byte *low = block, *high = block + 128, *scales = block + 192;
    const float ofScales = halfAt(block + 208);
    for (int group = 0; group < 8; ++group) {  // of 32 values, each half with a scale of its own
        const int half = group / 4, quarter = group % 4;
        for (int i = 0; i < 32; ++i) {
            const int four = byteAt(low + 64 * half + 32 * (quarter % 2) + i) >> (quarter < 2 ? 0 : 4) & 15;
            const int two = byteAt(high + 32 * half + i) >> (2 * quarter) & 3;
            const auto bits = static_cast<int8_t>(byteAt(scales + 2 * group + i / 16));
            const float scale = ofScales * static_cast<float>(bits);
            values[32 * group + i] = scale * static_cast<float>((four | two << 4) - 32);
        }
    }
}

void valuesOfBlock(DType type, const std::byte* block, float* values)
{
    switch (type) {
        case DType::Q8_0:
            return q8_0(block, values);
        case DType::Q4_0:
            return q4_0(block, values);
        case DType::Q5_0:
            return q5_0(block, values);
        case DType::Q4_K:
            return q4_5_k(block, nullptr, block + 16, values);
        case DType::Q5_K:
            return q4_5_k(block, block + 16, block + 48, values);
        case DType::Q6_K:
            return q6_k(block, values);
        default:
            assert(false);
    }
}

void storeQ8_0(const float* values, std::byte* block)
{
    float largest = 0;
    for (int i = 0; i < 32; ++i)
        largest = std::max(largest, std::abs(values[i]));
    const float scale = largest / 127;
    const float inverse = scale == 0 ? 0 : 1 / scale;
    const uint16_t half = halfOfFloat(scale);
    std::memcpy(block, &half, sizeof half);
    for (int i = 0; i < 32; ++i) {
        const float rounded = std::round(values[i] * inverse);
        const float kept = std::isnan(rounded) ? 0 : std::clamp(rounded, -127.f, 127.f);
        block[2 + i] = static_cast<std::byte>(static_cast<int8_t>(kept));
    }
}

}  // namespace

bool hasValues(DType type)
{
    return type == DType::F32 || type == DType::F16 || type == DType::BF16 || isBlocked(type);
}

void valuesOf(DType type, std::span<const std::byte> bytes, std::span<float> values)
{
    assert(hasValues(type) && bytes.size() / sizeOf(type) * blockLength(type) == values.size());
    if (values.empty())
        return;
    if (type == DType::F32) {
        std::memcpy(values.data(), bytes.data(), bytes.size());
        return;
    }
    if (type == DType::F16 || type == DType::BF16) {
        for (size_t i = 0; i < values.size(); ++i) {
            const uint16_t word = wordAt(bytes.data() + 2 * i);
            values[i] = type == DType::F16 ? floatOfHalf(word) : floatOfBFloat16(word);
        }
        return;
    }
    const size_t size = sizeOf(type), length = blockLength(type);
    for (size_t block = 0; block * size < bytes.size(); ++block)
        valuesOfBlock(type, bytes.data() + block * size, values.data() + block * length);
}

bool canStore(DType type)
{
    return type == DType::F32 || type == DType::F16 || type == DType::BF16 || type == DType::Q8_0;
}

void storeValues(DType type, std::span<const float> values, std::span<std::byte> bytes)
{
    assert(canStore(type) && values.size() % blockLength(type) == 0 &&
           values.size() / blockLength(type) * sizeOf(type) == bytes.size());
    if (values.empty())
        return;
    if (type == DType::F32) {
        std::memcpy(bytes.data(), values.data(), bytes.size());
        return;
    }
    if (type == DType::Q8_0) {
        for (size_t block = 0; block * 32 < values.size(); ++block)
            storeQ8_0(values.data() + 32 * block, bytes.data() + sizeOf(type) * block);
        return;
    }
    for (size_t i = 0; i < values.size(); ++i) {
        const uint16_t word = type == DType::F16 ? halfOfFloat(values[i]) : bfloat16OfFloat(values[i]);
        std::memcpy(bytes.data() + 2 * i, &word, sizeof word);
    }
}

}  // namespace facet::core
