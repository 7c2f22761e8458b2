#include "core/models/hf_cache.h"

#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

#include <algorithm>
#include <set>

namespace facet::core {
namespace {

namespace fs = std::filesystem;

bool isPlain(std::string_view text)
{
    return !text.empty() && text.front() != '.' && text.find("..") == std::string_view::npos &&
           std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

std::string trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos)
        return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

std::vector<fs::path> foldersIn(const fs::path& folder)
{
    std::vector<fs::path> folders;
    std::error_code ignored;
    for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
        if (at->is_directory(ignored))
            folders.push_back(at->path());
    }
    return folders;
}

}  // namespace

fs::path hubHome()
{
    if (const auto home = environmentPath("HF_HOME"))
        return *home;
    if (const auto cache = environmentPath("XDG_CACHE_HOME"))
        return *cache / "huggingface";
    return homeFolder() / ".cache" / "huggingface";
}

fs::path hubFolder()
{
    return environmentPath("HF_HUB_CACHE").value_or(hubHome() / "hub");
}

bool isHubId(std::string_view text)
{
    const size_t slash = text.find('/');
    return slash != std::string_view::npos && isPlain(text.substr(0, slash)) &&
           isPlain(text.substr(slash + 1));
}

std::string hubRepositoryName(std::string_view id)
{
    std::string name = "models--" + std::string(id);
    if (const size_t slash = name.find('/'); slash != std::string::npos)
        name.replace(slash, 1, "--");
    return name;
}

bool isHubRepository(const fs::path& folder)
{
    std::error_code ignored;
    return fs::is_directory(folder / "snapshots", ignored) && !fs::exists(folder / "config.json", ignored);
}

Result<fs::path> snapshotIn(const fs::path& repository, std::string_view revision)
{
    std::error_code ignored;
    const fs::path snapshots = repository / "snapshots";
    // A branch such as refs/pr/1 has a slash, so only what could lead out of the folder is refused.
    const bool isSafe = !revision.empty() && revision.front() != '/' &&
                        revision.find("..") == std::string_view::npos &&
                        revision.find('\0') == std::string_view::npos;
    if (!isSafe)
        return Error{ErrorCode::InvalidInput, inQuotes(revision) + " is no revision of a model"};
    std::string commit(revision);
    if (const Result<std::string> ref = readFile(repository / "refs" / commit, 4096))
        commit = trimmed(*ref);
    if (isPlain(commit) && fs::is_directory(snapshots / commit, ignored))
        return snapshots / commit;
    if (const std::vector<fs::path> all = foldersIn(snapshots); revision == "main" && all.size() == 1)
        return all.front();
    return Error{ErrorCode::NotFound, repository.string() + " has no snapshot of the revision " +
                                          inQuotes(revision) + "; download it again"};
}

Result<fs::path> cachedModel(const fs::path& hub, std::string_view id, std::string_view revision)
{
    if (!isHubId(id))
        return Error{ErrorCode::InvalidInput,
                     inQuotes(id) + " is no Hugging Face id such as google/gemma-3-4b-it"};
    const std::string name = hubRepositoryName(id);
    std::error_code ignored;
    if (!fs::is_directory(hub / name, ignored))
        return Error{ErrorCode::NotFound, "the model " + std::string(id) +
                                              " is not in the Hugging Face cache " + hub.string() +
                                              "; fetch it with: facet-engine download " + std::string(id)};
    return snapshotIn(hub / name, revision);
}

std::vector<std::string> missingInSnapshot(const fs::path& snapshot)
{
    constexpr size_t kMaxIndexBytes = 64 << 20;
    std::error_code ignored;
    const auto isThere = [&](const std::string& name) {
        return fs::is_regular_file(snapshot / name, ignored);
    };
    std::vector<std::string> missing;
    if (!isThere("config.json"))
        missing.emplace_back("config.json");
    if (!isThere("model.safetensors")) {
        const Result<nlohmann::json> index =
            readJsonObject(snapshot / "model.safetensors.index.json", kMaxIndexBytes);
        const nlohmann::json* shards = index ? JsonFields(*index, "").find("weight_map") : nullptr;
        std::set<std::string> names;
        if (shards && shards->is_object())
            for (const auto& shard : *shards)
                names.insert(shard.is_string() ? shard.get<std::string>() : std::string());
        if (names.empty())
            missing.emplace_back("model.safetensors");
        for (const std::string& name : names)
            if (!isThere(name))
                missing.push_back(name);
    }
    return missing;
}

}  // namespace facet::core
