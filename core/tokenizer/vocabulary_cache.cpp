#include "core/tokenizer/vocabulary_cache.h"

#include "core/base/file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace facet::core {
namespace {

// Changes whenever what is built from the same tokenizer.json changes.
constexpr std::string_view kMagic = "facet tokenizer 1\n";
constexpr size_t kNameBytes = 48;
constexpr size_t kMaxBytes = 256 << 20;

uint64_t mixed(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

/// Two lanes of eight bytes a step: 33 MB take a few milliseconds.
std::array<uint64_t, 2> hash(std::string_view bytes)
{
    std::array<uint64_t, 2> lanes = {0x9E3779B97F4A7C15u ^ bytes.size(), 0xC2B2AE3D27D4EB4Fu};
    while (!bytes.empty()) {
        uint64_t word = 0;
        const size_t length = std::min(bytes.size(), sizeof word);
        std::memcpy(&word, bytes.data(), length);
        bytes.remove_prefix(length);
        lanes[0] = (lanes[0] ^ word) * 0x9FB21C651E98DF25u;
        lanes[0] ^= lanes[0] >> 29;
        lanes[1] = (lanes[1] + word) * 0xA0761D6478BD642Fu;
        lanes[1] ^= lanes[1] >> 31;
    }
    return {mixed(lanes[0]), mixed(lanes[1] ^ lanes[0])};
}

std::filesystem::path environmentPath(const char* name)
{
    const char* value = std::getenv(name);
    return value ? std::filesystem::path(value) : std::filesystem::path();
}

}  // namespace

std::string contentName(std::string_view bytes)
{
    const std::array<uint64_t, 2> lanes = hash(bytes);
    std::array<char, 64> text = {};
    std::snprintf(text.data(), text.size(), "%016llx%016llx-%zx", static_cast<unsigned long long>(lanes[0]),
                  static_cast<unsigned long long>(lanes[1]), bytes.size());
    return text.data();
}

VocabularyCache VocabularyCache::ofUser()
{
    if (const std::filesystem::path home = environmentPath("FACET_HOME"); !home.empty())
        return VocabularyCache(home / "cache" / "tokenizers");
    // The XDG specification has relative paths ignored.
    if (const std::filesystem::path cache = environmentPath("XDG_CACHE_HOME"); cache.is_absolute())
        return VocabularyCache(cache / "facet" / "tokenizers");
    if (const std::filesystem::path home = environmentPath("HOME"); home.is_absolute())
        return VocabularyCache(home / ".cache" / "facet" / "tokenizers");
    return VocabularyCache(std::filesystem::path());
}

std::optional<std::string> VocabularyCache::find(const std::string& name) const
{
    if (m_folder.empty())
        return std::nullopt;
    Result<std::string> file = readFile(m_folder / name, kMaxBytes);
    if (!file || !file->starts_with(kMagic) || file->size() < kMagic.size() + kNameBytes)
        return std::nullopt;
    std::string checksum = file->substr(kMagic.size(), kNameBytes);
    file->erase(0, kMagic.size() + kNameBytes);
    std::string expected = contentName(*file);
    expected.resize(kNameBytes, ' ');
    if (checksum != expected)
        return std::nullopt;
    return std::move(*file);
}

void VocabularyCache::keep(const std::string& name, std::string_view modelProto) const
{
    if (m_folder.empty())
        return;
    std::error_code ignored;
    std::filesystem::create_directories(m_folder, ignored);
    std::string file(kMagic);
    file += contentName(modelProto);
    file.resize(kMagic.size() + kNameBytes, ' ');
    file += modelProto;
    if (const Result<void> written = writeFileAtomically(m_folder / name, file); !written)
        return;
}

}  // namespace facet::core
