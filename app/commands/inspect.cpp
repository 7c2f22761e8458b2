#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/chat/chat_template.h"
#include "core/models/model_summary.h"
#include "core/tokenizer/tokenizer.h"

#include <algorithm>
#include <iostream>

namespace facet::app {
namespace {

using core::ChatTemplate;
using nlohmann::ordered_json;

const char* nameOf(ChatTemplate::Kind kind)
{
    switch (kind) {
        case ChatTemplate::Kind::None:
            return "none";
        case ChatTemplate::Kind::Gemma3:
            return "gemma3";
        case ChatTemplate::Kind::Unknown:
            return "unknown";
    }
    return "";
}

ordered_json shapeJson(const core::gemma3::Config& config)
{
    const core::gemma3::TextConfig& text = config.text;
    const auto numGlobal = std::ranges::count(text.layers, core::gemma3::LayerKind::Global);
    ordered_json json = {
        {"layers", text.numLayers},
        {"global_layers", numGlobal},
        {"hidden_size", text.hiddenSize},
        {"intermediate_size", text.intermediateSize},
        {"heads", text.numHeads},
        {"kv_heads", text.numKvHeads},
        {"head_dim", text.headDim},
        {"query_pre_attn_scalar", text.queryPreAttnScalar},
        {"sliding_window", text.slidingWindow},
        {"context", text.maxPositions},
        {"vocab_size", text.vocabSize},
        {"rope_local", {{"theta", text.ropeLocal.theta}, {"factor", text.ropeLocal.factor}}},
        {"rope_global", {{"theta", text.ropeGlobal.theta}, {"factor", text.ropeGlobal.factor}}}};
    if (config.vision)
        json["vision"] = {
            {"layers", config.vision->numLayers},     {"hidden_size", config.vision->hiddenSize},
            {"heads", config.vision->numHeads},       {"image_size", config.vision->imageSize},
            {"patch_size", config.vision->patchSize}, {"tokens_per_image", config.tokensPerImage}};
    return json;
}

/// Everything there is to say, as JSON. The text that people read is made from it.
core::Result<ordered_json> inspect(const core::ResolvedModel& where)
{
    const core::Result<core::ModelFolder> folder = core::ModelFolder::open(where.path, where.textOnly);
    if (!folder)
        return folder.error();
    const core::ModelSummary summary = core::summarize(*folder);

    ordered_json parts = ordered_json::array(), files = ordered_json::array();
    for (const core::ModelSummary::Part& part : summary.parts)
        parts.push_back(
            {{"name", part.name}, {"tensors", part.numTensors}, {"parameters", part.numParameters}});
    for (const core::ModelSummary::File& file : summary.files)
        files.push_back({{"name", file.path.filename().string()}, {"bytes", file.bytes}});

    ordered_json json = {{"name", where.name},
                         {"path", folder->path.string()},
                         {"text_only", where.textOnly},
                         {"licence", summary.licence},
                         {"parameters", summary.numParameters},
                         {"parts", parts},
                         {"dtypes", summary.parametersByType},
                         {"files", files},
                         {"bytes", summary.totalBytes},
                         {"shape", shapeJson(folder->config)}};
    const core::TensorAccounting& accounting = folder->accounting;
    json["tensors"] = {{"used", folder->tensors.size()},    {"complete", accounting.isComplete()},
                       {"missing", accounting.missing},     {"unexpected", accounting.unexpected},
                       {"misshaped", accounting.misshaped}, {"unused", accounting.unused}};
    json["stop_ids"] = folder->generation.eosTokenIds;

    const core::Result<core::Tokenizer> tokenizer = core::Tokenizer::open(folder->path);
    json["tokenizer"] = tokenizer ? ordered_json{{"pieces", tokenizer->vocabSize()}}
                                  : ordered_json{{"problem", tokenizer.error().message}};
    const core::Result<ChatTemplate> chat = ChatTemplate::open(folder->path);
    if (!chat)
        json["chat_template"] = {{"problem", chat.error().message}};
    else
        json["chat_template"] = {{"kind", nameOf(chat->kind())}, {"difference", chat->difference()}};
    return json;
}

std::string number(const ordered_json& value)
{
    return value.dump();
}

void printList(const std::string& title, const ordered_json& names)
{
    if (names.empty())
        return;
    std::cout << "  " << title << " (" << names.size() << "):\n";
    for (const ordered_json& name : names)
        std::cout << "    " << name.get<std::string>() << '\n';
}

void printForPeople(const ordered_json& model)
{
    const ordered_json& shape = model["shape"];
    const std::string licence = model["licence"];
    std::cout << model["name"].get<std::string>() << (model["text_only"] ? " (text only)" : "") << "\n  in "
              << model["path"].get<std::string>()
              << "\n  licence: " << (licence.empty() ? "not stated" : licence)
              << "\n\nparameters: " << inThousands(model["parameters"]) << '\n';
    for (const ordered_json& part : model["parts"])
        std::cout << "  " << part["name"].get<std::string>() << ": " << inThousands(part["parameters"])
                  << " in " << number(part["tensors"]) << " tensors\n";
    std::cout << "  stored as";
    for (const auto& [type, count] : model["dtypes"].items())
        std::cout << ' ' << type << " (" << inThousands(count) << ')';
    std::cout << "\n\nfiles: " << inBytes(model["bytes"]) << '\n';
    for (const ordered_json& file : model["files"])
        std::cout << "  " << file["name"].get<std::string>() << ": " << inBytes(file["bytes"]) << '\n';

    std::cout << "\nshape: " << number(shape["layers"]) << " layers (" << number(shape["global_layers"])
              << " global), width " << number(shape["hidden_size"]) << ", feed-forward "
              << number(shape["intermediate_size"]) << ", " << number(shape["heads"]) << " heads of "
              << number(shape["head_dim"]) << " over " << number(shape["kv_heads"]) << " key heads, window "
              << number(shape["sliding_window"]) << ", context " << number(shape["context"])
              << ", vocabulary " << number(shape["vocab_size"]) << '\n';
    if (shape.contains("vision")) {
        const ordered_json& vision = shape["vision"];
        std::cout << "  vision: " << number(vision["layers"]) << " layers, width "
                  << number(vision["hidden_size"]) << ", pictures of " << number(vision["image_size"])
                  << " pixels a side, " << number(vision["tokens_per_image"]) << " tokens each\n";
    } else {
        std::cout << "  text only\n";
    }

    const ordered_json& tensors = model["tensors"];
    std::cout << "\ntensors: " << number(tensors["used"]) << " used, "
              << (tensors["complete"] ? "all that the shape asks for" : "they do not add up") << '\n';
    printList("missing", tensors["missing"]);
    printList("unexpected", tensors["unexpected"]);
    printList("misshaped", tensors["misshaped"]);
    if (!tensors["unused"].empty())
        std::cout << "  " << tensors["unused"].size() << " in the files are not used (--json names them)\n";

    const ordered_json& tokenizer = model["tokenizer"];
    std::cout << "\ntokenizer: "
              << (tokenizer.contains("problem") ? tokenizer["problem"].get<std::string>()
                                                : number(tokenizer["pieces"]) + " pieces")
              << "\nchat template: ";
    const ordered_json& chat = model["chat_template"];
    if (chat.contains("problem"))
        std::cout << chat["problem"].get<std::string>() << '\n';
    else if (chat["kind"] == "none")
        std::cout << "none: a base model, which completes text\n";
    else if (chat["kind"] == "gemma3")
        std::cout << "Gemma 3's\n";
    else
        std::cout << "unknown; where it differs from Gemma 3's:\n"
                  << chat["difference"].get<std::string>() << '\n';
}

}  // namespace

void addInspect(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "inspect",
        "Shows a model: shape, parameters by part, types, files, tensors, licence, chat template.");
    const auto model = std::make_shared<std::string>();
    const auto json = std::make_shared<bool>(false);
    const auto textOnly = std::make_shared<bool>(false);
    command
        ->add_option("MODEL", *model,
                     "A library name, a folder, a .gguf file, an id in the Hugging Face cache, or demo")
        ->required();
    command->add_flag("--text-only", *textOnly, "As a text-only import would see it");
    command->add_flag("--json", *json, "One line of JSON");
    command->callback([=, &status] {
        core::Result<core::ResolvedModel> where = findModel(*model);
        if (where)
            where->textOnly = where->textOnly || *textOnly;
        const core::Result<ordered_json> result = where ? inspect(*where) : where.error();
        if (!result) {
            status = failed(result.error());
            return;
        }
        if (*json)
            printJson(*result);
        else
            printForPeople(*result);
        status = (*result)["tensors"]["complete"] ? 0 : 1;
    });
}

}  // namespace facet::app
