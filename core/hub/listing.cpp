#include "core/hub/listing.h"

#include "core/base/text.h"
#include "core/hub/blob_hash.h"
#include "core/hub/url.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>

namespace facet::core {
namespace {

using nlohmann::json;

constexpr size_t kCommitDigits = 40;

/// A path that stays below the folder it is put into.
bool isSafePath(std::string_view path)
{
    size_t begin = 0;
    while (begin <= path.size()) {
        const size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos)
            return false;
        begin = end + 1;
    }
    return true;
}

Error noHub(const HubClient& client, const std::string& what)
{
    return {ErrorCode::Io, hostOf(client.settings().endpoint) + " does not answer as the hub does: " + what};
}

}  // namespace

Result<HubListing> fetchListing(HubClient& client, const std::string& id, const std::string& revision)
{
    const std::string path = "/api/models/" + percentEncoded(id, true) + "/revision/" +
                             percentEncoded(revision, false) + "?blobs=true";
    const Result<json> answer = client.getJson(path, {id, revision, ""});
    if (!answer)
        return answer.error();
    JsonFields fields(*answer, "");
    HubListing listing;
    listing.commit = fields.text("sha", "");
    const json* siblings = answer->is_object() ? fields.find("siblings") : nullptr;
    if (!isBlobName(listing.commit) || listing.commit.size() != kCommitDigits)
        return noHub(client, "it names no commit of " + id);
    if (!siblings || !siblings->is_array())
        return noHub(client, "it lists no files of " + id);
    for (const json& sibling : *siblings) {
        JsonFields one(sibling, "siblings.");
        HubFile file;
        file.path = one.text("rfilename", "");
        file.size = one.integer("size", -1, 0, INT64_MAX);
        file.blob = one.text("blobId", "");
        if (const json* lfs = one.find("lfs"); lfs && lfs->is_object()) {
            JsonFields stored(*lfs, "siblings.lfs.");
            file.blob = stored.text("sha256", "");
            file.size = stored.integer("size", file.size, 0, INT64_MAX);
        }
        if (one.error())
            return noHub(client, one.error()->message);
        if (!isSafePath(file.path))
            return noHub(client, inQuotes(file.path) + " is no name of a file");
        if (file.size < 0 || !isBlobName(file.blob))
            return noHub(client, "it gives no size and checksum of " + inQuotes(file.path));
        listing.files.push_back(std::move(file));
    }
    return listing;
}

bool isWantedByDefault(std::string_view path)
{
    static constexpr std::array kPatterns = {"*.safetensors", "*.json",  "*.jinja",  "*.model", "*.txt",
                                             "*.md",          "README*", "LICENSE*", "NOTICE*"};
    const std::string name(path);
    const auto matches = [&](const char* pattern) {
        return ::fnmatch(pattern, name.c_str(), FNM_NOESCAPE) == 0;
    };
    if (path.starts_with("additional_chat_templates/"))
        return matches("*.jinja");
    return path.find('/') == std::string_view::npos && std::ranges::any_of(kPatterns, matches) &&
           !matches("consolidated*.safetensors");  // the same weights in Meta's and Mistral's own names
}

bool matchesAny(const std::string& path, const std::vector<std::string>& patterns)
{
    return std::ranges::any_of(patterns, [&](std::string pattern) {
        if (pattern.ends_with('/'))
            pattern += '*';
        return ::fnmatch(pattern.c_str(), path.c_str(), FNM_NOESCAPE) == 0;
    });
}

std::vector<HubFile> choose(const std::vector<HubFile>& files, const std::vector<std::string>& include,
                            const std::vector<std::string>& exclude)
{
    std::vector<HubFile> chosen;
    for (const HubFile& file : files) {
        const bool isWanted = include.empty() ? isWantedByDefault(file.path) : matchesAny(file.path, include);
        if (isWanted && !matchesAny(file.path, exclude))
            chosen.push_back(file);
    }
    return chosen;
}

}  // namespace facet::core
