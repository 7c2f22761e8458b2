#pragma once

// Whether this GPU computes what it should: every kernel of kernels/ for GPUs against LibTorch in float, then
// whole decoding steps and prompts of models in several shapes and formats. Needs no files.

#include <c10/core/Device.h>

#include <functional>
#include <string>
#include <vector>

namespace facet::engine::selftest {

struct Check {
    std::string name;
    double error = 0;  ///< of the kind that the name says
    double limit = 0;
    bool isOk() const { return error <= limit; }  ///< false for NaN
};

using OnCheck = std::function<void(const Check&)>;

/// What code the kernels run there: "sm_90a", "compute_80"; "" without CUDA.
std::string codeOf(c10::Device device);

/// Every kernel. Errors are relative: the root mean square of the difference over that of the truth.
///
/// Errors  throws c10::Error.
void checkGpuKernels(c10::Device device, const OnCheck& onCheck);

/// The gradients of training's operations, against LibTorch's in float; errors as above.
///
/// Errors  throws c10::Error.
void checkGpuTraining(c10::Device device, const OnCheck& onCheck);

/// Models. An error is the step's distance from float32 arithmetic as a share of what LibTorch's plain
/// bfloat16 has, the limit 1.1; so many tokens decoded that windows slide and caches grow.
///
/// Errors  throws c10::Error.
void checkGpuModels(c10::Device device, const OnCheck& onCheck);

}  // namespace facet::engine::selftest
