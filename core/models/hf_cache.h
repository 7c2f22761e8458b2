#pragma once

// Where the Hugging Face libraries keep what they download, and how models lie in it:
// <hub>/models--org--name/{refs/main, snapshots/<commit>/...}.

#include "core/base/result.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

/// HF_HOME, else XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface: the cache, the token.
///
/// Source  huggingface_hub/constants.py
std::filesystem::path hubHome();

/// HF_HUB_CACHE, else "hub" of hubHome().
///
/// Source  huggingface_hub/constants.py
std::filesystem::path hubFolder();

/// "org/name", as the hub allows it: letters, digits, ".", "_" and "-".
bool isHubId(std::string_view text);

/// "models--org--name", the folder of a model in the cache.
std::string hubRepositoryName(std::string_view id);

/// Is this a folder models--org--name of a hub cache?
bool isHubRepository(const std::filesystem::path& folder);

/// The snapshot of a models--org--name folder. `revision` is a branch, a tag or a commit. Without main, the
/// only snapshot there is will do.
///
/// Errors  NotFound
Result<std::filesystem::path> snapshotIn(const std::filesystem::path& repository,
                                         std::string_view revision = "main");

/// The snapshot of the model `id` in the cache `hub`.
///
/// Errors  InvalidInput (no id of a model), NotFound
Result<std::filesystem::path> cachedModel(const std::filesystem::path& hub, std::string_view id,
                                          std::string_view revision = "main");

/// Which files a snapshot lacks to be a model: config.json, the weights in one file or every shard of the
/// index, tokenizer.json or tokenizer.model. A download that was interrupted leaves such a snapshot.
std::vector<std::string> missingInSnapshot(const std::filesystem::path& snapshot);

}  // namespace facet::core
