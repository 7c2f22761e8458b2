#include "jobs/recipe.h"
#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "jobs/job/job_json.h"

#include <iostream>

namespace facet::app {
namespace {

struct Options {
    std::string name;
    std::vector<std::string> overrides;
    bool pretrained = false;
    bool json = false;
};

int listRecipes(const std::filesystem::path& folder, bool json)
{
    const core::Result<std::vector<std::string>> names = jobs::recipeNames(folder);
    if (!names)
        return failed(names.error());
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const std::string& name : *names) {
        const core::Result<jobs::Recipe> recipe = jobs::readRecipe(folder, name);
        if (!recipe)
            return failed(recipe.error());
        if (json)
            list.push_back({{"name", recipe->name}, {"title", recipe->title}, {"source", recipe->source}});
        else
            std::cout << recipe->name << "  " << recipe->title << '\n';
    }
    if (json)
        printJson({{"recipes", list}});
    return 0;
}

/// A job that says all that the recipe says, and no more; the order of keys is that of a whole job.
nlohmann::ordered_json jobOf(const jobs::Settings& settings, const nlohmann::ordered_json& whole,
                             const std::string& prefix = "")
{
    nlohmann::ordered_json result = nlohmann::ordered_json::object();
    for (const auto& [key, value] : whole.items()) {
        const std::string path = prefix + key;
        if (settings.contains(path) || path == "facet_job")
            result[key] = value;
        else if (value.is_object())
            if (nlohmann::ordered_json inner = jobOf(settings, value, path + "."); !inner.empty())
                result[key] = std::move(inner);
    }
    return result;
}

int printRecipe(const std::filesystem::path& folder, const Options& options)
{
    core::Result<jobs::Recipe> recipe = jobs::readRecipe(folder, options.name);
    if (!recipe)
        return failed(recipe.error());
    nlohmann::json& base = recipe->settings["model.base"];
    if (options.pretrained && base.is_string()) {
        std::string model = base.get<std::string>();
        if (model.ends_with("-it"))
            base = model.replace(model.size() - 3, 3, "-pt");
    }
    for (const std::string& text : options.overrides)
        if (const core::Result<void> done = jobs::applyOverride(text, recipe->settings); !done)
            return failed(done.error());
    const core::Result<jobs::Job> job = jobs::jobFrom(recipe->settings);
    if (!job)
        return failed(job.error());
    const nlohmann::ordered_json written = jobOf(recipe->settings, jobs::toJson(*job));
    if (options.json) {
        nlohmann::ordered_json replaced = nlohmann::ordered_json::array();
        for (const jobs::Recipe::Replaced& each : recipe->replaced)
            replaced.push_back(
                {{"key", each.key}, {"nemo", each.nemo}, {"facet", each.facet}, {"why", each.why}});
        printJson({{"name", recipe->name},
                   {"title", recipe->title},
                   {"source", recipe->source},
                   {"job", written},
                   {"replaced", replaced},
                   {"notes", recipe->notes}});
        return 0;
    }
    std::cout << written.dump(2) << std::endl;
    std::cerr << recipe->title << ", from " << recipe->source << '\n';
    for (const jobs::Recipe::Replaced& each : recipe->replaced)
        std::cerr << each.key << ": NeMo has " << each.nemo << "; here it is " << each.facet << ": "
                  << each.why << '\n';
    for (const std::string& note : recipe->notes)
        std::cerr << "note: " << note << '\n';
    return 0;
}

}  // namespace

void addRecipe(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("recipe",
                                           "Prints a recipe of NeMo's for Gemma 3 as a job file, and on "
                                           "stderr what is different from NeMo; without a "
                                           "name, lists them.");
    const auto options = std::make_shared<Options>();
    command->add_option("NAME", options->name, "Such as gemma3_4b_lora or 4b-lora");
    command->add_option("OVERRIDE", options->overrides, "Values to change, such as lora.rank=8");
    command->add_flag("--pt", options->pretrained, "Take the pretrained model instead of the instruct one");
    command->add_flag("--json", options->json, "One line of JSON");
    command->callback([options, &status] {
        const std::filesystem::path folder = resourcesFolder() / "recipes";
        status = options->name.empty() ? listRecipes(folder, options->json) : printRecipe(folder, *options);
    });
}

}  // namespace facet::app
