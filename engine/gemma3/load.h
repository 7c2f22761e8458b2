#pragma once

#include "core/models/model_folder.h"
#include "engine/gemma3/gpu_decoder.h"
#include "engine/gemma3/model.h"

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace facet::engine::gemma3 {

/// Called while weights are read; returning false cancels.
using LoadProgress = std::function<bool(int64_t bytesDone, int64_t bytesInAll)>;

/// Where a model computes, in which type, and how its matrices are stored.
struct Placement {
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat;  ///< of the arithmetic: float or bfloat16
    core::gemma3::WeightFormat weights = core::gemma3::WeightFormat::Float32;
    bool useKernels = true;  ///< kernels/ where there are some; false: LibTorch alone, which is the reference
    /// Matrices, by canonical name, that have the arithmetic's type whatever `weights` says: to be trained.
    std::set<std::string> inFull = {};
};

/// How a matrix is stored there.
core::gemma3::WeightFormat formatOf(const std::string& matrix, const Placement& placement);

/// A model that can compute: its numbers and its weights on one device.
struct Model {
    core::gemma3::Config config;
    Weights weights;
    core::gemma3::WeightFormat weightFormat =
        core::gemma3::WeightFormat::Float32;           ///< as Placement asked for
    std::shared_ptr<GpuDecoder> gpuDecoder = nullptr;  ///< none on a CPU, and for shapes it does not take
};

/// Puts kernels/ in where there are some for the placement, if it asks for them.
void useKernels(Model& model, const Placement& placement);

/// Brings the folder's tensors where `placement` says. On a CPU the type must be float: ATen's bf16 products
/// are hundreds of times slower there.
///
/// Cost    reads every byte of the weights once; they are copied, so the folder may be closed afterwards.
/// Errors  InvalidInput: tensors are missing or misshaped (named), or bf16 is asked for on a CPU; Cancelled;
///         OutOfMemory.
core::Result<Model> loadModel(const core::ModelFolder& folder, const Placement& placement,
                              const LoadProgress& progress = {});

}  // namespace facet::engine::gemma3
