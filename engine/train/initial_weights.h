#pragma once

// The weights with which pretraining begins.

#include <ATen/ATen.h>

#include <string>

namespace facet::engine {

/// A tensor before any training, by its canonical name: float, on the CPU. It depends on the name, the shape
/// and the seed alone, to the bit, whatever the machine, the device or the number of threads is.
///
/// Source  _init_weights of transformers 5.17. Text, modeling_gemma3.py: matrices are normal with
///         initializer_range; zero are <pad>'s row, the projector's matrix and the norms, which scale by
///         1 + w. Pictures, modeling_siglip.py: attention and feed-forward are Xavier's uniform, positions
///         normal with 1 / sqrt(width), patches LeCun's normal; biases are zero, or normal with 1e-6 in the
///         feed-forward
at::Tensor initialTensor(const std::string& name, at::IntArrayRef shape, double initializerRange,
                         uint64_t seed);

}  // namespace facet::engine
