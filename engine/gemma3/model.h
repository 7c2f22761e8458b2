#pragma once

// All of Gemma 3's text model, on one device: from tokens (and the features of pictures) to logits.

#include "engine/gemma3/attention.h"
#include "engine/gemma3/run_layer.h"
#include "engine/gemma3/trace.h"
#include "engine/gemma3/vision.h"

#include <optional>
#include <vector>

namespace facet::engine::gemma3 {

struct LayerWeights {
    at::Tensor attnNorm;  // [D]
    AttentionWeights attn;
    at::Tensor attnPostNorm;  // [D]
    at::Tensor ffnNorm;       // [D]
    Linear ffnGate;           // [F, D]
    Linear ffnUp;             // [F, D]
    Linear ffnDown;           // [D, F]
    at::Tensor ffnPostNorm;   // [D]
};

struct Weights {
    WeightMatrix embedding;  // [V, D]
    std::vector<LayerWeights> layers;
    at::Tensor finalNorm;                 // [D]
    Linear head;                          // `embedding`
    std::optional<VisionWeights> vision;  // none for text models
    Operations operations = kPlainOperations;

    at::Device device() const { return finalNorm.device(); }
    at::ScalarType type() const { return finalNorm.scalar_type(); }  ///< of the arithmetic
};

/// What one step computes: the next tokens of any set of sequences, each a stretch of a prompt or a single
/// token.
struct Step {
    at::Tensor token_T;             ///< int64, on the weights' device
    std::vector<Segment> segments;  ///< T tokens in sum
    at::Tensor
        feature_XD;  ///< for each token of an image segment, in their order; undefined without pictures
    RunLayer runLayer = {};
};

/// Runs a step and gives the hidden state of each of its tokens, after the final norm.
///
/// Shapes  -> [T, D], in the weights' type.
/// Effect  each sequence's cache grows by its tokens.
/// Thread  one step at a time for a cache. Never waits for a GPU.
/// Errors  throws c10::Error, as all code of engine/ may; engine/guard.h turns it into a Result.
at::Tensor hiddenStates(const Step& step, const Weights& weights, const core::gemma3::TextConfig& config,
                        const Trace& trace = {});

/// Scores of the next token. Shapes  hidden_TD -> [T, V], in float.
at::Tensor logits(const at::Tensor& hidden_TD, const Weights& weights);

}  // namespace facet::engine::gemma3
