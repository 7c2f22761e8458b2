#pragma once

// Attention of one text layer, over segments.
//
// A segment is a stretch of one sequence in which all tokens see alike: text, where each token sees itself
// and what is before it, or one picture, whose tokens all see each other and what is before the picture. So
// attention needs no mask of all tokens by all tokens: each segment looks at the keys up to its own end.

#include "engine/gemma3/kv_cache.h"
#include "engine/gemma3/linear.h"
#include "engine/gemma3/operations.h"

namespace facet::engine::gemma3 {

struct Segment {
    KvCache* cache = nullptr;  ///< of its sequence; none in training, where a sequence is whole in one step
    int64_t numTokens = 0;
    bool isImage = false;
    int64_t numBefore = 0;  ///< without a cache: tokens of its sequence, which stand right before it
};

struct AttentionWeights {
    Linear q;          // [N*H, D]
    Linear k;          // [K*H, D]
    Linear v;          // [K*H, D]
    Linear out;        // [D, N*H]
    at::Tensor qNorm;  // [H]
    at::Tensor kNorm;  // [H]
};

/// Operations::attend by LibTorch.
at::Tensor attend(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH, int64_t window,
                  bool isImage, double scale);

/// Operations::attend for each segment, `layer` being the one of the caches that keys are appended to, if the
/// segments have any.
///
/// Shapes  q_TNH, k_TKH, v_TKH -> [T, N * H].
at::Tensor attendSegments(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                          const std::vector<Segment>& segments, int64_t window, double scale,
                          const Operations& operations, int64_t layer);

/// Lets the T tokens of all segments attend to what they may see.
///
/// Shapes  x_TD -> [T, D]; `segments` have T tokens in sum, those of one sequence in their order.
/// Types   x's type; scores and softmax in float.
/// Effect  appends keys and values to the segments' caches, if they have one, at `layer`.
/// Source  Gemma 3 report, arXiv:2503.19786, section 2; window and pictures as in transformers 5.17,
/// modeling_gemma3.py,
///         create_masks_for_vision_model: local layers see (not later, or of the same picture) and less than
///         a window back; global ones the same without the window.
at::Tensor attention(const at::Tensor& x_TD, const std::vector<Segment>& segments, const Rotation& rotation,
                     const AttentionWeights& weights, const Operations& operations,
                     const core::gemma3::TextConfig& config, int64_t layer);

}  // namespace facet::engine::gemma3
