// Compiled with -mavx2 -mfma.

#include "kernels/text_layer_isa.h"

#include "kernels/text_layer_simd.h"

namespace facet::kernels {

const TextLayerFunctions kAvx2TextLayer = kTextLayer;

}  // namespace facet::kernels
