#include "jobs/resolved_job.h"

#include "core/base/text.h"
#include "core/gemma3/config_writer.h"
#include "core/models/library.h"
#include "jobs/job/job_json.h"

#include <cmath>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

Result<void> check(const Job& job)
{
    if (!core::isLibraryName(job.name))
        return refused("name is " + inQuotes(job.name) +
                       "; a run's name has letters, digits, \".\", \"_\" and \"-\", and starts with none of "
                       "the last two");
    if (job.modelBase.empty())
        return refused("model.base is missing; name a model such as google/gemma-3-4b-it");
    if (job.data.sources.empty())
        return refused("data.sources is empty; name a file, or mock:text to try without data");
    for (size_t i = 0; i < job.data.sources.size(); ++i)
        if (job.data.sources[i].path.empty())
            return refused("data.sources[" + std::to_string(i) + "].path is missing");
    if ((job.steps > 0) == (job.epochs > 0))
        return refused(job.steps > 0 ? "steps and epochs are both set; one of them says how long to train"
                                     : "neither steps nor epochs is set; one of them says how long to train");
    const int numValidations = (job.data.validationPath.empty() ? 0 : 1) +
                               (job.data.validationSplit.empty() ? 0 : 1) +
                               (job.data.validationFraction > 0 ? 1 : 0);
    if (numValidations > 1)
        return refused("data.validation has more than one of path, split and fraction; keep one");
    if (job.earlyStoppingPatience > 0 && job.validateEverySteps == 0)
        return refused("early_stopping.patience is " + std::to_string(job.earlyStoppingPatience) +
                       ", but validation.every_steps is 0: there is no loss to watch");
    if (job.earlyStoppingPatience > 0 && numValidations == 0)
        return refused("early_stopping.patience is " + std::to_string(job.earlyStoppingPatience) +
                       ", but there is nothing to validate on: set data.validation.fraction, path or split");
    if (job.schedule.minLr > job.optimizer.lr)
        return refused("schedule.min_lr is above optimizer.lr; swap them");
    if (job.sampleEverySteps > 0 && job.samplePrompts.empty())
        return refused("samples.every_steps is set, but samples.prompts is empty");
    return {};
}

Freeze freezeOf(const Job& job)
{
    const bool byDefault = hasAdapters(job.method);
    Freeze freeze;
    freeze.languageModel = job.freeze.languageModel.value_or(byDefault);
    freeze.visionTower = job.freeze.visionTower.value_or(byDefault);
    freeze.projector = job.freeze.projector.value_or(byDefault);
    freeze.embeddings = job.freeze.embeddings;
    freeze.norms = job.freeze.norms;
    return freeze;
}

/// The value of the one pattern that means the module, or `otherwise`.
Result<double> byPattern(const std::map<std::string, double>& patterns, const char* key,
                         const LinearModule& module, double otherwise)
{
    const std::string* found = nullptr;
    for (const auto& [pattern, value] : patterns) {
        const Result<bool> means = meansModule(pattern, module);
        if (!means)
            return means.error().during(key);
        if (*means && found && value != patterns.at(*found))
            return refused(std::string(key) + " gives " + module.name + " two values, by " +
                           inQuotes(*found) + " and by " + inQuotes(pattern));
        if (*means)
            found = &pattern;
    }
    return found ? patterns.at(*found) : otherwise;
}

Result<void> addAdapters(ResolvedJob& resolved)
{
    const LoraSettings& lora = resolved.job.lora;
    const Result<TargetSelection> selection =
        selectTargets(linearModules(resolved.config), {.names = lora.targets.names,
                                                       .regex = lora.targets.regex,
                                                       .exclude = lora.exclude.names,
                                                       .excludeRegex = lora.exclude.regex,
                                                       .layers = lora.layers});
    if (!selection)
        return selection.error().during("lora.targets");
    for (const LinearModule& module : selection->modules) {
        const Result<double> rank =
            byPattern(lora.rankPattern, "lora.rank_pattern", module, static_cast<double>(lora.rank));
        if (!rank)
            return rank.error();
        if (*rank != std::floor(*rank))
            return refused("lora.rank_pattern gives " + module.name + " a rank that is no whole number");
        const Result<double> alpha = byPattern(lora.alphaPattern, "lora.alpha_pattern", module, lora.alpha);
        if (!alpha)
            return alpha.error();
        resolved.adapters.push_back(
            {module, static_cast<int64_t>(*rank), *alpha, *alpha / (lora.rsLora ? std::sqrt(*rank) : *rank)});
    }
    for (const auto& [patterns, key] : {std::pair(&lora.rankPattern, "lora.rank_pattern"),
                                        std::pair(&lora.alphaPattern, "lora.alpha_pattern")}) {
        for (const auto& [pattern, value] : *patterns) {
            bool isUsed = false;
            for (const LinearModule& module : selection->modules)
                isUsed = isUsed || *meansModule(pattern, module);
            if (!isUsed)
                return refused(std::string(key) + "." + pattern + " matches none of the targets");
        }
    }
    return {};
}

/// Finds what a new model takes from others.
Result<void> resolvePretrain(ResolvedJob& resolved, std::span<const core::BuiltInModel> builtIns)
{
    const PretrainSettings& pretrain = resolved.job.pretrain;
    resolved.tokenizerPath = resolved.modelPath;
    if (!pretrain.tokenizer.empty()) {
        const Result<ModelShape> other = modelShape(pretrain.tokenizer, /*textOnly=*/false, builtIns);
        if (!other)
            return other.error().during("pretrain.tokenizer");
        resolved.tokenizerPath = other->path;
        // The table's rows and the ids of pictures are the tokenizer's.
        resolved.config.text.vocabSize = other->config.text.vocabSize;
        resolved.config.imageTokenId = other->config.imageTokenId;
        resolved.config.boiTokenId = other->config.boiTokenId;
        resolved.config.eoiTokenId = other->config.eoiTokenId;
    }
    if (pretrain.visionTower.empty())
        return {};
    if (!resolved.config.vision)
        return refused("pretrain.vision_tower is " + inQuotes(pretrain.visionTower) +
                       ", but the model reads text only");
    const Result<ModelShape> other = modelShape(pretrain.visionTower, /*textOnly=*/false, builtIns);
    if (!other)
        return other.error().during("pretrain.vision_tower");
    if (!other->config.vision)
        return refused("pretrain.vision_tower is " + inQuotes(pretrain.visionTower) +
                       ", which reads text only");
    const auto towerJson = [](const core::gemma3::Config& config) {
        return core::gemma3::configJson(config)["vision_config"];
    };
    if (towerJson(other->config) != towerJson(resolved.config))
        return refused("pretrain.vision_tower is " + inQuotes(pretrain.visionTower) +
                       ", whose tower has another shape than the model's");
    resolved.visionTowerPath = other->path;
    return {};
}

Result<void> layOut(ResolvedJob& resolved, int64_t gpusOfThisMachine)
{
    Job& job = resolved.job;
    ParallelLayout& layout = job.parallel;
    layout.numNodes = layout.numNodes.value_or(1);
    layout.gpusPerNode = layout.gpusPerNode.value_or(std::max<int64_t>(1, gpusOfThisMachine));
    layout.tensor = layout.tensor.value_or(1);
    layout.pipeline = layout.pipeline.value_or(1);
    layout.context = layout.context.value_or(1);
    resolved.numGpus = *layout.numNodes * *layout.gpusPerNode;
    const int64_t group = *layout.tensor * *layout.pipeline * *layout.context;
    if (resolved.numGpus % group != 0)
        return refused(std::to_string(resolved.numGpus) + " GPUs cannot be cut into groups of " +
                       std::to_string(group) + " (parallel.tensor x pipeline x context)");
    const int64_t heads = resolved.config.text.numHeads;
    if (heads % *layout.tensor != 0)
        return refused("parallel.tensor is " + std::to_string(*layout.tensor) +
                       ", which does not divide the " + std::to_string(heads) + " heads of the model");
    if (*layout.pipeline > resolved.config.text.numLayers)
        return refused("parallel.pipeline is " + std::to_string(*layout.pipeline) +
                       ", more than the model's " + std::to_string(resolved.config.text.numLayers) +
                       " layers");
    resolved.dataParallel = resolved.numGpus / group;
    const int64_t atOnce = resolved.dataParallel * job.microBatch;
    if (job.globalBatch % atOnce != 0)
        return refused("batch.global is " + std::to_string(job.globalBatch) +
                       ", no multiple of batch.micro " + std::to_string(job.microBatch) + " times " +
                       std::to_string(resolved.dataParallel) + " data-parallel ranks");
    resolved.accumulation = job.globalBatch / atOnce;
    return {};
}

std::string inMillions(int64_t count)
{
    return std::to_string((count + 500'000) / 1'000'000) + " M";
}

void addNotes(ResolvedJob& resolved, const Settings& said)
{
    const Job& job = resolved.job;
    const auto note = [&](std::string text) { resolved.notes.push_back(std::move(text)); };
    const int64_t vision = resolved.parameters.trainedOf(ParameterPart::VisionTower) +
                           resolved.parameters.trainedOf(ParameterPart::VisionNorms);
    if (hasAdapters(job.method) && resolved.parameters.trainedOf(ParameterPart::VisionTower) > 0)
        note("the whole vision tower (" + inMillions(vision) +
             " parameters) is trained besides the adapters, as " +
             "NeMo's LoRA recipes do; freeze.vision_tower=true and freeze.projector=true train the adapters "
             "alone");
    if (hasAdapters(job.method) && resolved.parameters.trainedOf(ParameterPart::LanguageLayers) > 0)
        note("freeze.language_model is false: the whole language model is trained besides the adapters");
    if (!hasAdapters(job.method))
        for (const auto& [key, value] : said)
            if (key.starts_with("lora."))
                note(key + " is set, but the method has no adapters: it is ignored");
    for (const DataSource& source : job.data.sources)
        if (source.path.starts_with("mock:"))
            note("data.sources has " + source.path + ": made-up samples, which teach nothing");
    if (job.steps > 0 && job.schedule.warmupSteps >= job.steps)
        note("schedule.warmup_steps is " + std::to_string(job.schedule.warmupSteps) + " of " +
             std::to_string(job.steps) + " steps: the learning rate never leaves its warm-up");
    if (!resolved.config.vision && (job.freeze.visionTower || job.freeze.projector))
        note("the model has no vision part: freeze.vision_tower and freeze.projector are ignored");
    const bool validates = !job.data.validationPath.empty() || !job.data.validationSplit.empty() ||
                           job.data.validationFraction > 0;
    if (job.validateEverySteps > 0 && !validates)
        note(
            "validation.every_steps is set, but data.validation names nothing to validate on: it is ignored");
    if (job.validateEverySteps == 0 && validates)
        note("data.validation is set, but validation.every_steps is 0: nothing is validated");
    const bool isNew = job.method == Method::Pretrain;
    for (const auto& [key, value] : said)
        if (!isNew && key.starts_with("pretrain.") && value != "")
            note(key + " is set, but the method is not pretrain: it is ignored");
    if (isNew && resolved.tokenizerPath.empty())
        note(
            (job.pretrain.tokenizer.empty() ? job.modelBase : job.pretrain.tokenizer) +
            " is not on this machine, so that there is no tokenizer: only made-up samples can be trained on");
    if (isNew && !job.pretrain.visionTower.empty() && resolved.visionTowerPath.empty())
        note(job.pretrain.visionTower + " is not on this machine, whose vision tower is wanted");
    if (isNew)
        note("the model starts from random weights, drawn by seed; model.base gives its shape" +
             std::string(job.pretrain.tokenizer.empty() ? " and its tokenizer" : ""));
    if (resolved.modelPath.empty() && !isNew)
        note(job.modelBase + " is not on this machine; its shape is known by its name");
}

}  // namespace

Result<Settings> withRecipe(const Settings& settings, const std::filesystem::path& recipes,
                            std::optional<Recipe>* recipe)
{
    const auto named = settings.find("recipe");
    if (named == settings.end() || named->second == "")
        return settings;
    if (!named->second.is_string())
        return refused("recipe is not a text");
    Result<Recipe> read = readRecipe(recipes, named->second.get<std::string>());
    if (!read)
        return read.error();
    Settings all = read->settings;
    for (const auto& [key, value] : settings)
        all[key] = value;
    all["recipe"] = read->name;
    if (recipe)
        *recipe = *std::move(read);
    return all;
}

Result<ResolvedJob> resolveJob(const Settings& settings, const Surroundings& surroundings)
{
    ResolvedJob resolved;
    const Result<Settings> all = withRecipe(settings, surroundings.recipes, &resolved.recipe);
    if (!all)
        return all.error();
    Result<Job> job = jobFrom(*all);
    if (!job)
        return job.error();
    resolved.job = *std::move(job);
    if (resolved.recipe) {
        const Result<Job> original = jobFrom(resolved.recipe->settings);
        if (!original)
            return original.error().during("recipe " + resolved.recipe->name);
        resolved.fromRecipe = differences(*original, resolved.job);
    }
    if (const Result<void> checked = check(resolved.job); !checked)
        return checked.error();
    if (resolved.job.dir.empty())
        resolved.job.dir = (core::libraryPlace().folder / "runs" / resolved.job.name).string();

    const Result<ModelShape> shape =
        modelShape(resolved.job.modelBase, resolved.job.modelTextOnly, surroundings.builtIns);
    if (!shape)
        return shape.error().during("model.base");
    resolved.config = shape->config;
    resolved.modelPath = shape->path;
    resolved.initializerRange = shape->initializerRange;
    if (resolved.job.method == Method::Pretrain)
        if (const Result<void> found = resolvePretrain(resolved, surroundings.builtIns); !found)
            return found.error();
    if (resolved.job.sequenceLength > resolved.config.text.maxPositions)
        return refused("sequence_length is " + std::to_string(resolved.job.sequenceLength) +
                       ", more than the model's " + std::to_string(resolved.config.text.maxPositions) +
                       " positions");
    for (const DataSource& source : resolved.job.data.sources)
        if (source.path == "mock:vision" && !resolved.config.vision)
            return refused("data.sources has mock:vision, but the model reads text only; take mock:text");

    resolved.freeze = freezeOf(resolved.job);
    if (resolved.job.method == Method::Qlora && !resolved.freeze.languageModel)
        return refused(
            "freeze.language_model is false, but the method is qlora, whose language model is stored in 4 "
            "bits "
            "and cannot be trained; take lora");
    if (hasAdapters(resolved.job.method))
        if (const Result<void> added = addAdapters(resolved); !added)
            return added.error();
    int64_t numAdapterParameters = 0;
    for (const Adapter& adapter : resolved.adapters)
        numAdapterParameters +=
            adapter.module.numAdapterParameters(adapter.rank, resolved.job.method == Method::Dora);
    resolved.parameters = parameterTable(resolved.config, resolved.freeze, numAdapterParameters);
    if (resolved.parameters.trained == 0)
        return refused("everything is frozen: there is nothing to train; set one of freeze.* to false");
    if (const Result<void> done = layOut(resolved, surroundings.gpusOfThisMachine); !done)
        return done.error();
    addNotes(resolved, settings);

    FreezeSettings& freeze = resolved.job.freeze;
    freeze.languageModel = resolved.freeze.languageModel;
    if (resolved.config.vision) {
        freeze.visionTower = resolved.freeze.visionTower;
        freeze.projector = resolved.freeze.projector;
    }
    freeze.embeddings = resolved.freeze.embeddings.value_or(resolved.freeze.languageModel);
    return resolved;
}

}  // namespace facet::jobs
