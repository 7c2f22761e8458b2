#include "core/hub/blob_hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace facet::core {

constexpr size_t kSha256Digits = 64;
constexpr size_t kSha1Digits = 40;

struct BlobHash::Context {
    EVP_MD_CTX* digest = ::EVP_MD_CTX_new();
};

void BlobHash::Deleter::operator()(Context* context) const
{
    ::EVP_MD_CTX_free(context->digest);
    delete context;
}

bool isBlobName(std::string_view text)
{
    return (text.size() == kSha256Digits || text.size() == kSha1Digits) &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

BlobHash::BlobHash(std::string_view name, int64_t size) : m_context(new Context)
{
    const bool isGit = name.size() == kSha1Digits;
    ::EVP_DigestInit_ex(m_context->digest, isGit ? ::EVP_sha1() : ::EVP_sha256(), nullptr);
    if (isGit) {
        const std::string header = "blob " + std::to_string(size);
        ::EVP_DigestUpdate(m_context->digest, header.c_str(), header.size() + 1);  // with its NUL
    }
}

void BlobHash::add(std::span<const std::byte> bytes)
{
    ::EVP_DigestUpdate(m_context->digest, bytes.data(), bytes.size());
}

std::string BlobHash::finish()
{
    constexpr char kHex[] = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes = {};
    unsigned size = 0;
    ::EVP_DigestFinal_ex(m_context->digest, bytes.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i)
        text += {kHex[bytes[i] >> 4], kHex[bytes[i] & 15]};
    return text;
}

}  // namespace facet::core
