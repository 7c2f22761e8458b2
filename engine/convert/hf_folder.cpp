#include "engine/convert/hf_folder.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/gemma3/config_writer.h"
#include "core/gemma3/tensor_names.h"
#include "core/models/gguf_model.h"
#include "core/safetensors/safetensors_writer.h"
#include "engine/guard.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <string>
#include <vector>

namespace facet::engine {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;

struct Entry {
    std::string name;  ///< as in the file
    ExportedTensor tensor;
    int64_t numBytes = 0;
};

std::vector<Entry> entriesOf(const gemma3::Model& model, at::ScalarType type)
{
    std::vector<Entry> entries;
    for (ExportedTensor& tensor : exportedTensors(model)) {
        int64_t numBytes = static_cast<int64_t>(at::elementSize(type));
        for (const int64_t size : tensor.shape)
            numBytes *= size;
        std::string name = core::gemma3::savedName(tensor.name, model.config.vision.has_value());
        entries.push_back({std::move(name), std::move(tensor), numBytes});
    }
    return entries;
}

/// Counts bytes, and asks whether to go on.
struct Progress {
    const ExportProgress& report;
    int64_t done = 0, all = 0;

    bool goesOn(int64_t numBytes)
    {
        done += numBytes;
        return !report || report(done, all);
    }
};

core::Result<void> writeShard(const fs::path& path, std::span<const Entry> entries, at::ScalarType type,
                              Progress& progress)
{
    std::vector<core::SafetensorsWriter::Tensor> declared;
    for (const Entry& entry : entries)
        declared.push_back(
            {entry.name, type == at::kFloat ? core::DType::F32 : core::DType::BF16, entry.tensor.shape});
    core::Result<core::SafetensorsWriter> writer =
        core::SafetensorsWriter::create(path, declared, {{"format", "pt"}});
    if (!writer)
        return writer.error();
    for (const Entry& entry : entries) {
        const at::Tensor tensor = entry.tensor.make().detach().to(type).cpu().contiguous();
        const auto* bytes = static_cast<const std::byte*>(tensor.const_data_ptr());
        if (core::Result<void> done = writer->append(entry.name, {bytes, tensor.nbytes()}); !done)
            return done;
        if (!progress.goesOn(entry.numBytes))
            return Error{ErrorCode::Cancelled, "the export was cancelled; " + path.parent_path().string() +
                                                   " is not whole, remove it"};
    }
    return writer->finish();
}

core::Result<void> writeWeights(const fs::path& folder, const gemma3::Model& model,
                                const HfFolderOptions& options)
{
    const at::NoGradGuard noGradients;
    const std::vector<Entry> entries = entriesOf(model, options.type);
    Progress progress = {options.progress};
    std::vector<std::pair<size_t, size_t>> shards;  // [first, last) of the entries
    int64_t bytesInShard = 0, bytesInAll = 0;
    for (size_t index = 0; index < entries.size(); ++index) {
        const int64_t bytes = entries[index].numBytes;
        if (shards.empty() || bytesInShard + bytes > options.maxShardBytes) {
            shards.emplace_back(index, index);
            bytesInShard = 0;
        }
        shards.back().second = index + 1;
        bytesInShard += bytes;
        bytesInAll += bytes;
    }
    progress.all = bytesInAll;
    if (core::Result<void> room = checkFreeSpace(folder, bytesInAll); !room)
        return room;
    if (shards.size() == 1)
        return writeShard(folder / "model.safetensors", entries, options.type, progress);

    nlohmann::ordered_json index = {{"metadata", {{"total_size", bytesInAll}}},
                                    {"weight_map", nlohmann::ordered_json::object()}};
    for (size_t shard = 0; shard < shards.size(); ++shard) {
        char name[64];
        std::snprintf(name, sizeof(name), "model-%05zu-of-%05zu.safetensors", shard + 1, shards.size());
        const auto [first, last] = shards[shard];
        const std::span<const Entry> part = std::span(entries).subspan(first, last - first);
        if (core::Result<void> done = writeShard(folder / name, part, options.type, progress); !done)
            return done;
        for (const Entry& entry : part)
            index["weight_map"][entry.name] = name;
    }
    return core::writeFileAtomically(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

bool isOfPictures(const std::string& name)
{
    return name == "preprocessor_config.json" || name == "processor_config.json";
}

/// What base has beside weights and config.json.
core::Result<void> copyOtherFiles(const fs::path& base, const fs::path& folder, bool hasVision)
{
    if (core::isGgufFile(base)) {
        const auto files = core::huggingFaceFilesOf(base, !hasVision);
        if (!files)
            return files.error();
        for (const auto& [name, text] : *files)
            if (name != "config.json")
                if (core::Result<void> done = core::writeFileAtomically(folder / name, text); !done)
                    return done;
        return {};
    }
    std::error_code failure;
    for (fs::directory_iterator at(base, failure), end; !failure && at != end; at.increment(failure)) {
        const std::string name = at->path().filename().string();
        const bool isWanted =
            (name.ends_with(".json") && name != "config.json" && !name.ends_with(".index.json") &&
             !name.starts_with("adapter_") && !name.starts_with("trainer_state")) ||
            name.ends_with(".jinja") || name == "tokenizer.model";
        if (isWanted && (hasVision || !isOfPictures(name)) && fs::is_regular_file(at->path(), failure))
            fs::copy_file(at->path(), folder / name, fs::copy_options::overwrite_existing, failure);
    }
    if (failure)
        return Error{ErrorCode::Io, "cannot copy the files of " + base.string() + " to " + folder.string() +
                                        ": " + failure.message()};
    return {};
}

core::Result<nlohmann::json> configOf(const fs::path& base, bool hasVision)
{
    if (!core::isGgufFile(base))
        return core::readJsonObject(base / "config.json");
    const auto files = core::huggingFaceFilesOf(base, !hasVision);
    if (!files)
        return files.error();
    return core::parseJson(files->at("config.json"));
}

core::Result<std::string> configText(const fs::path& base, bool hasVision, at::ScalarType type)
{
    core::Result<nlohmann::json> config = configOf(base, hasVision);
    if (!config)
        return config.error();
    if (!hasVision && config->contains("text_config")) {  // only the text part was loaded
        nlohmann::json text = (*config)["text_config"];
        text["model_type"] = "gemma3_text";
        text["architectures"] = {"Gemma3ForCausalLM"};
        *config = text;
    }
    const char* name = type == at::kFloat ? "float32" : "bfloat16";
    config->erase("dtype");
    (*config)["torch_dtype"] = name;  // the older name, which both generations read
    return config->dump(2) + "\n";
}

/// The ids of a config.json's control pieces, where it has them.
core::Result<void> copyControlIds(const fs::path& from, nlohmann::ordered_json& to)
{
    const core::Result<nlohmann::json> config = core::readJsonObject(from);
    if (!config)
        return config.error();
    for (const char* id : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
        if (config->contains(id))
            to[id] = (*config)[id];
        const auto text = config->find("text_config");
        nlohmann::ordered_json& part = to.contains("text_config") ? to["text_config"] : to;
        if (text != config->end() && text->is_object() && text->contains(id) && !part.contains(id))
            part[id] = (*text)[id];
    }
    return {};
}

/// What transformers' processor needs to know, in the place of what was copied.
core::Result<void> writePictureSettings(const fs::path& folder, const core::gemma3::Config& config)
{
    const fs::path ofImages = folder / "preprocessor_config.json", ofBoth = folder / "processor_config.json";
    std::error_code ignored;
    fs::remove(ofImages, ignored);
    fs::remove(ofBoth, ignored);
    if (!config.vision)
        return {};
    const int64_t side = config.vision->imageSize;
    const nlohmann::ordered_json images = {{"image_processor_type", "Gemma3ImageProcessor"},
                                           {"processor_class", "Gemma3Processor"},
                                           {"do_normalize", true},
                                           {"do_rescale", true},
                                           {"do_resize", true},
                                           {"image_mean", {0.5, 0.5, 0.5}},
                                           {"image_std", {0.5, 0.5, 0.5}},
                                           {"image_seq_length", config.tokensPerImage},
                                           {"resample", 2},
                                           {"rescale_factor", 1.0 / 255},
                                           {"size", {{"height", side}, {"width", side}}}};
    const nlohmann::ordered_json both = {{"processor_class", "Gemma3Processor"},
                                         {"image_seq_length", config.tokensPerImage}};
    const core::Result<void> done = core::writeFileAtomically(ofImages, images.dump(2) + "\n");
    return done ? core::writeFileAtomically(ofBoth, both.dump(2) + "\n") : done;
}

}  // namespace

core::Result<void> writeHfFolder(const fs::path& folder, const gemma3::Model& model, const fs::path& base,
                                 const HfFolderOptions& options)
{
    const core::Result<std::string> config = configText(base, model.config.vision.has_value(), options.type);
    if (!config)
        return config.error();
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure)
        return Error{ErrorCode::Io, "cannot make " + folder.string() + ": " + failure.message()};
    core::Result<core::Result<void>> written = guarded([&] { return writeWeights(folder, model, options); });
    if (!written)
        return written.error();
    if (!*written)
        return *written;
    if (core::Result<void> done = copyOtherFiles(base, folder, model.config.vision.has_value()); !done)
        return done;
    return core::writeFileAtomically(folder / "config.json", *config);
}

core::Result<void> writeBaseFolder(const fs::path& folder, const core::gemma3::Config& config,
                                   double initializerRange, const fs::path& tokenizer)
{
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure)
        return Error{ErrorCode::Io, "cannot make " + folder.string() + ": " + failure.message()};
    nlohmann::ordered_json json = core::gemma3::configJson(config, initializerRange);
    if (!tokenizer.empty()) {
        if (core::Result<void> done = copyOtherFiles(tokenizer, folder, config.vision.has_value()); !done)
            return done;
        if (const fs::path other = tokenizer / "config.json"; fs::exists(other, failure))
            if (core::Result<void> done = copyControlIds(other, json); !done)
                return done;
    }
    const core::Result<void> done = writePictureSettings(folder, config);
    return done ? core::writeFileAtomically(folder / "config.json", json.dump(2) + "\n") : done;
}

}  // namespace facet::engine
