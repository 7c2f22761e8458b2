#include "core/models/gguf_model.h"

#include "core/base/text.h"
#include "core/chat/chat_template.h"
#include "core/gemma3/config_json.h"
#include "core/gemma3/gguf_config.h"
#include "core/gemma3/gguf_names.h"
#include "core/gguf/blocks.h"
#include "core/gguf/half.h"
#include "core/models/model_summary.h"
#include "core/models/tensor_accounting.h"
#include "core/tokenizer/gguf_vocabulary.h"
#include "core/tokenizer/model_proto.h"
#include "core/tokenizer/open_vocabulary.h"

#include <algorithm>
#include <cstring>

namespace facet::core {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view kEndOfTurn = "<end_of_turn>";
constexpr int64_t kFileTypeBF16 = 32;  // llama.h, enum llama_ftype

struct Files {
    GgufFile text;
    std::optional<GgufFile> vision;
    bool hasVision = false;  ///< there is one, wanted or not
};

/// Files of the folder that may be a model's vision part.
std::vector<fs::path> visionFilesBeside(const fs::path& path)
{
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const fs::path named = folder / ("mmproj-" + path.filename().string());
    std::error_code ignored;
    if (fs::is_regular_file(named, ignored))
        return {named};
    std::vector<fs::path> found;
    for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
        const std::string name = at->path().filename().string();
        if (name.find("mmproj") != std::string::npos && name.ends_with(".gguf") && at->path() != path)
            found.push_back(at->path());
    }
    std::ranges::sort(found);
    return found;
}

Result<std::optional<GgufFile>> openVision(const GgufFile& text)
{
    const std::vector<fs::path> candidates = visionFilesBeside(text.path());
    std::vector<GgufFile> fitting;
    for (const fs::path& path : candidates) {
        Result<GgufFile> file = GgufFile::open(path);
        if (!file)
            return file.error();
        const bool fits =
            file->integer("clip.vision.projection_dim") == text.integer("gemma3.embedding_length");
        if (fits || path.filename() == "mmproj-" + text.path().filename().string())
            fitting.push_back(*std::move(file));
    }
    if (fitting.size() > 1) {
        std::string names;
        for (const GgufFile& file : fitting)
            names += (names.empty() ? "" : ", ") + file.path().filename().string();
        return Error{ErrorCode::InvalidInput, text.path().string() + " has several vision parts beside it (" +
                                                  names + "); name the one to use mmproj-" +
                                                  text.path().filename().string()};
    }
    return fitting.empty() ? std::optional<GgufFile>() : std::optional(std::move(fitting.front()));
}

Result<Files> openFiles(const fs::path& path, bool textOnly)
{
    Result<GgufFile> text = GgufFile::open(path);
    if (!text)
        return text.error();
    if (textOnly)
        return Files{*std::move(text), std::nullopt, !visionFilesBeside(path).empty()};
    Result<std::optional<GgufFile>> vision = openVision(*text);
    if (!vision)
        return vision.error();
    const bool hasVision = vision->has_value();
    return Files{*std::move(text), *std::move(vision), hasVision};
}

Result<ordered_json> configOf(const Files& files)
{
    return gemma3::configJsonOf(files.text, files.vision ? &*files.vision : nullptr);
}

Result<gemma3::Config> parsed(const ordered_json& config, const fs::path& path)
{
    Result<gemma3::Config> result = gemma3::parseConfig(config.dump(), false);
    return result ? result : result.error().during(path.string());
}

GenerationConfig generationOf(const GgufFile& file)
{
    GenerationConfig generation;
    std::vector<int64_t> ids;
    const auto add = [&ids](std::optional<int64_t> id) {
        if (id && *id >= 0 && std::ranges::find(ids, *id) == ids.end())
            ids.push_back(*id);
    };
    add(file.integer("tokenizer.ggml.eos_token_id"));
    add(file.integer("tokenizer.ggml.eot_token_id"));
    if (file.text("tokenizer.chat_template")) {  // llama.cpp ends at this piece, too
        const auto tokens = file.texts("tokenizer.ggml.tokens").value_or(std::vector<std::string_view>());
        const auto found = std::ranges::find(tokens, kEndOfTurn);
        if (found != tokens.end())
            add(found - tokens.begin());
    }
    if (!ids.empty())
        generation.eosTokenIds = ids;
    const auto temperature = file.number("general.sampling.temp");
    const auto topK = file.integer("general.sampling.top_k");
    const auto topP = file.number("general.sampling.top_p");
    generation.doSample = (temperature || topK || topP) && temperature.value_or(1) > 0;
    generation.temperature = std::clamp(temperature.value_or(1), 0.0, 1e6);
    generation.topK = std::clamp<int64_t>(topK.value_or(0), 0, 1 << 24);
    generation.topP = std::clamp(topP.value_or(1), 0.0, 1.0);
    return generation;
}

/// w of what is stored as 1 + w.
std::vector<std::byte> minusOne(const TensorView& stored, DType type)
{
    const size_t count = stored.bytes.size() / sizeOf(stored.dtype) * blockLength(stored.dtype);
    std::vector<float> values(count);
    valuesOf(stored.dtype, stored.bytes, values);
    for (float& value : values)
        value -= 1;
    std::vector<std::byte> bytes(count * sizeOf(type));
    storeValues(type, values, bytes);
    return bytes;
}

/// A matrix of bfloat16 numbers that is stored as F32, as llama.cpp wants some of the tower's; else empty.
std::vector<std::byte> asBFloat16(const TensorView& stored)
{
    std::vector<float> values(stored.bytes.size() / sizeof(float));
    valuesOf(stored.dtype, stored.bytes, values);
    if (!std::ranges::all_of(values,
                             [](float value) { return floatOfBFloat16(bfloat16OfFloat(value)) == value; }))
        return {};
    std::vector<std::byte> bytes(2 * values.size());
    storeValues(DType::BF16, values, bytes);
    return bytes;
}

/// Before May 2025 llama.cpp's converter gave the two matrices of the tower's feed-forward each other's name.
bool hasSwappedFeedForward(const GgufFile& file)
{
    const auto up = file.tensors().find("v.blk.0.ffn_up.weight");
    return up != file.tensors().end() && up->second.shape.size() == 2 &&
           up->second.shape[1] == file.integer("clip.vision.feed_forward_length") &&
           up->second.shape[0] == file.integer("clip.vision.embedding_length") &&
           up->second.shape[0] != up->second.shape[1];
}

std::string swappedFeedForward(std::string name)
{
    const size_t up = name.find(".ffn_up."), down = name.find(".ffn_down.");
    if (name.starts_with("v.blk.") && up != std::string::npos)
        name.replace(up, 8, ".ffn_down.");
    else if (name.starts_with("v.blk.") && down != std::string::npos)
        name.replace(down, 10, ".ffn_up.");
    return name;
}

std::vector<NamedTensor> tensorsOf(const GgufFile& file, std::vector<std::vector<std::byte>>& made)
{
    // What is F32 in a file of bfloat16 weights.
    const DType smallType = file.integer("general.file_type") == kFileTypeBF16 ? DType::BF16 : DType::F32;
    const bool isSwapped = hasSwappedFeedForward(file);
    std::vector<NamedTensor> found;
    for (const auto& [name, view] : file.tensors()) {
        NamedTensor tensor = {name, gemma3::canonicalNameOfGguf(isSwapped ? swappedFeedForward(name) : name),
                              name == "output.weight", view};
        if (tensor.canonical && gemma3::isStoredPlusOne(*tensor.canonical) && hasValues(view.dtype)) {
            made.push_back(minusOne(view, smallType));
            tensor.view.dtype = smallType;
            tensor.view.bytes = made.back();
        } else if (smallType == DType::BF16 && view.dtype == DType::F32 && view.shape.size() > 1) {
            if (std::vector<std::byte> bytes = asBFloat16(view); !bytes.empty()) {
                made.push_back(std::move(bytes));
                tensor.view.dtype = DType::BF16;
                tensor.view.bytes = made.back();
            }
        }
        found.push_back(std::move(tensor));
    }
    return found;
}

int64_t fileTypeOf(DType type)
{
    switch (type) {
        case DType::F16:
            return 1;
        case DType::Q8_0:
            return 7;
        case DType::BF16:
            return kFileTypeBF16;
        default:
            return 0;
    }
}

GgufWriter::Metadata generalMetadata(const GgufDescription& model, const char* architecture, const char* type)
{
    GgufWriter::Metadata metadata = {{"general.architecture", std::string(architecture)},
                                     {"general.type", std::string(type)},
                                     {"general.name", model.name},
                                     {"general.file_type", static_cast<uint32_t>(fileTypeOf(model.type))},
                                     {"general.quantization_version", uint32_t{2}}};
    if (const std::string licence = licenceOf(model.base); !licence.empty())
        metadata.emplace_back("general.license", licence);
    return metadata;
}

void append(GgufWriter::Metadata& metadata, GgufWriter::Metadata more)
{
    std::ranges::move(more, std::back_inserter(metadata));
}

std::string tokenizerConfigOf(const Vocabulary& vocabulary)
{
    ordered_json added = ordered_json::object();
    for (size_t id = 0; id < vocabulary.pieces.size(); ++id) {
        const Piece& piece = vocabulary.pieces[id];
        const bool isSpecial = piece.type == PieceType::Control || piece.type == PieceType::Unknown;
        if (isSpecial || piece.type == PieceType::UserDefined)
            added[std::to_string(id)] = {{"content", piece.text}, {"lstrip", false},
                                         {"normalized", false},   {"rstrip", false},
                                         {"single_word", false},  {"special", isSpecial}};
    }
    ordered_json config = {{"tokenizer_class", "GemmaTokenizer"},
                           {"add_bos_token", true},
                           {"add_eos_token", false},
                           {"bos_token", "<bos>"},
                           {"eos_token", "<eos>"},
                           {"pad_token", "<pad>"},
                           {"unk_token", "<unk>"},
                           {"boi_token", "<start_of_image>"},
                           {"eoi_token", "<end_of_image>"},
                           {"image_token", "<image_soft_token>"},
                           {"clean_up_tokenization_spaces", false},
                           {"spaces_between_special_tokens", false},
                           {"added_tokens_decoder", added}};
    for (const char* key : {"boi_token", "eoi_token", "image_token"}) {
        const std::string text = config[key];
        if (std::ranges::find(vocabulary.pieces, text, &Piece::text) == vocabulary.pieces.end())
            config.erase(key);
    }
    return config.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

/// As in Gemma's own tokenizer.model: <pad>, <eos> and <bos> are control pieces, all others are matched in
/// text.
std::string modelProtoOf(Vocabulary vocabulary)
{
    for (Piece& piece : vocabulary.pieces)
        if (piece.type == PieceType::Control && piece.text != "<pad>" && piece.text != "<eos>" &&
            piece.text != "<bos>")
            piece.type = PieceType::UserDefined;
    return encodeModelProto(vocabulary);
}

}  // namespace

Result<ModelFolder> openGgufModel(const fs::path& path, bool textOnly)
{
    Result<Files> files = openFiles(path, textOnly);
    if (!files)
        return files.error();
    const Result<ordered_json> config = configOf(*files);
    if (!config)
        return config.error();
    Result<gemma3::Config> numbers = parsed(*config, path);
    if (!numbers)
        return numbers.error();

    ModelFolder model;
    model.path = path;
    model.textOnly = textOnly;
    model.hasVision = files->hasVision;
    model.config = *std::move(numbers);
    model.generation = generationOf(files->text);
    if (model.config.vision)
        model.preprocessing.imageSize = model.config.vision->imageSize;
    std::vector<NamedTensor> found = tensorsOf(files->text, model.madeTensors);
    if (files->vision)
        std::ranges::move(tensorsOf(*files->vision, model.madeTensors), std::back_inserter(found));
    account(found, model);
    model.ggufFiles.push_back(std::move(files->text));
    if (files->vision)
        model.ggufFiles.push_back(*std::move(files->vision));
    return model;
}

Result<std::map<std::string, std::string>> huggingFaceFilesOf(const fs::path& gguf, bool textOnly)
{
    const Result<Files> files = openFiles(gguf, textOnly);
    if (!files)
        return files.error();
    Result<ordered_json> config = configOf(*files);
    if (!config)
        return config.error();
    const Result<gemma3::Config> numbers = parsed(*config, gguf);
    if (!numbers)
        return numbers.error();
    const Result<Vocabulary> vocabulary = openVocabulary(gguf);
    if (!vocabulary)
        return vocabulary.error();

    std::map<std::string, std::string> written;
    written["tokenizer.model"] = modelProtoOf(*vocabulary);
    written["tokenizer_config.json"] = tokenizerConfigOf(*vocabulary);
    if (const auto source = files->text.text("tokenizer.chat_template"))
        written["chat_template.jinja"] = std::string(*source);
    const GenerationConfig generation = generationOf(files->text);
    ordered_json generationJson = {{"eos_token_id", generation.eosTokenIds},
                                   {"do_sample", generation.doSample}};
    if (generation.doSample)
        generationJson.update({{"temperature", generation.temperature},
                               {"top_k", generation.topK},
                               {"top_p", generation.topP}});
    const ordered_json& text = config->contains("text_config") ? (*config)["text_config"] : *config;
    for (const char* key : {"bos_token_id", "pad_token_id"})
        if (text.contains(key))
            generationJson[key] = text[key];
    written["generation_config.json"] = generationJson.dump(2) + "\n";
    (*config)["eos_token_id"] = generation.eosTokenIds;
    written["config.json"] = config->dump(2) + "\n";
    if (numbers->vision) {
        const std::vector<double> halves(3, 0.5);
        const int64_t side = numbers->vision->imageSize;
        const ordered_json image = {{"do_convert_rgb", nullptr},
                                    {"do_normalize", true},
                                    {"do_rescale", true},
                                    {"do_resize", true},
                                    {"image_mean", halves},
                                    {"image_processor_type", "Gemma3ImageProcessor"},
                                    {"image_seq_length", numbers->tokensPerImage},
                                    {"image_std", halves},
                                    {"processor_class", "Gemma3Processor"},
                                    {"resample", 2},
                                    {"rescale_factor", 1.0 / 255},
                                    {"size", {{"height", side}, {"width", side}}}};
        written["preprocessor_config.json"] = image.dump(2) + "\n";
        written["processor_config.json"] = ordered_json{{"image_seq_length", numbers->tokensPerImage},
                                                        {"processor_class", "Gemma3Processor"}}
                                               .dump(2) +
                                           "\n";
    }
    return written;
}

Result<GgufWriter::Metadata> ggufMetadataOf(const GgufDescription& model)
{
    Result<GgufWriter::Metadata> shape = gemma3::ggufMetadataOf(model.config->text);
    if (!shape)
        return shape.error();
    const Result<Vocabulary> vocabulary = openVocabulary(model.base);
    if (!vocabulary)
        return vocabulary.error();
    Result<GgufWriter::Metadata> tokens = ggufVocabulary(*vocabulary, model.config->text.vocabSize);
    if (!tokens)
        return tokens.error();
    const Result<ChatTemplate> chat = ChatTemplate::open(model.base);
    if (!chat)
        return chat.error();

    GgufWriter::Metadata metadata = generalMetadata(model, "gemma3", "model");
    const GenerationConfig& generation = *model.generation;
    if (generation.doSample) {
        metadata.emplace_back("general.sampling.temp", static_cast<float>(generation.temperature));
        metadata.emplace_back("general.sampling.top_k", static_cast<int32_t>(generation.topK));
        metadata.emplace_back("general.sampling.top_p", static_cast<float>(generation.topP));
    }
    append(metadata, *std::move(shape));
    append(metadata, *std::move(tokens));
    // Of several tokens that end an answer, llama.cpp knows two by number.
    for (const int64_t id : generation.eosTokenIds) {
        const bool isPiece = id >= 0 && id < std::ssize(vocabulary->pieces);
        if (isPiece && vocabulary->pieces[static_cast<size_t>(id)].text != "<eos>") {
            metadata.emplace_back("tokenizer.ggml.eot_token_id", static_cast<uint32_t>(id));
            break;
        }
    }
    if (!chat->source().empty())
        metadata.emplace_back("tokenizer.chat_template", chat->source());
    return metadata;
}

GgufWriter::Metadata ggufVisionMetadataOf(const GgufDescription& model)
{
    GgufWriter::Metadata metadata = generalMetadata(model, "clip", "mmproj");
    append(metadata, gemma3::ggufVisionMetadataOf(*model.config));
    return metadata;
}

}  // namespace facet::core
