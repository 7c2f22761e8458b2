#include "engine/train/checkpoint.h"

#include "core/base/file.h"
#include "core/base/fingerprint.h"
#include "core/base/json.h"
#include "engine/convert/hf_folder.h"
#include "engine/guard.h"
#include "engine/tensor_file.h"

#include <unistd.h>

#include <algorithm>
#include <set>

namespace facet::engine {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;

constexpr const char* kStateJson = "trainer_state.json";
constexpr const char* kStateTensors = "trainer_state.safetensors";

std::string textOf(const TrainerState& state)
{
    nlohmann::ordered_json json = {
        {"facet_trainer_state", 1}, {"step", state.step},    {"packs", state.packs},
        {"tokens", state.tokens},   {"data", state.data},    {"validation_data", state.validationData},
        {"model", state.model},     {"validation", nullptr}, {"recent_losses", state.recentLosses}};
    json["validation"] = nlohmann::ordered_json::array();
    for (const auto& [step, loss] : state.validation)
        json["validation"].push_back({{"step", step}, {"loss", loss}});
    return json.dump(2) + "\n";
}

core::Result<TrainerState> readState(const fs::path& path)
{
    const core::Result<nlohmann::json> object = core::readJsonObject(path);
    if (!object)
        return object.error();
    core::JsonFields fields(*object, "");
    TrainerState state;
    const int64_t version = fields.integer("facet_trainer_state", 0, 0, INT64_MAX);
    state.step = fields.integer("step", 0, 0, INT64_MAX);
    state.packs = fields.integer("packs", 0, 0, INT64_MAX);
    state.tokens = fields.integer("tokens", 0, 0, INT64_MAX);
    state.data = fields.text("data", "");
    state.validationData = fields.text("validation_data", "");
    state.model = fields.text("model", "");
    if (version != 1)
        fields.fail("facet_trainer_state", "is not 1: this checkpoint is of another version of Facet");
    if (fields.error())
        return fields.error()->during("reading " + path.string());
    try {
        for (const auto& entry : object->at("validation"))
            state.validation[entry.at("step").get<int64_t>()] = entry.at("loss").get<double>();
        state.recentLosses = object->at("recent_losses").get<std::vector<double>>();
    } catch (const nlohmann::json::exception&) {
        return Error{ErrorCode::InvalidInput, path.string() + " is damaged: its losses cannot be read"};
    }
    return state;
}

core::Result<void> writeParts(const fs::path& folder, const TrainerState& state, const TrainedModel& model,
                              const AdamW& optimizer, const fs::path& base)
{
    const at::ScalarType type = model.model().weights.type();
    core::Result<void> done =
        model.adapters().empty()
            ? writeHfFolder(folder, model.model(), base, {.type = type})
            : writePeftFolder(folder, model.adapter(base.string()), model.model().config.vision.has_value());
    if (done)
        done = writeTensors(folder / kStateTensors, optimizer.state());
    if (done)
        done = core::writeFileAtomically(folder / kStateJson, textOf(state));
    return done;
}

}  // namespace

core::Result<void> saveCheckpoint(const core::RunFolder& run, const TrainerState& state,
                                  const TrainedModel& model, const AdamW& optimizer, const fs::path& base)
{
    const fs::path place = run.checkpoint(state.step);
    std::error_code failure;
    if (fs::exists(place, failure))
        return {};
    const fs::path beside =
        run.checkpoints() / (".half-" + place.filename().string() + "." + std::to_string(::getpid()));
    fs::remove_all(beside, failure);
    if (!fs::create_directories(beside, failure))
        return Error{ErrorCode::Io, "cannot make " + beside.string() + ": " + failure.message()};
    core::Result<core::Result<void>> written =
        guarded([&] { return writeParts(beside, state, model, optimizer, base); });
    core::Result<void> done = written ? *written : core::Result<void>(written.error());
    if (done) {
        fs::rename(beside, place, failure);
        if (!failure)
            return {};
        done = Error{ErrorCode::Io, "cannot rename " + beside.string() + ": " + failure.message()};
    }
    std::error_code ignored;
    fs::remove_all(beside, ignored);
    return done;
}

core::Result<TrainerState> loadCheckpoint(const fs::path& checkpoint, AdamW& optimizer)
{
    core::Result<TrainerState> state = readState(checkpoint / kStateJson);
    if (!state)
        return state;
    const core::Result<std::map<std::string, at::Tensor>> tensors = readTensors(checkpoint / kStateTensors);
    if (!tensors)
        return tensors.error();
    core::Result<core::Result<void>> set = guarded([&] { return optimizer.setState(*tensors); });
    if (!set)
        return set.error();
    if (!*set)
        return set->error().during("resuming from " + checkpoint.string());
    return state;
}

core::Result<void> pruneCheckpoints(const core::RunFolder& run, const std::map<int64_t, double>& validation,
                                    int64_t keepBest, int64_t keepLast)
{
    std::vector<int64_t> steps = run.savedSteps();
    const auto numNewest = std::min(keepLast, std::ssize(steps));
    std::set<int64_t> kept(steps.end() - numNewest, steps.end());
    const auto lossOf = [&](int64_t step) {
        const auto found = validation.find(step);
        return found == validation.end() ? std::numeric_limits<double>::infinity() : found->second;
    };
    std::ranges::sort(steps, [&](int64_t a, int64_t b) {
        return std::pair(lossOf(a), -a) < std::pair(lossOf(b), -b);  // the newer of equal ones
    });
    for (size_t index = 0; index < steps.size() && index < static_cast<size_t>(keepBest); ++index)
        kept.insert(steps[index]);

    std::error_code failure;
    for (const int64_t step : steps)
        if (!kept.contains(step))
            fs::remove_all(run.checkpoint(step), failure);
    std::vector<fs::path> halves;
    for (fs::directory_iterator at(run.checkpoints(), failure), end; !failure && at != end;
         at.increment(failure))
        if (at->path().filename().string().starts_with(".half-"))
            halves.push_back(at->path());
    for (const fs::path& half : halves)
        fs::remove_all(half, failure);
    if (failure)
        return Error{ErrorCode::Io, "cannot clear " + run.checkpoints().string() + ": " + failure.message()};
    return {};
}

std::string fingerprintOf(const core::ModelFolder& folder)
{
    constexpr size_t kBytes = 4096;
    core::Fingerprint print;
    for (const auto& [name, view] : folder.tensors) {
        print.addBytes(name);
        for (const int64_t size : view.shape)
            print.add(size);
        const auto* bytes = reinterpret_cast<const char*>(view.bytes.data());
        print.addBytes({bytes, std::min(kBytes, view.bytes.size())});
    }
    return print.text();
}

}  // namespace facet::engine
