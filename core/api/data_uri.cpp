#include "core/api/data_uri.h"

#include <array>
#include <cstdint>

namespace facet::core::api {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> valuesOfLetters()
{
    std::array<int8_t, 256> values{};
    values.fill(-1);
    for (size_t i = 0; i < kAlphabet.size(); ++i)
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
    values['-'] = 62;  // the URL-safe alphabet
    values['_'] = 63;
    return values;
}

constexpr std::array<int8_t, 256> kValues = valuesOfLetters();

}  // namespace

Result<std::string> bytesOfDataUri(std::string_view uri)
{
    const size_t comma = uri.find(',');
    if (!uri.starts_with("data:") || comma == std::string_view::npos ||
        !uri.substr(0, comma).ends_with(";base64"))
        return Error{ErrorCode::InvalidInput, "is no base64 data URI (data:image/png;base64,...)"};
    std::string_view letters = uri.substr(comma + 1);
    for (int i = 0; i < 2 && letters.ends_with('='); ++i)
        letters.remove_suffix(1);

    std::string bytes;
    bytes.reserve(letters.size() / 4 * 3 + 3);
    uint32_t bits = 0;
    int numBits = 0;
    for (const char letter : letters) {
        const int8_t value = kValues[static_cast<unsigned char>(letter)];
        if (value < 0)
            return Error{ErrorCode::InvalidInput, "has a letter that is not of base64"};
        bits = bits << 6 | static_cast<uint32_t>(value);
        numBits += 6;
        if (numBits >= 8) {
            numBits -= 8;
            bytes += static_cast<char>(bits >> numBits & 0xFF);
        }
    }
    if (letters.size() % 4 == 1)
        return Error{ErrorCode::InvalidInput, "ends in the middle of its base64"};
    return bytes;
}

std::string dataUri(std::string_view mimeType, std::string_view bytes)
{
    std::string uri = "data:" + std::string(mimeType) + ";base64,";
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t bits = 0;
        for (size_t j = i; j < i + 3; ++j)
            bits = bits << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u);
        for (size_t letter = 0; letter < 4; ++letter)
            uri += i + letter > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * letter) & 63];
    }
    return uri;
}

}  // namespace facet::core::api
