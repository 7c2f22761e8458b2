#pragma once

// Runs a test of a CPU kernel once for each instruction set.

#include "kernels/cpu_isa.h"

#include <QTest>

#include <random>
#include <string>
#include <vector>

namespace facet::kernels {

inline void addIsaRows()
{
    QTest::addColumn<CpuIsa>("isa");
    for (const CpuIsa isa : kCpuIsas)
        QTest::newRow(std::string(nameOf(isa)).c_str()) << isa;
}

/// Fetches the row's instruction set, and leaves the test with a word if this processor lacks it.
#define FETCH_ISA(isa)         \
    QFETCH(const CpuIsa, isa); \
    if (!isSupported(isa))     \
    QSKIP(("this processor has no " + std::string(nameOf(isa))).c_str())

inline std::vector<float> randomFloats(int64_t count, float deviation, unsigned seed)
{
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0, deviation);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values)
        value = normal(generator);
    return values;
}

}  // namespace facet::kernels

Q_DECLARE_METATYPE(facet::kernels::CpuIsa)
