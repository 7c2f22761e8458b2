#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "app/commands/downloading.h"
#include "core/base/text.h"
#include "core/models/hf_cache.h"
#include "core/models/library.h"

#include <iostream>

namespace facet::app {
namespace {

nlohmann::ordered_json asJson(const core::LibraryEntry& entry)
{
    return {{"name", entry.name},
            {"path", entry.path.string()},
            {"text_only", entry.textOnly},
            {"hf_id", entry.hfId},
            {"added_at", entry.addedAt}};
}

/// The folder that MODEL stands for. What the Hugging Face cache has whole is used without asking the hub;
/// what it lacks is downloaded.
core::Result<std::string> folderOf(const std::string& model, const std::string& revision)
{
    std::error_code ignored;
    if (std::filesystem::exists(model, ignored) || !core::isHubId(model)) {
        if (!revision.empty())
            return core::Error{core::ErrorCode::InvalidInput,
                               "--revision belongs to a Hugging Face id such as google/gemma-3-4b-it, and " +
                                   core::inQuotes(model) + " is none"};
        return model;
    }
    core::DownloadRequest request;
    request.id = model;
    if (!revision.empty())
        request.revision = revision;
    core::Result<std::filesystem::path> cached =
        core::cachedModel(request.hub.cache, model, request.revision);
    if (cached && core::missingInSnapshot(*cached).empty())
        return cached->string();
    const core::Result<core::DownloadedModel> downloaded = downloadShown(request);
    if (!downloaded)
        return downloaded.error();
    return downloaded->snapshot.string();
}

int import(core::Library::Import request, const std::string& revision, bool json)
{
    core::Result<std::string> folder = folderOf(request.source, revision);
    if (!folder)
        return downloadFailed(folder.error());
    request.source = *std::move(folder);
    const core::Result<core::LibraryEntry> entry = core::Library().import(request);
    if (!entry)
        return failed(entry.error());
    if (json)
        printJson(asJson(*entry));
    else
        std::cout << "imported " << entry->name << (entry->textOnly ? " (text only)" : "") << " from "
                  << entry->path.string()
                  << "\nits files stay where they are; try: facet-engine generate --model " << entry->name
                  << " --prompt 'Hello'\n";
    return 0;
}

int listModels(bool json)
{
    const core::LibraryPlace place = core::libraryPlace();
    const core::Result<std::vector<core::LibraryEntry>> entries = core::Library(place.folder).list();
    if (!entries)
        return failed(entries.error());
    if (json) {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (const core::LibraryEntry& entry : *entries)
            list.push_back(asJson(entry));
        printJson({{"library", place.folder.string()}, {"decided_by", place.decidedBy}, {"models", list}});
        return 0;
    }
    for (const core::LibraryEntry& entry : *entries)
        std::cout << entry.name << "  " << (entry.textOnly ? "text only  " : "") << entry.path.string()
                  << '\n';
    std::cerr << entries->size() << (entries->size() == 1 ? " model" : " models") << " in "
              << place.folder.string() << (place.decidedBy.empty() ? "" : " (set by " + place.decidedBy + ")")
              << "; the model \"demo\" is always there\n";
    return 0;
}

}  // namespace

void addImport(CLI::App& program, int& status)
{
    auto* command =
        program.add_subcommand("import",
                               "Checks a Hugging Face model or a .gguf file, every tensor of it, and "
                               "remembers it by a name. Its files stay where they are; an id that is not in "
                               "the Hugging Face cache is downloaded first.");
    const auto request = std::make_shared<core::Library::Import>();
    const auto revision = std::make_shared<std::string>();
    const auto json = std::make_shared<bool>(false);
    command
        ->add_option("MODEL", request->source,
                     "A folder, a .gguf file (its mmproj beside it), or a Hugging Face id such as "
                     "google/gemma-3-4b-it")
        ->required();
    command->add_option("--revision", *revision,
                        "A branch, tag or commit of a Hugging Face id; default: main");
    command->add_flag("--text-only", request->textOnly, "Leave the vision part of a vision model out");
    command->add_option("--name", request->name,
                        "Its name in the library; default: the last part of the id or folder, "
                        "with -text behind it if text-only");
    command->add_flag("--json", *json, "One line of JSON");
    command->footer(kHubVariables);
    command->callback([request, revision, json, &status] { status = import(*request, *revision, *json); });
}

void addModels(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("models", "Lists the imported models.");
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "One line of JSON");
    command->callback([json, &status] { status = listModels(*json); });
}

}  // namespace facet::app
