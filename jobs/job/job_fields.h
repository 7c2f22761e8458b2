#pragma once

// Every key of a job file, once: the reader, the writer, the schema and the overrides all go over this list.
//
// A visitor has operator() for each type of member: (key, value, [names or range,] help). Keys are paths;
// "lora.rank" is the member "rank" of the object "lora". visitJob goes over a Job or a const Job.

#include "jobs/job/job.h"

#include <array>
#include <string_view>

namespace facet::jobs {

constexpr int64_t kJobVersion = 1;

struct Range {
    double least = 0;
    double most = 0;
};

inline constexpr std::array<std::string_view, 5> kMethods = {"pretrain", "full", "lora", "dora", "qlora"};
inline constexpr std::array<std::string_view, 3> kPrecisions = {"bf16_mixed", "bf16", "fp32"};
inline constexpr std::array<std::string_view, 4> kCheckpointings = {"auto", "none", "selective", "full"};
inline constexpr std::array<std::string_view, 4> kSchedules = {"cosine", "linear", "constant", "wsd"};
inline constexpr std::array<std::string_view, 3> kOptimizers = {"adamw", "adamw_bf16", "adamw_8bit"};
inline constexpr std::array<std::string_view, 2> kTrainOns = {"assistant", "all"};
inline constexpr std::array<std::string_view, 10> kFormats = {
    "auto",         "chat", "sharegpt", "llava", "alpaca", "prompt_completion",
    "input_output", "text", "energon",  "mock"};

/// Members of one entry of data.sources.
template <typename Source, typename Visitor>
void visitSource(Source& source, Visitor& visit)
{
    visit("path", source.path, "A file, an Energon folder, or mock:text, mock:vision");
    visit("weight", source.weight, Range{0, 1e9}, "Its share among the sources");
    visit("format", source.format, kFormats, "What its rows are; auto looks at them");
    visit("image_root", source.imageRoot, "Where relative picture paths start; \"\": the file's folder");
    visit("split", source.split, "Which split of an Energon folder");
    visit("field_map", source.fieldMap,
          "What the fields are called there: prompt: question of a file, context: json[question] of a crude "
          "Energon folder");
}

/// Members of one entry of samples.prompts.
template <typename Prompt, typename Visitor>
void visitPrompt(Prompt& prompt, Visitor& visit)
{
    visit("prompt", prompt.prompt, "What to ask the model during training");
    visit("image", prompt.image, "A picture to ask about; \"\": none");
}

template <typename AnyJob, typename Visitor>
void visitJob(AnyJob& job, Visitor& visit)
{
    constexpr double kMany = 1e12;
    visit("name", job.name, "Name of the run: letters, digits, \".\", \"_\", \"-\"");
    visit("dir", job.dir, "Folder of the run; \"\": FACET_HOME/runs/NAME");
    visit("recipe", job.recipe, "Recipe whose values count where this file says nothing; \"\": none");
    visit("model.base", job.modelBase,
          "A library name, a folder, or an id such as google/gemma-3-4b-it; to pretrain, a config.json, too");
    visit("model.text_only", job.modelTextOnly, "Leave the vision part of a vision model out");
    visit("method", job.method, kMethods,
          "pretrain starts from random weights, full trains all that is not frozen");

    visit("pretrain.tokenizer", job.pretrain.tokenizer,
          "Model whose tokenizer and vocabulary a new model gets; \"\": model.base's");
    visit("pretrain.vision_tower", job.pretrain.visionTower,
          "Model whose vision tower a new model gets; \"\": random weights");

    visit("freeze.language_model", job.freeze.languageModel, "null: frozen if the method has adapters");
    visit("freeze.vision_tower", job.freeze.visionTower, "null: frozen if the method has adapters");
    visit("freeze.projector", job.freeze.projector, "null: frozen if the method has adapters");
    visit("freeze.embeddings", job.freeze.embeddings, "null: as language_model");
    visit("freeze.norms", job.freeze.norms, "null: as the part they are in");

    visit("lora.targets", job.lora.targets,
          "Names, NeMo's patterns or all-linear; a text is PEFT's regular expression");
    visit("lora.exclude", job.lora.exclude, "What the targets leave out, written the same way");
    visit("lora.layers", job.lora.layers, "Numbers of layers, such as 0-5,10,20-; \"\": all");
    visit("lora.rank", job.lora.rank, Range{1, 65536}, "Width of the adapters");
    visit("lora.alpha", job.lora.alpha, Range{0, 1e6},
          "Scale: alpha / rank, or alpha / sqrt(rank) with rslora");
    visit("lora.dropout", job.lora.dropout, Range{0, 0.99}, "Share of the adapter's inputs that is dropped");
    visit("lora.rslora", job.lora.rsLora, "Scale by alpha / sqrt(rank)");
    visit("lora.rank_pattern", job.lora.rankPattern, Range{1, 65536},
          "Other ranks by name or pattern of target");
    visit("lora.alpha_pattern", job.lora.alphaPattern, Range{0, 1e6},
          "Other alphas by name or pattern of target");
    visit("lora.init_adapter", job.lora.initAdapter, "PEFT adapter folder to start from; \"\": a new one");

    visit.list(
        "data.sources", job.data.sources, [](auto& each, auto& inner) { visitSource(each, inner); },
        "What is trained on");
    visit("data.validation.path", job.data.validationPath, "File or folder to validate on; \"\": none");
    visit("data.validation.split", job.data.validationSplit,
          "Split to validate on: an Energon folder's, or the file beside, as val.jsonl beside train.jsonl; "
          "\"\": none");
    visit("data.validation.fraction", job.data.validationFraction, Range{0, 0.9},
          "Share of the rows held out to validate on, the same ones whatever else is set");
    visit("data.validation.seed", job.data.validationSeed, Range{0, kMany}, "Which rows are held out");
    visit("data.train_on", job.data.trainOn, kTrainOns, "Whose turns count in the loss");
    visit("data.max_samples", job.data.maxSamples, Range{0, kMany}, "Use this many rows at most; 0: all");
    visit("data.num_workers", job.data.numWorkers, Range{0, 256}, "Threads that prepare samples");
    visit("data.shuffle_seed", job.data.shuffleSeed, Range{0, kMany}, "Order of the rows");
    visit("data.skip_bad", job.data.skipBad, "Count and leave out rows that cannot be read");

    visit("sequence_length", job.sequenceLength, Range{8, 1 << 20}, "Tokens of a sample, at most");
    visit("batch.global", job.globalBatch, Range{1, 1 << 20},
          "Samples (packs, if packed) of one step, over all GPUs");
    visit("batch.micro", job.microBatch, Range{1, 1 << 16}, "Samples of one pass on one GPU");
    visit("packing", job.packing, "Put several samples into one sequence; they do not see each other");
    visit("steps", job.steps, Range{0, kMany}, "Steps of the optimizer; 0: by epochs");
    visit("epochs", job.epochs, Range{0, 1e6}, "Rounds over the data; 0: by steps");

    visit("schedule.type", job.schedule.kind, kSchedules,
          "How the learning rate goes; wsd: warm-up, stable, decay");
    visit("schedule.warmup_steps", job.schedule.warmupSteps, Range{0, kMany},
          "lr (step + 1) / (warmup_steps + 1) until then");
    visit("schedule.constant_steps", job.schedule.constantSteps, Range{0, kMany},
          "Last steps at min_lr (cosine)");
    visit("schedule.decay_steps", job.schedule.decaySteps, Range{0, kMany},
          "Last steps that decay (wsd); 0: a tenth");
    visit("schedule.min_lr", job.schedule.minLr, Range{0, 10}, "Learning rate at the end");

    visit("optimizer.type", job.optimizer.kind, kOptimizers,
          "adamw_bf16 and adamw_8bit keep the two moments in 16 or 8 bits");
    visit("optimizer.lr", job.optimizer.lr, Range{0, 10}, "Highest learning rate");
    visit("optimizer.beta1", job.optimizer.beta1, Range{0, 1}, "Memory of the gradient");
    visit("optimizer.beta2", job.optimizer.beta2, Range{0, 1}, "Memory of its square");
    visit("optimizer.eps", job.optimizer.eps, Range{0, 1}, "Added to the root of the second moment");
    visit("optimizer.weight_decay", job.optimizer.weightDecay, Range{0, 10},
          "Decoupled decay; norms and biases have none");
    visit("optimizer.clip_grad_norm", job.optimizer.clipGradNorm, Range{0, 1e6}, "Longest gradient; 0: any");

    visit("precision", job.precision, kPrecisions,
          "bf16_mixed: bf16 weights, fp32 master weights and gradient sums");
    visit("activation_checkpointing", job.checkpointing, kCheckpointings,
          "What is computed again in the backward pass");

    visit("parallel.nodes", job.parallel.numNodes, Range{1, 4096}, "Machines");
    visit("parallel.gpus_per_node", job.parallel.gpusPerNode, Range{1, 64}, "GPUs of each");
    visit("parallel.tensor", job.parallel.tensor, Range{1, 64}, "GPUs that share each matrix");
    visit("parallel.pipeline", job.parallel.pipeline, Range{1, 256}, "GPUs that share the layers");
    visit("parallel.context", job.parallel.context, Range{1, 64}, "GPUs that share the sequence");
    visit("parallel.shard_optimizer", job.parallel.shardOptimizer,
          "Each data-parallel rank keeps a part of the optimizer");

    visit("validation.every_steps", job.validateEverySteps, Range{0, kMany}, "0: never");
    visit("validation.batches", job.validationBatches, Range{0, kMany}, "Global batches each time; 0: all");
    visit("early_stopping.patience", job.earlyStoppingPatience, Range{0, 1e6},
          "Validations without a better loss; 0: off");
    visit("early_stopping.min_delta", job.earlyStoppingMinDelta, Range{0, 1e6}, "What counts as better");
    visit("saving.every_steps", job.saveEverySteps, Range{0, kMany}, "0: by time only");
    visit("saving.every_minutes", job.saveEveryMinutes, Range{0, 1e6}, "0: by steps only");
    visit("saving.keep_best", job.keepBest, Range{0, 1e6},
          "Checkpoints with the lowest validation loss that are kept");
    visit("saving.keep_last", job.keepLast, Range{0, 1e6}, "Newest checkpoints that are kept, too");
    visit("logging.every_steps", job.logEverySteps, Range{1, kMany}, "Steps between two records of the loss");
    visit("logging.tensorboard", job.tensorboard, "Write TensorBoard event files, too");
    visit("samples.every_steps", job.sampleEverySteps, Range{0, kMany}, "0: never");
    visit("samples.max_new_tokens", job.sampleMaxTokens, Range{1, 1 << 16}, "Length of an answer");
    visit.list(
        "samples.prompts", job.samplePrompts, [](auto& each, auto& inner) { visitPrompt(each, inner); },
        "Asked during training, to see it learn");

    visit("seed", job.seed, Range{0, kMany}, "Initial weights of adapters and of new models, dropout");
    visit("deterministic", job.deterministic, "The same numbers each time, at some cost in speed");
}

}  // namespace facet::jobs
