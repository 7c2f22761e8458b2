#pragma once

// What leaves a loaded model, whatever it is written as.

#include "engine/gemma3/load.h"

#include <functional>
#include <string>
#include <vector>

namespace facet::engine {

/// Called while weights are written; returning false cancels.
using ExportProgress = std::function<bool(int64_t bytesDone, int64_t bytesInAll)>;

/// One tensor, made when its turn comes.
struct ExportedTensor {
    std::string name;                  ///< canonical (core/gemma3/tensor_names.h)
    std::vector<int64_t> shape;        ///< as files have it; `make` may give another view of it
    std::function<at::Tensor()> make;  ///< of any floating type, on the model's device
};

/// All tensors of a model, adapters merged into their layers.
///
/// Limits  valid as long as the model's weights are not changed.
std::vector<ExportedTensor> exportedTensors(const gemma3::Model& model);

/// Whether `folder` has room for so many bytes more.
///
/// Errors  Io, with both numbers
core::Result<void> checkFreeSpace(const std::filesystem::path& folder, int64_t numBytes);

}  // namespace facet::engine
