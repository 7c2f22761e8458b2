#pragma once

// For files with CUDA only.

#include "kernels/gpu.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace facet::engine::gemma3 {

/// A kernel of kernels/ runs on the calling thread's current GPU, which need not be the tensors': this makes
/// it theirs as long as it lives, and tells the type they have.
///
/// Limits  x is float or bfloat16
class GpuLaunch {
public:
    explicit GpuLaunch(const at::Tensor& x) : m_guard(x.device()), m_type(typeOf(x)) {}

    kernels::GpuType type() const { return m_type; }
    cudaStream_t stream() const { return c10::cuda::getCurrentCUDAStream(); }

    static kernels::GpuType typeOf(const at::Tensor& x)
    {
        return x.scalar_type() == at::kFloat ? kernels::GpuType::Float : kernels::GpuType::BFloat16;
    }

private:
    c10::cuda::CUDAGuard m_guard;
    kernels::GpuType m_type;
};

}  // namespace facet::engine::gemma3
