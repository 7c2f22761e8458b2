// facet-engine merge and export: a model folder that others can read, from a base model and what was trained.

#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "engine/convert/hf_folder.h"
#include "engine/generate/loaded_model.h"
#include "engine/lora/peft_folder.h"
#include "jobs/job/job_settings.h"

#include <iostream>

namespace facet::app {
namespace {

struct Options {
    std::string model;
    std::string adapter;
    std::string out;
    std::string type;
    double maxShardGigabytes = 5;
};

/// Whether the adapter is a checkpoint of a QLoRA run, whose job lies two folders above.
bool wasTrainedOverNf4(const std::filesystem::path& adapter)
{
    std::error_code ignored;
    const std::filesystem::path run =
        std::filesystem::weakly_canonical(adapter / ".", ignored).parent_path().parent_path();
    const core::Result<jobs::Settings> settings = jobs::readJobFile(run / "job.json");
    const auto method = settings ? settings->find("method") : jobs::Settings::const_iterator();
    return settings && method != settings->end() && method->second == "qlora";
}

int exportModel(const Options& options)
{
    std::error_code ignored;
    if (std::filesystem::exists(options.out, ignored) && !std::filesystem::is_empty(options.out, ignored))
        return failed({core::ErrorCode::InvalidInput,
                       options.out + " is there already and not empty: name a new folder"});
    const core::Result<core::ResolvedModel> where = findModel(options.model);
    if (!where)
        return failed(where.error());
    engine::LoadSettings settings;
    settings.weights = core::gemma3::WeightFormat::Float32;
    settings.context = 1;
    core::Result<engine::LoadedModel> model = engine::openModel(where->path, where->textOnly, settings);
    if (!model)
        return failed(model.error().during("loading " + where->name));
    if (!options.adapter.empty()) {
        const core::Result<engine::PeftAdapter> adapter = engine::readPeftFolder(options.adapter);
        if (!adapter)
            return failed(adapter.error());
        const core::Result<engine::Attached> attached = engine::attach(*adapter, model->model);
        if (!attached)
            return failed(attached.error());
        if (!attached->unmatched.empty())
            return failed({core::ErrorCode::InvalidInput,
                           attached->note(options.adapter) + ": a merged model would lack them"});
        std::cerr << "merging " << adapter->layers.size() << " adapted layers\n";
        if (wasTrainedOverNf4(options.adapter))
            std::cerr << "note: this adapter was trained over 4-bit weights; it is merged into those of "
                      << where->name << " as they lie in its folder, which are nearer to the original\n";
    }
    const core::Result<void> written =
        engine::writeHfFolder(options.out, model->model, where->path,
                              {.type = options.type == "float32" ? at::kFloat : at::kBFloat16,
                               .maxShardBytes = static_cast<int64_t>(options.maxShardGigabytes * 1e9)});
    if (!written)
        return failed(written.error());
    std::cerr << "written: " << options.out << '\n';
    return 0;
}

void add(CLI::App& program, int& status, const char* name, const char* about, bool needsAdapter)
{
    auto* command = program.add_subcommand(name, about);
    const auto options = std::make_shared<Options>();
    command->add_option("--model,-m", options->model, "The base model: a library name, a folder, or demo")
        ->required();
    auto* adapter = command->add_option("--adapter,-a", options->adapter,
                                        "A PEFT adapter folder, such as a run's checkpoint");
    if (needsAdapter)
        adapter->required();
    command->add_option("--out,-o", options->out, "A new folder for the model")->required();
    command->add_option("--dtype", options->type, "Of the weights; default: bfloat16")
        ->check(CLI::IsMember({"float32", "bfloat16"}));
    command->add_option("--max-shard-gb", options->maxShardGigabytes, "Largest file of weights")
        ->check(CLI::Range(0.01, 1000.0))
        ->capture_default_str();
    command->callback([options, &status] { status = exportModel(*options); });
}

}  // namespace

void addExport(CLI::App& program, int& status)
{
    add(program, status, "merge",
        "Puts an adapter into its base model's weights and writes a Hugging Face folder.", true);
    add(program, status, "export",
        "Writes a model as a Hugging Face folder with the names of transformers 4.52 and later.", false);
}

}  // namespace facet::app
