#include "core/models/model_ref.h"

#include "core/base/text.h"
#include "core/gguf/gguf_file.h"
#include "core/models/hf_cache.h"
#include "core/run/run_folder.h"

#include <algorithm>

namespace facet::core {

namespace fs = std::filesystem;

fs::path absoluteModelPath(const fs::path& path, std::error_code& failed)
{
    if (!isGgufFile(path))
        return fs::canonical(path, failed);
    // The Hugging Face cache has links to files that are named by their hash: beside those is no mmproj.
    return fs::canonical(fs::absolute(path, failed).parent_path(), failed) / path.filename();
}

Result<ResolvedModel> resolveModel(std::string_view argument, std::span<const BuiltInModel> builtIns,
                                   const Library& library, const fs::path& hub)
{
    if (argument.empty())
        return Error{ErrorCode::InvalidInput,
                     "no model is named; give a name of the library, a folder or a Hugging Face id"};
    std::error_code ignored;
    const Result<std::optional<LibraryEntry>> entry = library.find(argument);
    if (entry && *entry) {
        const LibraryEntry& found = **entry;
        if (!fs::is_directory(found.path, ignored) && !isGgufFile(found.path))
            return Error{ErrorCode::NotFound, "the model " + found.name + " of the library lay in " +
                                                  found.path.string() +
                                                  ", which is gone; remove it or import it again"};
        return ResolvedModel{found.name, found.path, found.textOnly};
    }
    const auto builtIn = std::ranges::find(builtIns, argument, &BuiltInModel::name);
    if (builtIn != builtIns.end())
        return ResolvedModel{builtIn->name, builtIn->path, false};

    if (fs::is_directory(argument, ignored)) {
        fs::path path = fs::canonical(argument, ignored);
        return ResolvedModel{nameOfFolder(path), path, false};
    }
    if (isGgufFile(argument)) {
        fs::path path = absoluteModelPath(argument, ignored);
        return ResolvedModel{path.stem().string(), path, false};
    }
    if (isHubId(argument)) {
        Result<fs::path> snapshot = cachedModel(hub, argument);
        if (snapshot)
            return ResolvedModel{std::string(argument), *std::move(snapshot), false};
    }
    if (!entry)
        return entry.error();

    std::string names;
    if (const Result<std::vector<LibraryEntry>> all = library.list()) {
        for (const LibraryEntry& known : *all)
            names += (names.empty() ? "" : ", ") + known.name;
    }
    for (const BuiltInModel& known : builtIns)
        names += (names.empty() ? "" : ", ") + known.name;
    return Error{ErrorCode::NotFound,
                 "there is no model " + inQuotes(argument) + ": it is no name in the library " +
                     library.file().string() +
                     (names.empty() ? " (which is empty)" : " (which has " + names + ")") +
                     ", no folder or .gguf file" +
                     (isHubId(argument) ? ", and not in the Hugging Face cache " + hub.string()
                                        : ", and no Hugging Face id such as google/gemma-3-4b-it")};
}

Result<ResolvedModel> resolveModel(std::string_view argument, std::span<const BuiltInModel> builtIns)
{
    return resolveModel(argument, builtIns, Library(), hubFolder());
}

}  // namespace facet::core
