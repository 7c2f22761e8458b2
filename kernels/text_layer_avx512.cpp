// Compiled with for AVX-512.

#include "kernels/text_layer_isa.h"

#include "kernels/text_layer_simd.h"

namespace facet::kernels {

const TextLayerFunctions kAvx512TextLayer = kTextLayer;

}  // namespace facet::kernels
