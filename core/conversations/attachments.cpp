#include "core/conversations/attachments.h"

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/image/image_header.h"

#include <openssl/evp.h>

#include <array>
#include <cctype>

namespace facet::core {

/// SHA-256 in hexadecimal.
static Result<std::string> hashOf(std::string_view bytes)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        return Error{ErrorCode::Internal, "OpenSSL cannot compute SHA-256"};
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4];
        text += kDigits[digest[i] & 15];
    }
    return text;
}

Result<Picture> Attachments::keep(std::string_view bytes, const std::string& name) const
{
    const Result<ImageInfo> info = probeImage(std::as_bytes(std::span(bytes)));
    if (!info)
        return info.error().during(inQuotes(name));
    const Result<std::string> hash = hashOf(bytes);
    if (!hash)
        return hash.error();
    std::string suffix;
    for (const char c : formatName(info->format))
        suffix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const Picture picture{*hash + "." + suffix, name, info->width, info->height};
    std::error_code error;
    std::filesystem::create_directories(m_folder, error);
    if (std::filesystem::exists(pathOf(picture), error))
        return picture;
    if (Result<void> written = writeFileAtomically(pathOf(picture), bytes); !written)
        return written.error();
    return picture;
}

}  // namespace facet::core
