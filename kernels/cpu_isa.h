#pragma once

// Which instructions of x86-64 a kernel may use. Each kernel for a CPU is compiled once for each of these,
// and the best one that this processor has is chosen at run time.

#include <string_view>

namespace facet::kernels {

enum class CpuIsa {
    Scalar,  ///< any processor: the reference that the others are tested against
    Avx2,    ///< AVX2 and FMA: Haswell (2013), Zen (2017) and later
    Avx512,  ///< AVX-512 F, BW, DQ, VL and VNNI: Cascade Lake, Ice Lake, Zen 4 and later
};

inline constexpr CpuIsa kCpuIsas[] = {CpuIsa::Scalar, CpuIsa::Avx2, CpuIsa::Avx512};

std::string_view nameOf(CpuIsa isa);

/// Whether this processor and its operating system have it.
bool isSupported(CpuIsa isa) noexcept;

/// The last of kCpuIsas that is supported. Cost: a load after the first call.
CpuIsa bestCpuIsa() noexcept;

}  // namespace facet::kernels
