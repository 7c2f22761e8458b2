#include "core/models/model_folder.h"

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/gemma3/config_json.h"
#include "core/gemma3/tensor_names.h"
#include "core/models/folder_settings.h"
#include "core/models/hf_cache.h"
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
        return refused(
            folder,
            "has its weights as GGUF, which this version does not read; use the safetensors of the "
            "same model");
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

Result<gemma3::Config> readConfig(const fs::path& folder, bool textOnly)
{
    const fs::path path = folder / "config.json";
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

bool isFloat(DType type)
{
    return type == DType::F64 || type == DType::F32 || type == DType::F16 || type == DType::BF16;
}

std::string shapeText(const std::vector<int64_t>& shape)
{
    std::string text = "[";
    for (const int64_t size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

bool isEqual(const TensorView& a, const TensorView& b)
{
    return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes);
}

/// Sorts the tensors of the files into model.tensors and model.accounting.
void account(ModelFolder& model)
{
    const std::map<std::string, std::vector<int64_t>> expected = gemma3::expectedTensors(model.config);
    TensorAccounting& accounting = model.accounting;
    std::vector<std::pair<std::string, const TensorView*>> heads;
    for (const SafetensorsFile& file : model.files) {
        for (const auto& [name, view] : file.tensors()) {
            if (gemma3::isTiedHead(name)) {
                heads.emplace_back(name, &view);
                continue;
            }
            if (gemma3::isKnownButUnused(name)) {
                accounting.unused.push_back(name);
                continue;
            }
            const std::optional<std::string> canonical = gemma3::canonicalName(name);
            const auto found = canonical ? expected.find(*canonical) : expected.end();
            if (found == expected.end() || model.tensors.contains(*canonical)) {
                const bool isLeftOut = canonical && model.textOnly && gemma3::isVisionTensor(*canonical);
                (isLeftOut ? accounting.unused : accounting.unexpected).push_back(name);
                continue;
            }
            if (view.shape != found->second)
                accounting.misshaped.push_back(name + " has shape " + shapeText(view.shape) + ", not " +
                                               shapeText(found->second));
            else if (!isFloat(view.dtype))
                accounting.misshaped.push_back(name + " has the type " + std::string(nameOf(view.dtype)) +
                                               ", not F32, BF16 or F16");
            model.tensors.emplace(*canonical, view);
        }
    }
    for (const auto& [name, shape] : expected) {
        if (!model.tensors.contains(name))
            accounting.missing.push_back(name);
    }
    const auto table = model.tensors.find("language_model.embed_tokens.weight");
    for (const auto& [name, head] : heads) {
        if (table != model.tensors.end() && isEqual(*head, table->second))
            accounting.unused.push_back(name);
        else
            accounting.misshaped.push_back(name +
                                           " differs from the embedding table, which is Gemma 3's head");
    }
}

/// "3 tensors are missing: a, b, c".
std::string countedList(const std::vector<std::string>& names, const std::string& what)
{
    constexpr size_t kMostNames = 5;
    std::string text =
        std::to_string(names.size()) + (names.size() == 1 ? " tensor is " : " tensors are ") + what + ": ";
    for (size_t i = 0; i < names.size() && i < kMostNames; ++i)
        text += (i > 0 ? ", " : "") + names[i];
    return names.size() > kMostNames ? text + ", ..." : text;
}

}  // namespace

std::string TensorAccounting::inWords() const
{
    std::string text;
    const auto add = [&text](const std::vector<std::string>& names, const char* what) {
        if (!names.empty())
            text += (text.empty() ? "" : "; ") + countedList(names, what);
    };
    add(missing, "missing");
    add(misshaped, "wrong");
    add(unexpected, "unexpected");
    return text;
}

Result<ModelFolder> ModelFolder::open(const fs::path& given, bool textOnly)
{
    std::error_code ignored;
    if (!isThere(given))
        return Error{ErrorCode::NotFound, "there is no folder " + given.string()};
    if (!fs::is_directory(given, ignored))
        return refused(
            given, given.extension() == ".gguf"
                       ? "is a GGUF file, which this version does not read; use the safetensors of the model"
                       : "is a file; name the folder of the model");
    fs::path folder = given;
    if (isHubRepository(given)) {
        Result<fs::path> snapshot = snapshotIn(given);
        if (!snapshot)
            return snapshot.error();
        folder = *std::move(snapshot);
    }
    if (isNemoFolder(folder) || !isThere(folder / "config.json"))
        return notAModel(folder);

    Result<gemma3::Config> config = readConfig(folder, textOnly);
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
    account(model);
    return model;
}

}  // namespace facet::core
