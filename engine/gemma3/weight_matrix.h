#pragma once

#include "core/gemma3/weight_format.h"

#include <ATen/ATen.h>

#include <memory>
#include <utility>

namespace facet::engine::gemma3 {

/// A weight matrix [out, in] that can be multiplied with and looked up in, however it is stored. Copies share
/// it.
///
/// The arithmetic has a device and a type of its own: on a CPU float, on a GPU what the user chose. Where the
/// format is another type than the arithmetic's, weights are widened as they are used, so memory is what the
/// format says.
class WeightMatrix {
public:
    /// How it is stored, and its products.
    class Storage;

    WeightMatrix() = default;

    /// Brings a matrix into `format`.
    ///
    /// Shapes  source_OI: any floating type, on the CPU.
    /// Limits  `arithmetic` has a device and a type; on a CPU float. `useKernels` is for a CPU: products by
    /// kernels/ instead of by LibTorch, to which the kernels are compared.
    WeightMatrix(const at::Tensor& source_OI, core::gemma3::WeightFormat format, at::TensorOptions arithmetic,
                 bool useKernels);

    /// A matrix that is `weight_OI` itself, of the arithmetic's type and on its device: gradients reach it.
    static WeightMatrix sharing(const at::Tensor& weight_OI);

    /// That tensor, if it has gradients; else undefined.
    at::Tensor trainedTensor() const;

    /// x * weight^T + bias, if there is one. Of gradients, those of x can be had from any format.
    ///
    /// Shapes  x [..., in], bias [out] -> [..., out], in x's type, which is the arithmetic's.
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& bias = {}) const;

    /// Rows by their index. Shapes  index_T int64 -> [T, in], in the arithmetic's type.
    at::Tensor rowsAt(const at::Tensor& index_T) const;

    /// y * weight. Shapes  y [..., out] -> [..., in].
    at::Tensor transposedTimes(const at::Tensor& y) const;

    /// Rows [begin, end) in the arithmetic's type: [end - begin, in].
    at::Tensor dense(int64_t begin, int64_t end) const;

    /// Values and scales as they lie in memory, for kernels that know the format; scales undefined if there
    /// are none. Of NormalFloat4, whose scales have scales: their codes.
    std::pair<at::Tensor, at::Tensor> storedTensors() const;

    int64_t numRows() const;
    int64_t numColumns() const;
    int64_t numBytes() const;
    core::gemma3::WeightFormat format() const;

private:
    std::shared_ptr<const Storage> m_storage;
};

}  // namespace facet::engine::gemma3
