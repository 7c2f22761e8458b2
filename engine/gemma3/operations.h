#pragma once

// What a text layer computes between its products, as functions that are chosen at load: the plain ones,
// which read as the paper does, or faster ones that give the same numbers up to rounding.

#include "engine/gemma3/layers.h"

#include <vector>

namespace facet::engine::gemma3 {

struct Segment;

struct Operations {
    /// RMSNorm. Shapes  x [..., W], weight [W] -> [..., W].
    at::Tensor (*norm)(const at::Tensor& x, const at::Tensor& weight, double eps);

    /// x + norm(update): how a layer's result joins the residual stream.
    at::Tensor (*addNorm)(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight,
                          double eps);

    /// Normalises each head, then rotates it. Shapes  x_TNH -> [T, N, H].
    at::Tensor (*normRotate)(const at::Tensor& x_TNH, const at::Tensor& weight, double eps,
                             const Rotation& rotation);

    /// gelu(gate) * up, the gate of the feed-forward.
    at::Tensor (*gatedGelu)(const at::Tensor& gate_TF, const at::Tensor& up_TF);

    /// One segment's queries over the keys they may see. `k_KSH` are those of the sequence, or of its last
    /// part; the last T are the queries' own.
    ///
    /// Shapes  q_TNH, k_KSH, v_KSH -> [T, N * H].
    at::Tensor (*attend)(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH,
                         int64_t window, bool isImage, double scale);

    /// All segments of a step without caches at once; null where attend() is called for each.
    ///
    /// Shapes  q_TNH, k_TKH, v_TKH -> [T, N * H].
    at::Tensor (*attendPack)(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                             const std::vector<Segment>& segments, int64_t window, double scale) = nullptr;
};

/// By LibTorch alone, on any device and in any type; the reference, and what can be differentiated.
extern const Operations kPlainOperations;

/// By kernels/ on a CPU, for contiguous tensors of float without gradients.
extern const Operations kCpuOperations;

/// By kernels/ and LibTorch's fused attention on a GPU, for tensors without gradients; without CUDA the plain
/// ones.
Operations gpuOperations();

}  // namespace facet::engine::gemma3
