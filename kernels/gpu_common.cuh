#pragma once

// For .cu files only.

#include "kernels/gpu.h"

#include <cuda_bf16.h>

namespace facet::kernels {

constexpr int kWarp = 32;

__device__ inline float toFloat(Bf16 bits)
{
    return __uint_as_float(uint32_t{bits} << 16);
}

__device__ inline Bf16 toBf16(float value)
{
    return __bfloat16_as_ushort(__float2bfloat16_rn(value));
}

/// A float or a bfloat16 as a float.
template <typename T>
__device__ inline float wide(T value)
{
    if constexpr (sizeof(T) == 2)
        return toFloat(value);
    else
        return value;
}

/// And back.
template <typename T>
__device__ inline T narrow(float value)
{
    if constexpr (sizeof(T) == 2)
        return toBf16(value);
    else
        return value;
}

/// Rounded to bfloat16 and back.
__device__ inline float rounded(float value)
{
    return toFloat(toBf16(value));
}

/// 8 bfloat16, as one load.
__device__ inline void unpack(float (&to)[8], const uint4& from)
{
    const uint32_t words[4] = {from.x, from.y, from.z, from.w};
    for (int i = 0; i < 4; ++i) {
        to[2 * i] = __uint_as_float(words[i] << 16);
        to[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
    }
}

__device__ inline float warpSum(float value)
{
    for (int step = kWarp / 2; step > 0; step /= 2)
        value += __shfl_xor_sync(0xffffffffU, value, step);
    return value;
}

/// Sum over the block's threads; `scratch` has 32 floats of shared memory. All threads of the block call it.
__device__ inline float blockSum(float value, float* scratch)
{
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, numWarps = blockDim.x / kWarp;
    value = warpSum(value);
    __syncthreads();  // scratch may still be read from the call before
    if (lane == 0)
        scratch[warp] = value;
    __syncthreads();
    return warpSum(lane < numWarps ? scratch[lane] : 0.0F);
}

/// gelu in its tanh form.
__device__ inline float geluTanh(float x)
{
    constexpr float kBeta = 0.7978845608028654F;  // sqrt(2 / pi)
    return 0.5F * x * (1.0F + tanhf(kBeta * (x + 0.044715F * x * x * x)));
}

/// Calls launch(T{}) with the type that is meant.
template <typename Launch>
cudaError_t withType(GpuType type, const Launch& launch)
{
    if (type == GpuType::Float)
        launch(float{});
    else
        launch(Bf16{});
    return cudaGetLastError();
}

// --- Programmatic dependent launch
// --------------------------------------------------------------------------------- On Hopper a kernel of a
// chain may start while the one before still runs: it fetches weights, which nobody writes, and waits before
// it touches what the other computes. Kernels that were compiled for older GPUs have no such wait, so they
// must be launched in the ordinary way.

__device__ inline void waitForKernelBefore()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

__device__ inline void letNextKernelStart()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/// Launches a kernel that calls waitForKernelBefore().
template <typename... Parameters, typename... Arguments>
cudaError_t launchInChain(void (*kernel)(Parameters...), dim3 grid, int numThreads, cudaStream_t stream,
                          const Arguments&... arguments)
{
    cudaFuncAttributes attributes;
    if (const cudaError_t error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)))
        return error;
    cudaLaunchAttribute early{};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = dim3(static_cast<unsigned>(numThreads));
    config.stream = stream;
    config.attrs = &early;
    config.numAttrs = attributes.ptxVersion >= 90 ? 1 : 0;
    return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

}  // namespace facet::kernels
