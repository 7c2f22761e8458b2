#pragma once

// How fast a machine could be at most, so that a speed can be told as a share of it.

#include "engine/gemma3/load.h"

namespace facet::engine {

struct MachineLimits {
    double bytesPerSecond = 0;  ///< read from memory, by all threads
    double flopsPerSecond =
        0;  ///< of the faster of LibTorch's matrix product and our own, in the arithmetic's type
};

/// Measures both, best of several runs.
///
/// Cost    a second, and 1 GB of memory.
/// Errors  throws c10::Error.
MachineLimits measureLimits(at::Device device, at::ScalarType type);

/// What one token costs, whatever computes it.
struct Work {
    double bytes = 0;  ///< of weights that are read
    double flops = 0;
};

/// A token of an answer: all matrices of the text model are read once, the head among them.
Work workOfToken(const gemma3::Model& model);

/// A token of a prompt: the same without the head, which only the last one needs. Its bytes are shared by all
/// tokens.
Work workOfPrompt(const gemma3::Model& model);

}  // namespace facet::engine
