#pragma once

// The jobs and profiles behind golden/*.sbatch, for whoever compares, lints or submits those scripts.

#include "jobs/slurm/script.h"

#include <QString>

#include <vector>

namespace facet::jobs {

struct GoldenScript {
    const char* name;
    core::Result<std::string> script;
};

inline ClusterProfile bareProfile()
{
    ClusterProfile profile;
    profile.name = "bare";
    profile.time = "02:00:00";
    return profile;
}

inline Job smallJob(const std::string& name)
{
    Job job;
    job.name = name;
    job.modelBase = "google/gemma-3-4b-it";
    job.data.sources.emplace_back().path = "/data/receipts.jsonl";
    job.steps = 100;
    return job;
}

inline std::vector<GoldenScript> goldenScripts()
{
    std::vector<GoldenScript> scripts;

    scripts.push_back({"bare", batchScript(TrainingTask{smallJob("sums"), {}}, bareProfile())});

    ClusterProfile pyxis;
    pyxis.name = "lab";
    pyxis.engine = "/opt/facet/facet-engine";
    pyxis.models = "$WORK/hf";
    pyxis.runs = "$WORK/facet/runs";
    pyxis.launch = LaunchVariant::Pyxis;
    pyxis.image = "nvcr.io#nvidia/cuda:13.0.0-runtime-ubuntu24.04";
    pyxis.mounts = {"$WORK/facet/engine:/opt/facet:ro", "/data:/data:ro"};
    pyxis.workdir = "/opt/facet";
    pyxis.account = "vlm-docs";
    pyxis.partition = "low";
    pyxis.qos = "normal";
    pyxis.time = "1-00:00:00";
    pyxis.gpusPerNode = 2;
    pyxis.cpusPerTask = 1;
    pyxis.memory = "2G";
    pyxis.exclusive = true;
    pyxis.nccl = {{"NCCL_SOCKET_IFNAME", "ib0"}, {"NCCL_IB_HCA", "mlx5_0,mlx5_1"}};
    pyxis.ncclDebug = true;
    pyxis.environment = {{"TOKENIZERS_PARALLELISM", "false"}};
    pyxis.passEnvironment = {"HF_TOKEN"};
    pyxis.mailType = "END,FAIL";
    pyxis.mailUser = "me@example.org";
    pyxis.comment = "receipts, second try";
    Job spread = smallJob("receipts");
    spread.parallel = {.numNodes = 2, .gpusPerNode = 2, .tensor = 2, .pipeline = 2, .context = {}};
    scripts.push_back({"pyxis", batchScript(TrainingTask{spread, {}}, pyxis)});

    ClusterProfile apptainer = pyxis;
    apptainer.name = "booster";
    apptainer.launch = LaunchVariant::Apptainer;
    apptainer.image = "$WORK/images/facet.sif";
    apptainer.ncclDebug = false;
    apptainer.dependency = "singleton";
    apptainer.extra = {"--nice=10"};
    scripts.push_back({"apptainer", batchScript(TrainingTask{smallJob("receipts"), {}}, apptainer)});

    ClusterProfile modules = bareProfile();
    modules.name = "campus";
    modules.modules = {"GCC/12.3.0", "CUDA/13.0"};
    modules.partition = "low";
    modules.exclude = "n3";
    modules.arrayAtOnce = 2;
    modules.error = "%x.%a.slurm.err";
    modules.restarts = 0;
    modules.saveBeforeEnd = 0;
    scripts.push_back(
        {"sweep",
         batchScript(TrainingTask{smallJob("sums"), {{"optimizer.lr", {1e-4, 3e-4}}, {"lora.rank", {8, 16}}}},
                     modules)});

    // NeMo's example for the 27B model is 4 nodes, TP 8 x PP 4; here what a test cluster of three nodes can
    // hold.
    GenerationTask generation;
    generation.name = "gemma-27b-gen";
    generation.model = "google/gemma-3-27b-it";
    generation.prompt = "What's in this picture?";
    generation.image = "$HOME/cat.png";
    generation.parallel = {.numNodes = 2, .gpusPerNode = 2, .tensor = 2, .pipeline = 2, .context = {}};
    scripts.push_back({"generation", batchScript(generation, pyxis)});

    ClusterProfile hostile = bareProfile();
    hostile.name = "hostile";
    hostile.engine = "/opt/it's \"here\"/$(touch pwned)/facet-engine";
    hostile.runs = "$HOME/a b/`touch pwned`/$(touch pwned)";
    hostile.comment = "50 % \"off\" \\ # $(touch pwned)";
    hostile.environment = {{"WORDS", "it's $HOME \"and\" `more`; touch pwned"}};
    Job named = smallJob("it's a \"name\" $(touch pwned) 50% #1; x");
    named.data.sources[0].path = "/data/it's\nEND_OF_JOB\ntouch pwned";
    scripts.push_back(
        {"hostile", batchScript(TrainingTask{named, {{"model.base", {"a b", "$(touch pwned)"}}}}, hostile)});
    return scripts;
}

}  // namespace facet::jobs
