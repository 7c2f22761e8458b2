#include "core/models/library.h"

#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/models/hf_cache.h"
#include "core/models/model_folder.h"
#include "core/models/model_ref.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace facet::core {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kVersion = 1;
constexpr size_t kMaxNameBytes = 100;

bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

std::string now()
{
    const std::time_t time = std::time(nullptr);
    std::tm parts = {};
    ::gmtime_r(&time, &parts);
    std::array<char, 32> text = {};
    const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

Result<std::vector<LibraryEntry>> readEntries(const fs::path& path)
{
    const Result<json> root = readJsonObject(path);
    if (!root) {
        if (root.error().code == ErrorCode::NotFound)
            return std::vector<LibraryEntry>();
        return Error{root.error().code, root.error().message + "; repair the file or move it away"};
    }
    const std::string where = path.string() + ": ";
    JsonFields top(*root, where);
    if (top.integer("version", 0, 0, INT64_MAX) > kVersion)
        return Error{ErrorCode::InvalidInput,
                     path.string() + " was written by a newer Facet; update this one"};
    const json* models = top.find("models");
    if (top.error() || top.integer("version", 0, 0, kVersion) != kVersion || !models || !models->is_array())
        return Error{ErrorCode::InvalidInput,
                     path.string() +
                         " is damaged: it has no version 1 and list of models; repair the "
                         "file or move it away"};
    std::vector<LibraryEntry> entries;
    for (const json& model : *models) {
        JsonFields fields(model, where + "models[" + std::to_string(entries.size()) + "].");
        LibraryEntry entry;
        entry.name = fields.text("name", "");
        entry.path = fields.text("path", "");
        entry.textOnly = fields.flag("textOnly", false);
        entry.addedAt = fields.text("addedAt", "");
        entry.hfId = fields.text("hfId", "");
        if (!isLibraryName(entry.name))
            fields.fail("name", "is " + inQuotes(entry.name) + ", which is no name of a model");
        if (!entry.path.is_absolute())
            fields.fail("path", "is " + inQuotes(entry.path.string()) + ", which is no absolute path");
        if (std::ranges::find(entries, entry.name, &LibraryEntry::name) != entries.end())
            fields.fail("name", "is " + inQuotes(entry.name) + " for the second time");
        if (fields.error())
            return Error{ErrorCode::InvalidInput,
                         fields.error()->message + "; repair the file or move it away"};
        entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, {}, &LibraryEntry::name);
    return entries;
}

Result<void> writeEntries(const fs::path& path, const std::vector<LibraryEntry>& entries)
{
    json models = json::array();
    for (const LibraryEntry& entry : entries) {
        models.push_back({{"name", entry.name},
                          {"path", entry.path.string()},
                          {"textOnly", entry.textOnly},
                          {"addedAt", entry.addedAt},
                          {"hfId", entry.hfId}});
    }
    try {
        return writeFileAtomically(path, json{{"version", kVersion}, {"models", models}}.dump(2) + "\n");
    } catch (const json::exception&) {  // Linux has paths that are no text; JSON has not
        return Error{ErrorCode::InvalidInput,
                     "cannot write " + path.string() + ": a model's path is no valid UTF-8"};
    }
}

/// The id behind .../models--org--name/snapshots/<commit>; "" elsewhere.
std::string hubIdOf(const fs::path& snapshot)
{
    constexpr std::string_view kPrefix = "models--";
    const std::string folder = snapshot.parent_path().parent_path().filename().string();
    const size_t separator = folder.find("--", kPrefix.size());
    if (snapshot.parent_path().filename() != "snapshots" || !folder.starts_with(kPrefix) ||
        separator == std::string::npos)
        return {};
    std::string id = folder.substr(kPrefix.size());
    id.replace(separator - kPrefix.size(), 2, "/");
    return isHubId(id) ? id : std::string();
}

/// A name made from the last part of an id or a path.
std::string defaultName(const LibraryEntry& entry)
{
    std::string name = !entry.hfId.empty()                 ? entry.hfId.substr(entry.hfId.find('/') + 1)
                       : entry.path.extension() == ".gguf" ? entry.path.stem().string()
                                                           : entry.path.filename().string();
    for (char& c : name) {
        if (!isNameCharacter(c))
            c = '-';
    }
    name.erase(0, std::min(name.find_first_not_of(".-"), name.size()));
    name.resize(std::min(name.size(), kMaxNameBytes / 2));
    if (name.empty())
        name = "model";
    return entry.textOnly ? name + "-text" : name;
}

}  // namespace

LibraryPlace libraryPlace()
{
    if (const auto home = environmentPath("FACET_HOME"))
        return {*home, "FACET_HOME"};
    for (const char* variable : {"NEMO_CACHE_DIR", "NEMO_MODELS_CACHE", "NEMO_HOME", "XDG_DATA_HOME"}) {
        if (const auto folder = environmentPath(variable))
            return {*folder / "facet", variable};
    }
    return {homeFolder() / ".local" / "share" / "facet", ""};
}

bool isLibraryName(std::string_view name)
{
    return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' && name.front() != '-' &&
           std::ranges::all_of(name, isNameCharacter);
}

Library::Library(fs::path folder) : m_folder(std::move(folder)) {}

Result<std::vector<LibraryEntry>> Library::list() const
{
    return readEntries(file());
}

Result<std::optional<LibraryEntry>> Library::find(std::string_view name) const
{
    const Result<std::vector<LibraryEntry>> entries = list();
    if (!entries)
        return entries.error();
    const auto found = std::ranges::find(*entries, name, &LibraryEntry::name);
    return found == entries->end() ? std::optional<LibraryEntry>() : *found;
}

Result<LibraryEntry> Library::import(const Import& request) const
{
    if (!request.name.empty() && !isLibraryName(request.name))
        return Error{ErrorCode::InvalidInput, "a model cannot have the name " + inQuotes(request.name) +
                                                  ": letters, digits, \".\", \"_\" and \"-\" make one"};
    std::error_code failed;
    fs::path source = request.source;
    if (!fs::exists(source, failed) && isHubId(request.source)) {
        Result<fs::path> cached =
            cachedModel(request.hub.empty() ? hubFolder() : request.hub, request.source);
        if (!cached)
            return cached.error();
        source = *std::move(cached);
    }
    const Result<ModelFolder> model = ModelFolder::open(source, request.textOnly);
    if (!model)
        return model.error();
    if (!model->accounting.isComplete())
        return Error{ErrorCode::InvalidInput,
                     model->path.string() +
                         " does not hold the model of its config.json: " + model->accounting.inWords()};

    LibraryEntry entry;
    entry.path = absoluteModelPath(model->path, failed);
    if (failed)
        return Error{ErrorCode::Io, "cannot find " + model->path.string() + ": " + failed.message()};
    entry.textOnly = request.textOnly && model->hasVision;
    entry.hfId = hubIdOf(entry.path);
    entry.addedAt = now();
    entry.name = request.name.empty() ? defaultName(entry) : request.name;
    return add(std::move(entry));
}

Result<LibraryEntry> Library::add(LibraryEntry entry) const
{
    std::error_code failed;
    fs::create_directories(m_folder, failed);
    if (failed)
        return Error{ErrorCode::Io, "cannot make the folder " + m_folder.string() + ": " + failed.message()};
    const Result<FileLock> lock = FileLock::take(file());
    if (!lock)
        return lock.error();
    Result<std::vector<LibraryEntry>> entries = readEntries(file());
    if (!entries)
        return entries.error();
    const auto same = std::ranges::find(*entries, entry.name, &LibraryEntry::name);
    if (same != entries->end()) {
        if (same->path == entry.path && same->textOnly == entry.textOnly)
            return *same;
        return Error{ErrorCode::InvalidInput,
                     "the name " + entry.name + " already stands for " + same->path.string() +
                         (same->textOnly ? " (text only)" : "") + "; choose another one with --name"};
    }
    entries->push_back(entry);
    if (const Result<void> written = writeEntries(file(), *entries); !written)
        return written.error();
    return entry;
}

Result<void> Library::remove(std::string_view name) const
{
    const Error absent{ErrorCode::NotFound, "the library has no model " + inQuotes(name)};
    std::error_code ignored;
    if (!fs::exists(file(), ignored))
        return absent;
    const Result<FileLock> lock = FileLock::take(file());
    if (!lock)
        return lock.error();
    Result<std::vector<LibraryEntry>> entries = readEntries(file());
    if (!entries)
        return entries.error();
    if (std::erase_if(*entries, [&](const LibraryEntry& entry) { return entry.name == name; }) == 0)
        return absent;
    return writeEntries(file(), *entries);
}

}  // namespace facet::core
