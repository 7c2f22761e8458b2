#include "engine/lora/peft_folder.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/gemma3/tensor_names.h"
#include "engine/gemma3/visit_weights.h"
#include "engine/guard.h"
#include "engine/tensor_file.h"

#include <algorithm>
#include <regex>
#include <set>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using nlohmann::json;

constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kInner = "vision_model.";  // in names before transformers 5

Error wrong(const std::filesystem::path& path, const std::string& what)
{
    return {ErrorCode::InvalidInput, path.string() + " " + what};
}

std::string withoutEnd(std::string text, std::string_view end)
{
    if (text.ends_with(end))
        text.resize(text.size() - end.size());
    return text;
}

/// "self_attn.q_proj.lora_A.default.weight" -> module and "lora_A"; "lora_magnitude_vector" has no ".weight".
struct AdapterKey {
    std::string module;
    std::string part;
};

std::optional<AdapterKey> adapterKey(std::string key)
{
    key = withoutEnd(key, kWeight);
    for (const char* part : {"lora_A", "lora_B", "lora_magnitude_vector"}) {
        const std::string infix = std::string(".") + part;
        const size_t at = key.rfind(infix);
        if (at == std::string::npos)
            continue;
        const std::string rest = key.substr(at + infix.size());
        if (rest.empty() || (rest.front() == '.' && rest.find('.', 1) == std::string::npos))
            return AdapterKey{key.substr(0, at), part};
    }
    return std::nullopt;
}

/// What a pattern says of a module, else the common value; patterns match as in peft's get_pattern_key().
core::Result<double> patternValue(const json& patterns, const std::string& nameInFile, double common,
                                  const std::filesystem::path& path)
{
    if (!patterns.is_object())
        return common;
    for (const auto& [pattern, value] : patterns.items()) {
        try {
            if (value.is_number() && std::regex_match(nameInFile, std::regex("(.*\\.)?(" + pattern + ")")))
                return value.get<double>();
        } catch (const std::regex_error&) {
            return wrong(path, "has the pattern \"" + pattern + "\", which is no regular expression");
        }
    }
    return common;
}

struct Config {
    LoraSettings common;
    std::string baseModel;
    json alphaPattern;
};

core::Result<Config> readConfig(const std::filesystem::path& path)
{
    const core::Result<json> object = core::readJsonObject(path);
    if (!object)
        return object.error();
    core::JsonFields fields(*object, "");
    Config config;
    const std::string kind = fields.text("peft_type", "");
    config.baseModel = fields.text("base_model_name_or_path", "");
    config.common.rank = fields.integer("r", 8, 1, 100'000);
    config.common.alpha = fields.number("lora_alpha", 8, -1e9, 1e9);
    config.common.rsLora = fields.flag("use_rslora", false);
    config.common.dora = fields.flag("use_dora", false);
    config.common.dropout = fields.number("lora_dropout", 0, 0, 1);
    const std::string bias = fields.text("bias", "none");
    if (fields.error())
        return fields.error()->during("reading " + path.string());
    if (kind != "LORA")
        return wrong(path, "has peft_type \"" + kind + "\": Facet reads LORA only");
    if (bias != "none")
        return wrong(path, "has bias \"" + bias + "\": Facet reads adapters with bias \"none\" only");
    for (const char* other : {"trainable_token_indices", "layer_replication", "corda_config", "eva_config",
                              "alora_invocation_tokens"})
        if (fields.has(other))
            return wrong(path, std::string("sets ") + other + ", which Facet does not compute");
    if (object->value("lora_bias", false))
        return wrong(path, "sets lora_bias, which Facet does not compute");
    if (const json* pattern = fields.find("alpha_pattern"))
        config.alphaPattern = *pattern;
    return config;
}

/// The name in transformers 4.52 and later, without ".weight".
std::string moduleName(const std::string& canonical, bool hasVision)
{
    return withoutEnd(core::gemma3::savedName(canonical + std::string(kWeight), hasVision), kWeight);
}

/// Escapes the dots of a name for a regular expression.
std::string literal(const std::string& name)
{
    static const std::regex dot("\\.");
    return std::regex_replace(name, dot, "\\.");
}

std::string alternatives(const std::vector<std::string>& texts)
{
    std::string joined;
    for (const std::string& text : texts)
        joined += (joined.empty() ? "" : "|") + text;
    return texts.size() == 1 ? joined : "(" + joined + ")";
}

/// Of a name with a vision_model. that transformers 5 dropped: a pattern for both.
std::string eitherGeneration(std::string pattern)
{
    const std::string inner = "vision_model\\.";
    if (const size_t at = pattern.find(inner); at != std::string::npos)
        pattern.replace(at, inner.size(), "(" + inner + ")?");
    return pattern;
}

/// The value that most layers have.
template <typename Value>
double mostCommon(const std::vector<std::shared_ptr<LoraLayer>>& layers, const Value& value)
{
    std::map<double, int> count;
    for (const auto& layer : layers)
        ++count[value(*layer)];
    return std::ranges::max_element(count, {}, &std::pair<const double, int>::second)->first;
}

/// The modules that own the tensors which are trained whole, as the ends of their names, which is how peft
/// looks for them: behind what differs between generations. A module holds those inside it.
std::set<std::string> wholeModules(const PeftAdapter& adapter, bool hasVision)
{
    std::set<std::string> modules;
    for (const auto& [name, tensor] : adapter.tensors) {
        std::string module = core::gemma3::savedName(name, hasVision);
        module.resize(module.rfind('.'));
        if (const size_t at = module.find(kInner); at != std::string::npos)
            module.erase(0, at + kInner.size());
        modules.insert(module);
    }
    std::erase_if(modules, [&](const std::string& inner) {
        return std::ranges::any_of(modules,
                                   [&](const std::string& outer) { return inner.starts_with(outer + "."); });
    });
    return modules;
}

json configOf(const PeftAdapter& adapter, bool hasVision)
{
    json config = {{"peft_type", "LORA"},
                   {"task_type", "CAUSAL_LM"},
                   {"base_model_name_or_path", adapter.baseModel},
                   {"inference_mode", true},
                   {"bias", "none"},
                   {"fan_in_fan_out", false},
                   {"init_lora_weights", true},
                   {"modules_to_save", nullptr}};
    const auto rankOf = [](const LoraLayer& layer) { return double(layer.settings.rank); };
    const auto alphaOf = [](const LoraLayer& layer) { return layer.settings.alpha; };
    const double rank = mostCommon(adapter.layers, rankOf), alpha = mostCommon(adapter.layers, alphaOf);
    json rankPattern = json::object(), alphaPattern = json::object();
    std::vector<std::string> modules;
    for (const auto& layer : adapter.layers) {
        const std::string module = layer->settings.module;
        modules.push_back(module);
        const std::string key = eitherGeneration(literal(moduleName(module, hasVision)));
        if (rankOf(*layer) != rank)
            rankPattern[key] = layer->settings.rank;
        if (alphaOf(*layer) != alpha)
            alphaPattern[key] = alphaOf(*layer);
    }
    const LoraSettings& first = adapter.layers.front()->settings;
    config["r"] = static_cast<int64_t>(rank);
    config["lora_alpha"] = alpha;
    config["lora_dropout"] = first.dropout;
    config["use_rslora"] = first.rsLora;
    config["use_dora"] = first.dora;
    config["rank_pattern"] = rankPattern;
    config["alpha_pattern"] = alphaPattern;
    config["target_modules"] = targetPattern(modules, hasVision);

    if (!adapter.tensors.empty())
        config["modules_to_save"] = wholeModules(adapter, hasVision);
    return config;
}

}  // namespace

std::string targetPattern(const std::vector<std::string>& modules, bool hasVision)
{
    // Modules that are adapted in the same layers are said together.
    static const std::regex inLayer("(.*layers)\\.(\\d+)\\.(.*)");
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> layersOf;
    for (const std::string& module : modules) {
        std::smatch match;
        const std::string name = moduleName(module, hasVision);
        if (std::regex_match(name, match, inLayer))
            layersOf[{match[1], match[3]}].push_back(match[2]);
    }
    std::map<std::pair<std::string, std::vector<std::string>>, std::vector<std::string>> together;
    for (const auto& [place, layers] : layersOf)
        together[{place.first, layers}].push_back(literal(place.second));
    std::vector<std::string> patterns;
    for (const auto& [where, names] : together)
        patterns.push_back(eitherGeneration(literal(where.first)) + "\\." + alternatives(where.second) +
                           "\\." + alternatives(names));
    return alternatives(patterns);
}

core::Result<PeftAdapter> readPeftFolder(const std::filesystem::path& folder)
{
    const std::filesystem::path configPath = folder / "adapter_config.json",
                                tensorPath = folder / "adapter_model.safetensors";
    const core::Result<Config> config = readConfig(configPath);
    if (!config)
        return config.error();
    core::Result<std::map<std::string, at::Tensor>> tensors = readTensors(tensorPath);
    if (!tensors)
        return tensors.error();

    PeftAdapter adapter;
    adapter.baseModel = config->baseModel;
    std::map<std::string, std::shared_ptr<LoraLayer>> layers;
    for (const auto& [key, tensor] : *tensors) {
        const std::string inner = key.starts_with(kPrefix) ? key.substr(kPrefix.size()) : key;
        const std::optional<AdapterKey> part = adapterKey(inner);
        const std::optional<std::string> name =
            core::gemma3::canonicalName(part ? part->module + std::string(kWeight) : inner);
        if (!name) {
            adapter.unknown.push_back(key);
            continue;
        }
        if (!part) {
            adapter.tensors[*name] = tensor;
            continue;
        }
        std::shared_ptr<LoraLayer>& layer = layers[withoutEnd(*name, kWeight)];
        if (!layer) {
            layer = std::make_shared<LoraLayer>();
            layer->settings = config->common;
            layer->settings.module = withoutEnd(*name, kWeight);
            const core::Result<double> alpha =
                patternValue(config->alphaPattern, part->module, config->common.alpha, configPath);
            if (!alpha)
                return alpha.error();
            layer->settings.alpha = *alpha;
        }
        (part->part == "lora_A"   ? layer->a_RI
         : part->part == "lora_B" ? layer->b_OR
                                  : layer->magnitude_O) = tensor;
    }
    for (const auto& [module, layer] : layers) {
        const bool isWhole = layer->a_RI.defined() && layer->b_OR.defined() && layer->a_RI.dim() == 2 &&
                             layer->b_OR.dim() == 2 && layer->a_RI.size(0) == layer->b_OR.size(1) &&
                             layer->magnitude_O.defined() == config->common.dora;
        if (!isWhole)
            return wrong(tensorPath,
                         "lacks a part of the adapter of " + module + ", or its shapes do not fit");
        layer->settings.rank = layer->a_RI.size(0);
        adapter.layers.push_back(layer);
    }
    if (adapter.layers.empty())
        return wrong(tensorPath, "has no adapter of a layer of Gemma 3" +
                                     (adapter.unknown.empty() ? "" : "; it has " + adapter.unknown.front()));
    return adapter;
}

std::string Attached::note(const std::string& adapter) const
{
    if (unmatched.empty())
        return "";
    const auto count = static_cast<int64_t>(unmatched.size());
    return std::to_string(count) + " of " + std::to_string(numMatched + count) + " parts of " + adapter +
           " have no place in this model and are not used, such as " + unmatched.front();
}

core::Result<Attached> attach(const PeftAdapter& adapter, gemma3::Model& model, double scale)
{
    if (scale != 1 && !adapter.tensors.empty())
        return Error{ErrorCode::InvalidInput, "the adapter replaces " + adapter.tensors.begin()->first +
                                                  " as a whole, which no scale but 1 can be given"};
    Attached attached;
    std::map<std::string, std::shared_ptr<LoraLayer>> waiting;
    for (const auto& layer : adapter.layers)
        waiting[layer->settings.module] = layer;
    std::map<std::string, at::Tensor> tensors = adapter.tensors;
    std::string misshaped;
    const auto arithmetic = at::dtype(model.weights.type()).device(model.weights.device());

    const core::Result<void> done = guarded([&] {
        gemma3::WeightVisitor visitor;
        visitor.linear = [&](const std::string& module, gemma3::Linear& linear) {
            const auto found = waiting.find(module);
            if (found == waiting.end())
                return;
            auto layer = std::make_shared<LoraLayer>(*found->second);
            waiting.erase(found);
            ++attached.numMatched;
            if (layer->a_RI.size(1) != linear.weight.numColumns() ||
                layer->b_OR.size(0) != linear.weight.numRows() ||
                (layer->magnitude_O.defined() && layer->magnitude_O.numel() != linear.weight.numRows())) {
                misshaped = module;
                return;
            }
            layer->settings.alpha *= scale;
            layer->a_RI = layer->a_RI.to(arithmetic);
            layer->b_OR = layer->b_OR.to(arithmetic);
            if (layer->magnitude_O.defined()) {
                layer->magnitude_O = layer->magnitude_O.to(arithmetic).flatten();
                layer->fixedNorm_O = layer->rowNorms(linear.weight);
            }
            linear.adapters.push_back(layer);
        };
        visitor.tensor = [&](const std::string& name, at::Tensor& tensor) {
            const auto found = tensors.find(name);
            if (found == tensors.end())
                return;
            if (found->second.numel() != tensor.numel())
                misshaped = name;
            else
                tensor = found->second.to(arithmetic).view_as(tensor);
            ++attached.numMatched;
            tensors.erase(found);
        };
        visitor.matrix = [&](const std::string& name, gemma3::WeightMatrix& matrix) {
            const auto found = tensors.find(name);
            if (found == tensors.end())
                return;
            if (found->second.numel() != matrix.numRows() * matrix.numColumns())
                misshaped = name;
            else
                matrix = gemma3::WeightMatrix::sharing(
                    found->second.to(arithmetic).view({matrix.numRows(), matrix.numColumns()}));
            ++attached.numMatched;
            tensors.erase(found);
        };
        gemma3::visitWeights(model.weights, visitor);
    });
    if (!done)
        return done.error();
    if (!misshaped.empty())
        return Error{ErrorCode::InvalidInput,
                     "the adapter does not fit this model: " + misshaped + " has another shape"};
    for (const auto& [module, layer] : waiting)
        attached.unmatched.push_back(module);
    for (const auto& [name, tensor] : tensors)
        attached.unmatched.push_back(name);
    std::ranges::copy(adapter.unknown, std::back_inserter(attached.unmatched));
    if (attached.numMatched == 0)
        return Error{ErrorCode::InvalidInput, "the adapter does not fit this model, which has none of its " +
                                                  std::to_string(attached.unmatched.size()) +
                                                  " parts, such as " + attached.unmatched.front()};
    return attached;
}

core::Result<void> writePeftFolder(const std::filesystem::path& folder, const PeftAdapter& adapter,
                                   bool hasVision)
{
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure)
        return Error{ErrorCode::Io, "cannot make " + folder.string() + ": " + failure.message()};

    std::map<std::string, at::Tensor> tensors;
    for (const auto& layer : adapter.layers) {
        const std::string module = std::string(kPrefix) + moduleName(layer->settings.module, hasVision);
        tensors[module + ".lora_A.weight"] = layer->a_RI;
        tensors[module + ".lora_B.weight"] = layer->b_OR;
        if (layer->magnitude_O.defined())
            tensors[module + ".lora_magnitude_vector"] = layer->magnitude_O;
    }
    for (const auto& [name, tensor] : adapter.tensors) {
        // Adapters are renamed by peft where transformers 5 dropped "vision_model."; these are not.
        std::string saved = core::gemma3::savedName(name, hasVision);
        if (const size_t at = saved.find(kInner); at != std::string::npos)
            saved.erase(at, kInner.size());
        tensors[std::string(kPrefix) + saved] = tensor;
    }
    if (core::Result<void> done =
            writeTensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}});
        !done)
        return done;
    return core::writeFileAtomically(folder / "adapter_config.json",
                                     configOf(adapter, hasVision).dump(2) + "\n");
}

}  // namespace facet::engine
