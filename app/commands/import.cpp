#include "app/commands/commands.h"
#include "app/commands/common.h"
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

int import(const core::Library::Import& request, bool json)
{
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
    auto* command = program.add_subcommand("import",
                                           "Checks a Hugging Face model, every tensor of it, and remembers "
                                           "it by a name. Its files stay where they are.");
    const auto request = std::make_shared<core::Library::Import>();
    const auto json = std::make_shared<bool>(false);
    command
        ->add_option("MODEL", request->source,
                     "A folder, or an id in the Hugging Face cache such as google/gemma-3-4b-it")
        ->required();
    command->add_flag("--text-only", request->textOnly, "Leave the vision part of a vision model out");
    command->add_option("--name", request->name,
                        "Its name in the library; default: the last part of the id or folder, "
                        "with -text behind it if text-only");
    command->add_flag("--json", *json, "One line of JSON");
    command->callback([request, json, &status] { status = import(*request, *json); });
}

void addModels(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("models", "Lists the imported models.");
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "One line of JSON");
    command->callback([json, &status] { status = listModels(*json); });
}

}  // namespace facet::app
