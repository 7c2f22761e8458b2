#include "engine/convert/exported_tensors.h"

#include "core/gemma3/tensor_names.h"
#include "engine/gemma3/visit_weights.h"

#include <algorithm>
#include <cstdio>

namespace facet::engine {
namespace {

/// The layer's weight with its adapters in it.
at::Tensor mergedWeight(const gemma3::Linear& linear)
{
    at::Tensor weight_OI = linear.weight.dense(0, linear.weight.numRows());
    for (const auto& adapter : linear.adapters)
        weight_OI = adapter->merged(weight_OI);
    return weight_OI;
}

std::string inGigabytes(double bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", bytes / 1e9);
    return text;
}

}  // namespace

std::vector<ExportedTensor> exportedTensors(const gemma3::Model& model)
{
    const auto shapes = core::gemma3::expectedTensors(model.config);
    std::vector<ExportedTensor> tensors;
    gemma3::WeightVisitor visitor;
    visitor.tensor = [&](const std::string& name, at::Tensor& tensor) {
        tensors.push_back({name, shapes.at(name), [tensor] { return tensor; }});
    };
    visitor.matrix = [&](const std::string& name, gemma3::WeightMatrix& matrix) {
        tensors.push_back({name, shapes.at(name), [matrix] { return matrix.dense(0, matrix.numRows()); }});
    };
    visitor.linear = [&](const std::string& module, gemma3::Linear& linear) {
        if (!linear.adapters.empty())
            std::ranges::find(tensors, module + ".weight", &ExportedTensor::name)->make = [linear] {
                return mergedWeight(linear);
            };
    };
    gemma3::Weights weights = model.weights;  // shares the tensors
    gemma3::visitWeights(weights, visitor);
    return tensors;
}

core::Result<void> checkFreeSpace(const std::filesystem::path& folder, int64_t numBytes)
{
    std::error_code failed;
    const std::filesystem::space_info space =
        std::filesystem::space(folder.empty() ? std::filesystem::path(".") : folder, failed);
    if (!failed && space.available < static_cast<uintmax_t>(numBytes))
        return core::Error{core::ErrorCode::Io,
                           folder.string() + " has " + inGigabytes(static_cast<double>(space.available)) +
                               " free, and " + inGigabytes(static_cast<double>(numBytes)) +
                               " are to be written; free some or name another place"};
    return {};
}

}  // namespace facet::engine
