// facet-engine merge and export: what others can read, from a base model and what was trained.

#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/gemma3/tensor_names.h"
#include "engine/convert/gguf_export.h"
#include "engine/convert/hf_folder.h"
#include "engine/convert/same_answers.h"
#include "engine/generate/loaded_model.h"
#include "engine/lora/peft_folder.h"
#include "jobs/job/job_settings.h"

#include <csignal>
#include <iostream>

namespace facet::app {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;

constexpr int64_t kProbed = 512;   // tokens, at most, of what is asked to compare
constexpr int kInterrupted = 130;  // what a shell expects of a program that Ctrl+C ended

volatile std::sig_atomic_t s_interrupted = 0;

struct Options {
    std::string model;
    std::string adapter;
    std::string out;
    std::string format = "hf";
    std::string type;
    double maxShardGigabytes = 5;
    bool overwrite = false;
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

core::DType typeOf(const std::string& name)
{
    if (name == "f32" || name == "float32")
        return core::DType::F32;
    if (name == "f16")
        return core::DType::F16;
    return name == "q8_0" ? core::DType::Q8_0 : core::DType::BF16;
}

/// Whether the place is free, as the format needs it.
core::Result<void> checkOut(const Options& options)
{
    std::error_code ignored;
    if (options.format != "gguf") {
        if (fs::exists(options.out, ignored) &&
            (!fs::is_directory(options.out, ignored) || !fs::is_empty(options.out, ignored)))
            return Error{ErrorCode::InvalidInput,
                         options.out + " is there already and not empty: name a new folder"};
        return {};
    }
    if (!options.out.ends_with(".gguf"))
        return Error{ErrorCode::InvalidInput, "--out is " + options.out + "; name a file that ends in .gguf"};
    for (const fs::path& file : {fs::path(options.out), engine::visionFileOf(options.out)})
        if (!options.overwrite && fs::exists(file, ignored))
            return Error{ErrorCode::InvalidInput,
                         file.string() + " is there already; name another file, or say --overwrite"};
    return {};
}

/// What the adapter's folder has that the model has no place for.
core::Result<void> checkPlaces(const Options& options, const engine::PeftAdapter& adapter,
                               const core::gemma3::Config& config)
{
    const auto expected = core::gemma3::expectedTensors(config);
    for (const auto& layer : adapter.layers) {
        const std::string& module = layer->settings.module;
        const auto weight = expected.find(module + ".weight");
        if (weight == expected.end())
            return Error{ErrorCode::InvalidInput,
                         options.adapter + " adapts " + module + ", which " + options.model + " has not"};
        if (weight->second != std::vector<int64_t>{layer->b_OR.size(0), layer->a_RI.size(1)})
            return Error{ErrorCode::InvalidInput, options.adapter + " adapts " + module +
                                                      ", which has another shape in " + options.model};
    }
    return {};
}

core::Result<void> exportAdapter(const Options& options)
{
    if (options.adapter.empty())
        return Error{ErrorCode::InvalidInput, "--format peft writes an adapter: name it with --adapter"};
    const core::Result<core::ResolvedModel> where = findModel(options.model);
    if (!where)
        return where.error();
    const core::Result<core::ModelFolder> folder = core::ModelFolder::open(where->path, where->textOnly);
    if (!folder)
        return folder.error();
    const core::Result<engine::PeftAdapter> adapter = engine::readPeftFolder(options.adapter);
    if (!adapter)
        return adapter.error();
    if (!adapter->unknown.empty())
        return Error{ErrorCode::InvalidInput, options.adapter + " has " +
                                                  std::to_string(adapter->unknown.size()) +
                                                  " tensors that are none of Gemma 3's, such as " +
                                                  adapter->unknown.front() + "; they would be lost"};
    if (const core::Result<void> fits = checkPlaces(options, *adapter, folder->config); !fits)
        return fits;
    return engine::writePeftFolder(options.out, *adapter, folder->config.vision.has_value());
}

core::Result<engine::LoadedModel> loadMerged(const Options& options, const core::ResolvedModel& where)
{
    engine::LoadSettings settings;  // on the CPU, without loss
    settings.context = kProbed;
    core::Result<engine::LoadedModel> model =
        engine::openModel(where.path, where.textOnly, settings, [](int64_t done, int64_t all) {
            showPercent("loading", done, all);
            return s_interrupted == 0;
        });
    if (!model)
        return model.error().during("loading " + where.name);
    if (options.adapter.empty())
        return model;
    const core::Result<engine::PeftAdapter> adapter = engine::readPeftFolder(options.adapter);
    if (!adapter)
        return adapter.error();
    const core::Result<engine::Attached> attached = engine::attach(*adapter, model->model);
    if (!attached)
        return attached.error();
    if (!attached->unmatched.empty())
        return Error{ErrorCode::InvalidInput,
                     attached->note(options.adapter) + ": a merged model would lack them"};
    std::cerr << "merging " << adapter->layers.size() << " adapted layers\n";
    if (wasTrainedOverNf4(options.adapter))
        std::cerr << "note: this adapter was trained over 4-bit weights; it is merged into those of "
                  << where.name << " as they lie in its folder, which are nearer to the original\n";
    return model;
}

/// Opens what was written and asks it what the model with its adapter was asked.
core::Result<void> checkAnswers(const Options& options, const at::Tensor& wanted, bool isFloat)
{
    engine::LoadSettings settings;
    settings.context = kProbed;
    const core::Result<engine::LoadedModel> written = engine::openModel(options.out, false, settings);
    if (!written)
        return written.error().during("opening " + options.out);
    const core::Result<at::Tensor> scores = engine::probeScores(written->model);
    if (!scores)
        return scores.error();
    const engine::ScoreDifference difference = engine::differenceOf(wanted, *scores);
    std::cerr << "merged against adapter: " << difference.inWords()
              << (isFloat ? "\n" : " (bfloat16 rounds the merged weights)\n");
    constexpr double kShareOfFloats = 1e-3;
    if (isFloat && !(difference.largest <= kShareOfFloats * difference.largestScore))
        return Error{ErrorCode::Internal,
                     options.out + " does not answer as the model with its adapter does; do not use it"};
    return {};
}

core::Result<std::vector<fs::path>> exportWeights(const Options& options)
{
    const core::Result<core::ResolvedModel> where = findModel(options.model);
    if (!where)
        return where.error();
    core::Result<engine::LoadedModel> model = loadMerged(options, *where);
    if (!model)
        return model.error();
    const bool isCompared = options.format == "hf" && !options.adapter.empty();
    const core::Result<at::Tensor> scores =
        isCompared ? engine::probeScores(model->model) : core::Result<at::Tensor>(at::Tensor());
    if (!scores)
        return scores.error();
    const engine::ExportProgress progress = [](int64_t done, int64_t all) {
        showPercent("writing", done, all);
        return s_interrupted == 0;
    };
    const core::DType type = typeOf(options.type);
    if (options.format == "gguf")
        return engine::writeGguf(options.out, model->model, model->generation, where->path,
                                 {type, where->name, progress});
    const core::Result<void> written =
        engine::writeHfFolder(options.out, model->model, where->path,
                              {.type = type == core::DType::F32 ? at::kFloat : at::kBFloat16,
                               .maxShardBytes = static_cast<int64_t>(options.maxShardGigabytes * 1e9),
                               .progress = progress});
    if (!written)
        return written.error();
    if (isCompared) {
        model = Error{ErrorCode::Cancelled, ""};  // one model in memory at a time
        if (const core::Result<void> same = checkAnswers(options, *scores, type == core::DType::F32); !same)
            return same.error();
    }
    return std::vector<fs::path>{options.out};
}

core::Result<std::vector<fs::path>> exportAs(const Options& options)
{
    if (const core::Result<void> isFree = checkOut(options); !isFree)
        return isFree.error();
    const bool isOfHf = options.type.empty() || typeOf(options.type) == core::DType::F32 ||
                        typeOf(options.type) == core::DType::BF16;
    if (options.format == "hf" && !isOfHf)
        return Error{ErrorCode::InvalidInput,
                     "--type " + options.type + " is GGUF's; a Hugging Face folder has f32 or bf16"};
    if (options.format != "peft")
        return exportWeights(options);
    if (const core::Result<void> written = exportAdapter(options); !written)
        return written.error();
    return std::vector<fs::path>{options.out};
}

int exportModel(const Options& options)
{
    std::signal(SIGINT, [](int) { s_interrupted = 1; });
    const core::Result<std::vector<fs::path>> written = exportAs(options);
    if (!written && written.error().code == ErrorCode::Cancelled) {
        std::cerr << "stopped: " << written.error().message << '\n';
        return kInterrupted;
    }
    if (!written)
        return failed(written.error());
    for (const fs::path& path : *written)
        std::cerr << "written: " << path.string() << '\n';
    return 0;
}

CLI::App* add(CLI::App& program, int& status, const std::shared_ptr<Options>& options, const char* name,
              const char* about, bool needsAdapter)
{
    auto* command = program.add_subcommand(name, about);
    command
        ->add_option("--model,-m,MODEL", options->model,
                     "The base model: a library name, a folder, a .gguf file, or demo")
        ->required();
    auto* adapter = command->add_option("--adapter,-a", options->adapter,
                                        "A PEFT adapter folder, such as a run's checkpoint");
    if (needsAdapter)
        adapter->required();
    command->add_option("--max-shard-gb", options->maxShardGigabytes, "Largest file of weights")
        ->check(CLI::Range(0.01, 1000.0))
        ->capture_default_str();
    command->callback([options, &status] { status = exportModel(*options); });
    return command;
}

}  // namespace

void addExport(CLI::App& program, int& status)
{
    const auto merging = std::make_shared<Options>();
    auto* merge =
        add(program, status, merging, "merge",
            "Puts an adapter into its base model's weights and writes a Hugging Face folder.", true);
    merge->add_option("--out,-o", merging->out, "A new folder for the model")->required();
    merge->add_option("--dtype", merging->type, "Of the weights; default: bfloat16")
        ->check(CLI::IsMember({"float32", "bfloat16"}));

    const auto exporting = std::make_shared<Options>();
    auto* command = add(
        program, status, exporting, "export",
        "Writes a model, with an adapter merged in if one is named, for other programs: as a Hugging Face "
        "folder with the names of transformers 4.52 and later, or as GGUF for llama.cpp, the vision part as "
        "mmproj-NAME.gguf beside it. As peft it rewrites the adapter alone, with peft's current names.",
        false);
    command->add_option("--format,-f", exporting->format, "hf, gguf or peft")
        ->check(CLI::IsMember({"hf", "gguf", "peft"}))
        ->capture_default_str();
    command->add_option("--out,-o", exporting->out, "A new folder, or for GGUF a file that ends in .gguf")
        ->required();
    command
        ->add_option(
            "--type,--dtype", exporting->type,
            "Of the weights: f32 or bf16; for GGUF also f16 or q8_0, 8.5 bits a weight; default: bf16")
        ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0", "float32", "bfloat16"}));
    command->add_flag("--overwrite", exporting->overwrite, "Replace .gguf files that are there");
}

}  // namespace facet::app
