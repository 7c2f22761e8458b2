#include "kernels/gpu_common.cuh"

namespace facet::kernels {
namespace {

__global__ void nothing() {}

}  // namespace

int gpuCodeVersion()
{
    cudaFuncAttributes attributes;
    if (cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(&nothing)) != cudaSuccess)
        return 0;
    return attributes.ptxVersion;
}

}  // namespace facet::kernels
