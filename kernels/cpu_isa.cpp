#include "kernels/cpu_isa.h"

namespace facet::kernels {

std::string_view nameOf(CpuIsa isa)
{
    static constexpr std::string_view kNames[] = {"scalar", "AVX2", "AVX-512 VNNI"};
    return kNames[static_cast<int>(isa)];
}

bool isSupported(CpuIsa isa) noexcept
{
#if defined(__x86_64__)
    switch (isa) {
        case CpuIsa::Scalar:
            return true;
        case CpuIsa::Avx2:
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case CpuIsa::Avx512:
            return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vnni");
    }
#endif
    return isa == CpuIsa::Scalar;
}

CpuIsa bestCpuIsa() noexcept
{
    static const CpuIsa best = [] {
        CpuIsa found = CpuIsa::Scalar;
        for (const CpuIsa isa : kCpuIsas)
            if (isSupported(isa))
                found = isa;
        return found;
    }();
    return best;
}

}  // namespace facet::kernels
