#pragma once

// What a fine-tune is: one JSON file, read into this. Defaults here are the defaults of the file;
// job_fields.h names every key, with its range and what it is for.

#include "jobs/targets/parameter_table.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace facet::jobs {

enum class Method { Pretrain, Full, Lora, Dora, Qlora };

/// Whether a method trains adapters: LoRA and its kin.
inline bool hasAdapters(Method method)
{
    return method == Method::Lora || method == Method::Qlora || method == Method::Dora;
}
enum class Precision { Bf16Mixed, Bf16, Fp32 };
enum class Checkpointing { Auto, None, Selective, Full };
enum class ScheduleKind { Cosine, Linear, Constant, WarmupStableDecay };
enum class OptimizerKind { AdamW, AdamWBf16, AdamW8bit };
enum class TrainOn { Assistant, All };
enum class SourceFormat {
    Auto,
    Chat,
    ShareGpt,
    Llava,
    Alpaca,
    PromptCompletion,
    InputOutput,
    Text,
    Energon,
    Mock
};

/// A number, or "auto" where it is none.
using AutoInt = std::optional<int64_t>;

/// PEFT's two forms: a list of names and patterns, or one regular expression.
struct TargetList {
    std::vector<std::string> names;
    std::string regex;
    bool operator==(const TargetList&) const = default;
};

struct LoraSettings {
    TargetList targets = {{"all-linear"}, ""};
    TargetList exclude;
    std::string layers;
    int64_t rank = 16;
    double alpha = 32;
    double dropout = 0;
    bool rsLora = false;
    std::map<std::string, double> rankPattern;
    std::map<std::string, double> alphaPattern;
    std::string initAdapter;
};

struct DataSource {
    std::string path;
    double weight = 1;
    SourceFormat format = SourceFormat::Auto;
    std::string imageRoot;
    std::string split = "train";
    std::map<std::string, std::string> fieldMap;
    bool operator==(const DataSource&) const = default;
};

struct DataSettings {
    std::vector<DataSource> sources;
    std::string validationPath;
    std::string validationSplit;
    double validationFraction = 0;
    int64_t validationSeed = 1234;
    TrainOn trainOn = TrainOn::Assistant;
    int64_t maxSamples = 0;
    int64_t numWorkers = 4;
    int64_t shuffleSeed = 1234;
    bool skipBad = false;
    bool operator==(const DataSettings&) const = default;
};

struct Schedule {
    ScheduleKind kind = ScheduleKind::Cosine;
    int64_t warmupSteps = 50;
    int64_t constantSteps = 0;
    int64_t decaySteps = 0;
    double minLr = 0;
};

struct Optimizer {
    OptimizerKind kind = OptimizerKind::AdamW;
    double lr = 1e-4;
    double beta1 = 0.9;
    double beta2 = 0.95;
    double eps = 1e-5;
    double weightDecay = 0.1;
    double clipGradNorm = 1;
};

struct ParallelLayout {
    AutoInt numNodes;
    AutoInt gpusPerNode;
    AutoInt tensor;
    AutoInt pipeline;
    AutoInt context;
    bool shardOptimizer = true;
};

struct SamplePrompt {
    std::string prompt;
    std::string image;
};

/// What a model that starts from random weights takes from others, beside the shape of model.base.
struct PretrainSettings {
    std::string tokenizer;
    std::string visionTower;
};

/// Freeze flags as a job gives them; what is left out follows the method.
struct FreezeSettings {
    std::optional<bool> languageModel;
    std::optional<bool> visionTower;
    std::optional<bool> projector;
    std::optional<bool> embeddings;
    std::optional<bool> norms;
};

struct Job {
    std::string name;
    std::string dir;
    std::string recipe;

    std::string modelBase;
    bool modelTextOnly = false;
    Method method = Method::Lora;
    PretrainSettings pretrain;
    FreezeSettings freeze;
    LoraSettings lora;
    DataSettings data;

    int64_t sequenceLength = 2048;  ///< tokens
    int64_t globalBatch = 32;       ///< samples, or packs of sequenceLength if packed
    int64_t microBatch = 1;
    bool packing = false;
    int64_t steps = 0;
    double epochs = 0;

    Schedule schedule;
    Optimizer optimizer;
    Precision precision = Precision::Bf16Mixed;
    Checkpointing checkpointing = Checkpointing::Auto;
    ParallelLayout parallel;

    int64_t validateEverySteps = 0;
    int64_t validationBatches = 0;
    int64_t earlyStoppingPatience = 0;
    double earlyStoppingMinDelta = 0;
    int64_t saveEverySteps = 0;
    double saveEveryMinutes = 15;
    int64_t keepBest = 3;
    int64_t keepLast = 1;
    int64_t logEverySteps = 1;
    bool tensorboard = true;
    int64_t sampleEverySteps = 0;
    int64_t sampleMaxTokens = 64;
    std::vector<SamplePrompt> samplePrompts;

    int64_t seed = 1234;
    bool deterministic = false;
};

}  // namespace facet::jobs
