#include "jobs/recipe.h"

#include "core/base/json.h"
#include "core/base/nearest.h"
#include "core/base/text.h"

#include <algorithm>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using nlohmann::json;

std::string fullName(std::string_view name)
{
    constexpr std::string_view prefix = "gemma3_";
    std::string full(name);
    std::ranges::replace(full, '-', '_');
    return full.starts_with(prefix) ? full : std::string(prefix) + full;
}

}  // namespace

Result<std::vector<std::string>> recipeNames(const std::filesystem::path& folder)
{
    std::vector<std::string> names;
    std::error_code problem;
    for (std::filesystem::directory_iterator entry(folder, problem), end; !problem && entry != end;
         entry.increment(problem))
        if (entry->path().extension() == ".json")
            names.push_back(entry->path().stem().string());
    if (problem)
        return Error{ErrorCode::Io,
                     "cannot read the recipes in " + folder.string() + ": " + problem.message()};
    std::ranges::sort(names);
    return names;
}

Result<Recipe> readRecipe(const std::filesystem::path& folder, std::string_view name)
{
    const Result<std::vector<std::string>> names = recipeNames(folder);
    if (!names)
        return names.error();
    const std::string full = fullName(name);
    if (std::ranges::find(*names, full) == names->end())
        return Error{ErrorCode::NotFound,
                     "there is no recipe " + core::inQuotes(name) + core::suggestion(full, *names)};
    const std::filesystem::path path = folder / (full + ".json");
    const Result<json> file = core::readJsonObject(path);
    if (!file)
        return file.error();

    core::JsonFields fields(*file, path.string() + ": ");
    Recipe recipe;
    recipe.name = fields.text("name", full);
    recipe.title = fields.text("title", "");
    recipe.source = fields.text("source", "");
    fields.integer("facet_recipe", 1, 1, 1);
    const json empty = json::array();
    const json* replaced = fields.find("replaced");
    for (const json& each : replaced ? *replaced : empty) {
        core::JsonFields inner(each, path.string() + ": replaced.");
        recipe.replaced.push_back(
            {inner.text("key", ""), inner.text("nemo", ""), inner.text("facet", ""), inner.text("why", "")});
        if (inner.error())
            return *inner.error();
    }
    const json* notes = fields.find("notes");
    for (const json& each : notes ? *notes : empty)
        if (each.is_string())
            recipe.notes.push_back(each.get<std::string>());
    if (!fields.has("job"))
        fields.fail("job", "is missing");
    if (fields.error())
        return *fields.error();
    Result<Settings> settings = settingsFrom((*file)["job"]);
    if (!settings)
        return settings.error().during(path.string());
    recipe.settings = *std::move(settings);
    recipe.settings["recipe"] = recipe.name;
    return recipe;
}

}  // namespace facet::jobs
