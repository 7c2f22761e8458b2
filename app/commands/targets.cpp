#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "jobs/model_shape.h"
#include "jobs/targets/target_selection.h"

#include <iostream>

namespace facet::app {
namespace {

struct Options {
    std::string model;
    std::vector<std::string> patterns;
    std::vector<std::string> exclude;
    std::string layers;
    bool isRegex = false;
    bool textOnly = false;
    bool dora = false;
    bool json = false;
    int64_t rank = 16;
};

int targets(const Options& options)
{
    if (options.isRegex && options.patterns.size() != 1)
        return failed(
            {core::ErrorCode::InvalidInput, "--regex takes one pattern, for the whole name of a module"});
    const core::Result<jobs::ModelShape> shape =
        jobs::modelShape(options.model, options.textOnly, builtInModels());
    if (!shape)
        return failed(shape.error());
    const std::vector<jobs::LinearModule> modules = jobs::linearModules(shape->config);
    jobs::TargetPatterns patterns;
    if (options.isRegex)
        patterns.regex = options.patterns.front();
    else
        patterns.names = options.patterns;
    patterns.exclude = options.exclude;
    patterns.layers = options.layers;
    const core::Result<jobs::TargetSelection> selection = jobs::selectTargets(modules, patterns);
    if (!selection)
        return failed(selection.error());

    int64_t numParameters = 0;
    int64_t numAdapter = 0;
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const jobs::LinearModule& module : selection->modules) {
        const int64_t adapter = module.numAdapterParameters(options.rank, options.dora);
        numParameters += module.numParameters();
        numAdapter += adapter;
        if (options.json)
            list.push_back({{"name", module.name},
                            {"nemo", module.nemoPath},
                            {"in", module.numInputs},
                            {"out", module.numOutputs},
                            {"parameters", module.numParameters()},
                            {"adapter_parameters", adapter}});
        else
            std::cout << module.name << "  " << module.nemoPath << "  " << module.numOutputs << " x "
                      << module.numInputs << "  " << module.numParameters() << '\n';
    }
    if (options.json) {
        nlohmann::ordered_json counts = nlohmann::ordered_json::array();
        for (const jobs::TargetSelection::Pattern& pattern : selection->patterns)
            counts.push_back({{"pattern", pattern.text}, {"modules", pattern.numModules}});
        printJson({{"modules", list},
                   {"patterns", counts},
                   {"parameters", numParameters},
                   {"rank", options.rank},
                   {"adapter_parameters", numAdapter}});
        return 0;
    }
    std::cout.flush();
    for (const jobs::TargetSelection::Pattern& pattern : selection->patterns)
        std::cerr << pattern.text << ": " << pattern.numModules << " modules\n";
    std::cerr << selection->modules.size() << " modules with "
              << inThousands(static_cast<double>(numParameters)) << " parameters; "
              << (options.dora ? "DoRA" : "LoRA") << " of rank " << options.rank << " adds "
              << inThousands(static_cast<double>(numAdapter)) << " (" << numAdapter << ")"
              << (shape->path.empty() ? "; the model is not on this machine, its shape is known by its name"
                                      : "")
              << '\n';
    return 0;
}

}  // namespace

void addTargets(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "targets",
        "Lists the modules that LoRA targets match, with their parameters. A pattern is a name (q_proj), a "
        "name or pattern of NeMo's (linear_qkv, '*.language_model.*.linear_fc1'), or all-linear.");
    const auto options = std::make_shared<Options>();
    command
        ->add_option(
            "MODEL", options->model,
            "A library name, a folder, an id in the Hugging Face cache, demo, or a public size such as "
            "google/gemma-3-4b-it")
        ->required();
    command->add_option("PATTERN", options->patterns, "What to match")->required();
    command->add_option("--exclude", options->exclude, "Patterns of what to leave out");
    command->add_option("--layers", options->layers, "Numbers of layers, such as 0-5,10,20-");
    command->add_option("--rank", options->rank, "Rank for the count of what LoRA adds")
        ->check(CLI::Range(int64_t{1}, int64_t{65536}));
    command->add_flag("--regex", options->isRegex, "PATTERN is PEFT's regular expression for the whole name");
    command->add_flag("--text-only", options->textOnly, "Leave the vision part of a vision model out");
    command->add_flag("--dora", options->dora, "Count DoRA's magnitudes, too");
    command->add_flag("--json", options->json, "One line of JSON");
    command->callback([options, &status] { status = targets(*options); });
}

}  // namespace facet::app
