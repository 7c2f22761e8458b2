// Compiled with for AVX-512.

#include "kernels/text_layer_isa.h"

#include "kernels/text_layer_simd.h"
#include "kernels/training_simd.h"

namespace facet::kernels {

const TextLayerFunctions kAvx512TextLayer = kTextLayer;
const TrainingFunctions kAvx512Training = kTraining;

}  // namespace facet::kernels
