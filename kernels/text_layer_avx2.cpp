// Compiled with -mavx2 -mfma.

#include "kernels/text_layer_isa.h"

#include "kernels/text_layer_simd.h"
#include "kernels/training_simd.h"

namespace facet::kernels {

const TextLayerFunctions kAvx2TextLayer = kTextLayer;
const TrainingFunctions kAvx2Training = kTraining;

}  // namespace facet::kernels
