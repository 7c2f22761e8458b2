#pragma once

// Built vocabularies, kept so that a tokenizer.json is taken apart once and not at every start.
//
// A file is named after the content of its tokenizer.json: size and a 128-bit hash. The hash is our own,
// quick and not cryptographic: whoever could forge one can write into the user's cache folder anyway. It is
// stable over versions and machines of one byte order. Files carry a checksum; a damaged one counts as
// absent.

#include "core/base/result.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace facet::core {

/// 32 hexadecimal digits and the size, for a file name.
std::string contentName(std::string_view bytes);

class VocabularyCache {
public:
    /// $FACET_HOME/cache/tokenizers if that is set, else facet/tokenizers in $XDG_CACHE_HOME or ~/.cache.
    static VocabularyCache ofUser();

    explicit VocabularyCache(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    /// What was kept under this name, if it is whole.
    std::optional<std::string> find(const std::string& name) const;

    /// Keeps it. A folder that cannot be written is no failure: the next start is slower, that is all.
    void keep(const std::string& name, std::string_view modelProto) const;

    const std::filesystem::path& folder() const { return m_folder; }

private:
    std::filesystem::path m_folder;  ///< empty: no place to keep anything
};

}  // namespace facet::core
