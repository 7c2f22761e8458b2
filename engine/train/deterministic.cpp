#include "engine/train/deterministic.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cstdlib>

namespace facet::engine {

std::string computeDeterministically(at::Device device)
{
    if (device.is_cpu())
        return "deterministic: a CPU always computes the same numbers with the same number of threads, " +
               std::to_string(at::get_num_threads());
    // NVIDIA's documentation of cuBLAS, "Results reproducibility": eight buffers of 4 MB.
    constexpr const char* kWorkspace = "CUBLAS_WORKSPACE_CONFIG";
    ::setenv(kWorkspace, ":4096:8", /*overwrite=*/0);
    at::Context& context = at::globalContext();
    context.setDeterministicAlgorithms(true, /*warn_only=*/false);
    context.setDeterministicFillUninitializedMemory(false);  // nothing here reads what it did not write
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
    return std::string(
               "deterministic: LibTorch's deterministic algorithms, attention's backward pass in one "
               "order, cuBLAS with the workspace ") +
           std::getenv(kWorkspace);
}

}  // namespace facet::engine
