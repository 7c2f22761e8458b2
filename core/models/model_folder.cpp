#include "core/models/model_folder.h"

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/gemma3/config_json.h"
#include "core/gemma3/tensor_names.h"
#include "core/models/folder_settings.h"
#include "core/models/gguf_model.h"
#include "core/models/hf_cache.h"
#include "core/models/tensor_accounting.h"
#include "core/safetensors/sharded_safetensors.h"

#include <algorithm>
#include <set>

namespace facet::core {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxConfigBytes = 4 << 20;

Error refused(const fs::path& folder, const std::string& what)
{
    return {ErrorCode::InvalidInput, folder.string() + " " + what};
}

bool isThere(const fs::path& path)
{
    std::error_code ignored;
    return fs::exists(path, ignored);
}

/// Names of the files in a folder.
std::set<std::string> filesIn(const fs::path& folder)
{
    std::set<std::string> names;
    std::error_code ignored;
    for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored))
        names.insert(at->path().filename().string());
    return names;
}

bool isNemoFolder(const fs::path& folder)
{
    std::error_code ignored;
    return fs::is_directory(folder / "weights", ignored) && fs::is_directory(folder / "context", ignored);
}

/// Python's source text of a path, for a command that the user pastes.
std::string pythonText(const fs::path& path)
{
    std::string text = "'";
    for (const char c : path.string()) {
        if (c == '\\' || c == '\'')
            text += '\\';
        text += c;
    }
    return text + "'";
}

/// Why a folder without config.json or without safetensors is no model for us.
Error notAModel(const fs::path& folder)
{
    if (isNemoFolder(folder))
        return refused(
            folder,
            "is a NeMo 2 checkpoint; export it to Hugging Face where NeMo is installed, then import the "
            "result: python -c \"from nemo.collections import llm; from pathlib import Path; "
            "llm.export_ckpt(path=Path(" +
                pythonText(folder) + "), target='hf', output_path=Path(" +
                pythonText(folder.string() + "-hf") + "))\"");
    const std::set<std::string> names = filesIn(folder);
    const auto any = [&](auto test) { return std::ranges::any_of(names, test); };
    if (names.contains("adapter_config.json"))
        return refused(folder, "is a LoRA adapter, not a whole model; name its base model");
    if (any([](const std::string& name) { return name.ends_with(".gguf"); }))
        return refused(folder, "has its weights as GGUF; name the .gguf file itself");
    if (any([](const std::string& name) { return name.ends_with(".nemo"); }))
        return refused(folder, "has a .nemo archive; export it with NeMo to a Hugging Face folder first");
    if (any([](const std::string& name) {
            return name.starts_with("pytorch_model") && name.find(".bin") != name.npos;
        }))
        return refused(
            folder,
            "has its weights as pytorch_model.bin only, a format that can run code when it is read; "
            "save it as safetensors: AutoModelForCausalLM.from_pretrained(...).save_pretrained(...)");
    if (!names.contains("config.json"))
        return {ErrorCode::NotFound,
                folder.string() + " has no config.json: it is no Hugging Face model folder"};
    if (any([](const std::string& name) { return name.ends_with(".safetensors"); }))
        return refused(folder,
                       "has .safetensors files but no model.safetensors and no model.safetensors.index.json, "
                       "which says which of them belong together; finish the download");
    return {ErrorCode::NotFound, folder.string() + " has no weights: model.safetensors is missing"};
}

/// Is it a vision model, by its type alone?
Result<bool> readHasVision(const fs::path& folder)
{
    const Result<nlohmann::json> config = readJsonObject(folder / "config.json", kMaxConfigBytes);
    if (!config)
        return config.error();
    JsonFields fields(*config, "");
    return fields.text("model_type", "") == "gemma3";
}

/// Hugging Face's order: one file, else the shards of the index.
Result<std::vector<SafetensorsFile>> openWeights(const fs::path& folder)
{
    if (isThere(folder / "model.safetensors")) {
        Result<SafetensorsFile> file = SafetensorsFile::open(folder / "model.safetensors");
        if (!file)
            return file.error();
        std::vector<SafetensorsFile> files;
        files.push_back(*std::move(file));
        return files;
    }
    if (isThere(folder / "model.safetensors.index.json"))
        return openShards(folder / "model.safetensors.index.json");
    return notAModel(folder);
}

}  // namespace

Result<gemma3::Config> readModelConfig(const fs::path& model, bool textOnly)
{
    if (isGgufFile(model)) {
        Result<ModelFolder> opened = openGgufModel(model, textOnly);
        return opened ? Result<gemma3::Config>(std::move(opened->config)) : opened.error();
    }
    const fs::path path = model / "config.json";
    const Result<std::string> text = readFile(path, kMaxConfigBytes);
    if (!text)
        return text.error();
    Result<gemma3::Config> config = gemma3::parseConfig(*text, textOnly);
    if (!config) {
        // "has no model_type" follows the file's name, "head_dim is 3" a colon.
        const std::string& what = config.error().message;
        const bool isPredicate =
            what.starts_with("is ") || what.starts_with("has ") || what.starts_with("holds ");
        return Error{config.error().code, path.string() + (isPredicate ? " " : ": ") + what};
    }
    return config;
}

Result<ModelFolder> ModelFolder::open(const fs::path& given, bool textOnly)
{
    std::error_code ignored;
    if (!isThere(given))
        return Error{ErrorCode::NotFound, "there is no folder " + given.string()};
    if (isGgufFile(given))
        return openGgufModel(given, textOnly);
    if (!fs::is_directory(given, ignored))
        return refused(given, "is a file; name the folder of the model, or a .gguf file");
    fs::path folder = given;
    if (isHubRepository(given)) {
        Result<fs::path> snapshot = snapshotIn(given);
        if (!snapshot)
            return snapshot.error();
        folder = *std::move(snapshot);
    }
    if (isNemoFolder(folder) || !isThere(folder / "config.json"))
        return notAModel(folder);

    Result<gemma3::Config> config = readModelConfig(folder, textOnly);
    if (!config)
        return config.error();
    const Result<bool> hasVision = readHasVision(folder);
    if (!hasVision)
        return hasVision.error();
    Result<GenerationConfig> generation = readGenerationConfig(folder);
    if (!generation)
        return generation.error();
    Result<ImagePreprocessing> preprocessing = readImagePreprocessing(folder, *config);
    if (!preprocessing)
        return preprocessing.error();
    Result<std::vector<SafetensorsFile>> files = openWeights(folder);
    if (!files)
        return files.error();

    ModelFolder model;
    model.path = folder;
    model.textOnly = textOnly;
    model.hasVision = *hasVision;
    model.config = *std::move(config);
    model.generation = *std::move(generation);
    model.preprocessing = *preprocessing;
    model.files = *std::move(files);
    std::vector<NamedTensor> found;
    for (const SafetensorsFile& file : model.files)
        for (const auto& [name, view] : file.tensors())
            found.push_back({name, gemma3::canonicalName(name), gemma3::isTiedHead(name), view});
    account(found, model);
    return model;
}

}  // namespace facet::core
