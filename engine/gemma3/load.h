#pragma once

#include "core/models/model_folder.h"
#include "engine/gemma3/model.h"

#include <functional>

namespace facet::engine::gemma3 {

/// Called while weights are read; returning false cancels.
using LoadProgress = std::function<bool(int64_t bytesDone, int64_t bytesInAll)>;

/// A model that can compute: its numbers and its weights on one device, in one type.
struct Model {
    core::gemma3::Config config;
    Weights weights;
};

/// Brings the folder's tensors to `device` as `type`. On a CPU the type must be float: ATen's bf16 products
/// are hundreds of times slower there.
///
/// Cost    reads every byte of the weights once; they are copied, so the folder may be closed afterwards.
/// Errors  InvalidInput: tensors are missing or misshaped (named), or bf16 is asked for on a CPU; Cancelled;
///         OutOfMemory.
core::Result<Model> loadModel(const core::ModelFolder& folder, at::Device device, at::ScalarType type,
                              const LoadProgress& progress = {});

}  // namespace facet::engine::gemma3
