#include "core/models/model_summary.h"

#include <sstream>
#include <string_view>

namespace facet::core {
namespace {

enum Part { Embedding, Layers, Tower, Projector, NumParts };

Part partOf(std::string_view canonicalName)
{
    if (canonicalName.starts_with("vision_tower."))
        return Tower;
    if (canonicalName.starts_with("multi_modal_projector."))
        return Projector;
    return canonicalName == "language_model.embed_tokens.weight" ? Embedding : Layers;
}

std::string unquoted(std::string_view text)
{
    const std::string_view blank = " \t\r\"'";
    const size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos)
        return {};
    return std::string(text.substr(begin, text.find_last_not_of(blank) - begin + 1));
}

/// The "license:" line of the block between "---" lines that opens a model card.
std::string readLicence(const std::filesystem::path& folder)
{
    const Result<std::string> card = readFile(folder / "README.md", 4 << 20);
    if (!card)
        return {};
    constexpr std::string_view kKey = "license:";
    std::istringstream lines(*card);
    std::string line;
    if (!std::getline(lines, line) || unquoted(line) != "---")
        return {};
    while (std::getline(lines, line) && unquoted(line) != "---") {
        if (line.starts_with(kKey))
            return unquoted(std::string_view(line).substr(kKey.size()));
    }
    return {};
}

}  // namespace

std::string licenceOf(const std::filesystem::path& model)
{
    if (!isGgufFile(model))
        return readLicence(model);
    const Result<GgufFile> file = GgufFile::open(model);
    return file ? std::string(file->text("general.license").value_or("")) : std::string();
}

ModelSummary summarize(const ModelFolder& model)
{
    ModelSummary summary;
    std::vector<ModelSummary::Part> parts = {
        {"embedding", 0, 0}, {"language layers", 0, 0}, {"vision tower", 0, 0}, {"projector", 0, 0}};
    static_assert(NumParts == 4);
    for (const auto& [name, tensor] : model.tensors) {
        const auto count =
            static_cast<int64_t>(tensor.bytes.size() / sizeOf(tensor.dtype) * blockLength(tensor.dtype));
        ModelSummary::Part& part = parts[partOf(name)];
        part.numTensors += 1;
        part.numParameters += count;
        summary.numParameters += count;
        summary.parametersByType[std::string(nameOf(tensor.dtype))] += count;
    }
    for (ModelSummary::Part& part : parts) {
        if (part.numTensors > 0)
            summary.parts.push_back(std::move(part));
    }
    for (const SafetensorsFile& file : model.files) {
        summary.files.push_back({file.path(), file.size()});
        summary.totalBytes += file.size();
    }
    for (const GgufFile& file : model.ggufFiles) {
        summary.files.push_back({file.path(), file.size()});
        summary.totalBytes += file.size();
    }
    summary.licence = licenceOf(model.path);
    return summary;
}

}  // namespace facet::core
