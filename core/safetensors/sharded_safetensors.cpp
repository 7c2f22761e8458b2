#include "core/safetensors/sharded_safetensors.h"

#include "core/base/json.h"
#include "core/base/text.h"

#include <set>

namespace facet::core {
namespace {

/// A name of a file in the same folder: hub files are strangers' files, and "../../.ssh/x" is a name, too.
bool isPlainFileName(const std::string& name)
{
    return name.ends_with(".safetensors") && name.front() != '.' && name.find('/') == std::string::npos &&
           name.find('\\') == std::string::npos && name.find('\0') == std::string::npos;
}

}  // namespace

Result<std::vector<SafetensorsFile>> openShards(const std::filesystem::path& index)
{
    const auto broken = [&](const std::string& what) {
        return Error{ErrorCode::InvalidInput, index.string() + " " + what};
    };
    const Result<nlohmann::json> root = readJsonObject(index, 64 << 20);
    if (!root)
        return root.error();
    const auto weightMap = root->find("weight_map");
    if (weightMap == root->end() || !weightMap->is_object() || weightMap->empty())
        return broken("has no weight_map");

    std::map<std::string, std::set<std::string>> tensorsOfShard;
    for (const auto& [tensor, shard] : weightMap->items()) {
        if (!shard.is_string() || !isPlainFileName(shard.get_ref<const std::string&>()))
            return broken("places the tensor " + inQuotes(tensor) + " in " + shown(shard) +
                          ", which is no name of a .safetensors file beside it");
        tensorsOfShard[shard.get<std::string>()].insert(tensor);
    }

    std::vector<SafetensorsFile> files;
    std::map<std::string, std::string> shardOfTensor;
    for (const auto& [shard, tensors] : tensorsOfShard) {
        Result<SafetensorsFile> file = SafetensorsFile::open(index.parent_path() / shard);
        if (!file)
            return file.error().code == ErrorCode::NotFound
                       ? Error{ErrorCode::NotFound, index.string() + " names the shard " + inQuotes(shard) +
                                                        ", which is missing; finish the download"}
                       : file.error();
        for (const std::string& tensor : tensors) {
            if (!file->tensors().contains(tensor))
                return broken("places the tensor " + inQuotes(tensor) + " in " + inQuotes(shard) +
                              ", where it is not");
        }
        for (const auto& [tensor, view] : file->tensors()) {
            const auto [other, isNew] = shardOfTensor.emplace(tensor, shard);
            if (!isNew)
                return broken("belongs to shards that have the tensor " + inQuotes(tensor) + " twice: in " +
                              inQuotes(other->second) + " and " + inQuotes(shard));
        }
        files.push_back(*std::move(file));
    }
    return files;
}

}  // namespace facet::core
