#include "core/base/draws.h"

#include <array>
#include <cmath>

// This file is compiled without fused multiply-adds (CMakeLists.txt): they would round otherwise.

namespace facet::core {
namespace {

using Coefficients = std::array<double, 8>;

double polynomial(const Coefficients& coefficients, double x)
{
    double value = 0;
    for (const double coefficient : coefficients)
        value = value * x + coefficient;
    return value;
}

/// The natural logarithm, by steps that IEEE 754 defines to the bit.
double logarithm(double x)
{
    constexpr double kLog2 = 0.693147180559945309417232121458;
    constexpr double kRootOfHalf = 0.707106781186547524400844362105;
    int exponent = 0;
    double m = std::frexp(x, &exponent);
    if (m < kRootOfHalf) {
        m *= 2;
        --exponent;
    }
    // log m = 2 artanh s, whose series needs no more terms for |s| <= 0.172.
    const double s = (m - 1) / (m + 1);
    double sum = 0;
    for (int power = 21; power >= 1; power -= 2)
        sum = sum * s * s + 1.0 / power;
    return 2 * s * sum + exponent * kLog2;
}

}  // namespace

uint64_t drawBits(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

double drawUniform(uint64_t seed, uint64_t index)
{
    constexpr double kStep = 1.0 / 4503599627370496.0;  // 2^-52
    return (static_cast<double>(drawBits(seed, index) >> 12) + 0.5) * kStep;
}

double normalQuantile(double probability)
{
    constexpr Coefficients kMiddleUp = {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
                                        45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
                                        133.14166789178437745, 3.387132872796366608};
    constexpr Coefficients kMiddleDown = {
        5226.495278852854561,  28729.085735721942674, 39307.89580009271061,  21213.794301586595867,
        5394.1960214247511077, 687.1870074920579083,  42.313330701600911252, 1.0};
    constexpr Coefficients kNearUp = {
        7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
        3.64784832476320460504,   5.7694972214606914055,    4.6303378461565452959,  1.42343711074968357734};
    constexpr Coefficients kNearDown = {
        1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
        0.68976733498510000455,    1.6763848301838038494,   2.05319162663775882187,   1.0};
    constexpr Coefficients kFarUp = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                     0.0012426609473880784386,  0.026532189526576123093,
                                     0.29656057182850489123,    1.7848265399172913358,
                                     5.4637849111641143699,     6.6579046435011037772};
    constexpr Coefficients kFarDown = {2.04426310338993978564e-15, 1.4215117583164458887e-7,
                                       1.8463183175100546818e-5,   7.868691311456132591e-4,
                                       0.0148753612908506148525,   0.13692988092273580531,
                                       0.59983220655588793769,     1.0};
    const double q = probability - 0.5;
    if (std::abs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return polynomial(kMiddleUp, r) * q / polynomial(kMiddleDown, r);
    }
    const double r = std::sqrt(-logarithm(q < 0 ? probability : 1 - probability));
    const double x = r <= 5 ? polynomial(kNearUp, r - 1.6) / polynomial(kNearDown, r - 1.6)
                            : polynomial(kFarUp, r - 5) / polynomial(kFarDown, r - 5);
    return q < 0 ? -x : x;
}

}  // namespace facet::core
