#include "jobs/targets/parameter_table.h"

#include "core/gemma3/tensor_names.h"

#include <array>
#include <functional>
#include <numeric>
#include <string_view>

namespace facet::jobs {
namespace {

constexpr std::array kParts = {ParameterPart::Embeddings,    ParameterPart::LanguageLayers,
                               ParameterPart::LanguageNorms, ParameterPart::VisionTower,
                               ParameterPart::VisionNorms,   ParameterPart::Projector};

bool isNorm(std::string_view tensor)
{
    return tensor.find("norm") != std::string_view::npos;
}

ParameterPart partOf(std::string_view tensor)
{
    if (tensor.starts_with("multi_modal_projector."))
        return ParameterPart::Projector;
    if (tensor.starts_with("vision_tower."))
        return isNorm(tensor) ? ParameterPart::VisionNorms : ParameterPart::VisionTower;
    if (tensor.find("embed_tokens") != std::string_view::npos)
        return ParameterPart::Embeddings;
    return isNorm(tensor) ? ParameterPart::LanguageNorms : ParameterPart::LanguageLayers;
}

bool isTrained(ParameterPart part, bool norm, const Freeze& freeze)
{
    switch (part) {
        case ParameterPart::Embeddings:
            return !freeze.embeddings.value_or(freeze.languageModel);
        case ParameterPart::LanguageLayers:
            return !freeze.languageModel;
        case ParameterPart::LanguageNorms:
            return !freeze.norms.value_or(freeze.languageModel);
        case ParameterPart::VisionTower:
            return !freeze.visionTower;
        case ParameterPart::VisionNorms:
            return !freeze.norms.value_or(freeze.visionTower);
        case ParameterPart::Projector:
            return !(norm ? freeze.norms.value_or(freeze.projector) : freeze.projector);
        case ParameterPart::Adapters:
            return true;
    }
    return false;
}

}  // namespace

std::vector<std::string> trainedTensors(const core::gemma3::Config& config, const Freeze& freeze)
{
    std::vector<std::string> names;
    for (const auto& [name, shape] : core::gemma3::expectedTensors(config))
        if (isTrained(partOf(name), isNorm(name), freeze))
            names.push_back(name);
    return names;
}

const char* nameOf(ParameterPart part)
{
    switch (part) {
        case ParameterPart::Embeddings:
            return "embeddings";
        case ParameterPart::LanguageLayers:
            return "language layers";
        case ParameterPart::LanguageNorms:
            return "language norms";
        case ParameterPart::VisionTower:
            return "vision tower";
        case ParameterPart::VisionNorms:
            return "vision norms";
        case ParameterPart::Projector:
            return "projector";
        case ParameterPart::Adapters:
            return "adapters";
    }
    return "";
}

int64_t ParameterTable::trainedOf(ParameterPart part) const
{
    for (const Row& row : rows)
        if (row.part == part)
            return row.trained;
    return 0;
}

int64_t ParameterTable::totalOf(ParameterPart part) const
{
    for (const Row& row : rows)
        if (row.part == part)
            return row.total;
    return 0;
}

ParameterTable parameterTable(const core::gemma3::Config& config, const Freeze& freeze,
                              int64_t numAdapterParameters)
{
    ParameterTable table;
    for (const ParameterPart part : kParts)
        table.rows.push_back({part, 0, 0});
    for (const auto& [name, shape] : core::gemma3::expectedTensors(config)) {
        const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
        ParameterTable::Row& row = table.rows[static_cast<size_t>(partOf(name))];
        row.total += count;
        row.trained += isTrained(row.part, isNorm(name), freeze) ? count : 0;
        table.total += count;
    }
    std::erase_if(table.rows, [](const ParameterTable::Row& row) { return row.total == 0; });
    if (numAdapterParameters > 0)
        table.rows.push_back({ParameterPart::Adapters, numAdapterParameters, numAdapterParameters});
    for (const ParameterTable::Row& row : table.rows)
        table.trained += row.trained;
    return table;
}

}  // namespace facet::jobs
