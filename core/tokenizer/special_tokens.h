#pragma once

// What a model folder says about its tokens beside the tokenizer's own file.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace facet::core {

struct SpecialTokens {
    struct Entry {
        std::string content;
        int64_t id = 0;
        bool special = false;
    };
    std::vector<Entry> added;  ///< added_tokens_decoder and added_tokens.json
    std::vector<std::string>
        names;  ///< those that have a role: bos_token, eos_token, extra_special_tokens, ...
};

/// Reads tokenizer_config.json and added_tokens.json; empty if there is neither.
///
/// Errors  InvalidInput if one is no JSON object, Io.
Result<SpecialTokens> readSpecialTokens(const std::filesystem::path& modelFolder);

}  // namespace facet::core
