#pragma once

// What a model on the hub consists of, and which of it is wanted.

#include "core/hub/hub_client.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

struct HubFile {
    std::string path;  ///< "config.json", "sub/folder/file"; safe below a folder
    int64_t size = 0;
    std::string blob;  ///< SHA-256, or git's id of a blob
};

struct HubListing {
    std::string commit;
    std::vector<HubFile> files;
};

/// Errors  as HubClient::getJson; Io if the answer is none of a hub
Result<HubListing> fetchListing(HubClient& client, const std::string& id, const std::string& revision);

/// What Facet and transformers read: safetensors, JSON, tokenizers, chat templates, licence and readme of the
/// top folder. Not the same weights once more as .bin, .pth, .gguf or ONNX.
bool isWantedByDefault(std::string_view path);

/// As huggingface_hub's patterns: "*" matches "/" too, and "folder/" is "folder/*".
bool matchesAny(const std::string& path, const std::vector<std::string>& patterns);

/// What `include` matches (empty: what is wanted by default) and `exclude` does not.
std::vector<HubFile> choose(const std::vector<HubFile>& files, const std::vector<std::string>& include,
                            const std::vector<std::string>& exclude);

}  // namespace facet::core
