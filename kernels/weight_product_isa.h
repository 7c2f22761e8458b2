#pragma once

// The products of weight_product.h for one instruction set each: what weight_product_cpu.cpp chooses from.

#include "kernels/weight_product.h"

namespace facet::kernels {

struct ProductFunctions {
    decltype(&multiplyBFloat16) bfloat16;
    decltype(&multiplyInt8) int8;
    decltype(&multiplyInt4) int4;
    decltype(&multiplyManyBFloat16) manyBFloat16;
    void (*quantizeActivations)(ActivationBlock*, const float*, int64_t numTokens, int64_t width) noexcept;
};

extern const ProductFunctions kAvx2Products;
extern const ProductFunctions kAvx512Products;

}  // namespace facet::kernels
