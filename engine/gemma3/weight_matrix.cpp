#include "engine/gemma3/weight_matrix.h"

#include "engine/gemma3/frozen_product.h"
#include "engine/parallel_for.h"
#include "kernels/normal_float.h"
#include "kernels/quantize.h"
#include "kernels/weight_product.h"

#include <ATen/core/grad_mode.h>

#if FACET_CUDA
#include "kernels/normal_float_gpu.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include <algorithm>

namespace facet::engine::gemma3 {

using core::gemma3::WeightFormat;

class WeightMatrix::Storage {
public:
    Storage(WeightFormat format_, const at::Tensor& source_OI)
        : format(format_), numRows(source_OI.size(0)), numColumns(source_OI.size(1))
    {
    }
    virtual ~Storage() = default;

    virtual at::Tensor times(const at::Tensor& x, const at::Tensor& bias) const = 0;
    virtual at::Tensor rowsAt(const at::Tensor& index_T) const = 0;
    virtual at::Tensor dense(int64_t begin, int64_t end) const = 0;
    virtual int64_t numBytes() const = 0;
    virtual std::pair<at::Tensor, at::Tensor> storedTensors() const = 0;

    /// The matrix, where it is a tensor as it is: then LibTorch can differentiate its product.
    virtual at::Tensor tensor() const { return {}; }

    const WeightFormat format;
    const int64_t numRows;
    const int64_t numColumns;
};

namespace {

/// In the arithmetic's own type: LibTorch's product. The reference that the others are tested against.
class Plain final : public WeightMatrix::Storage {
public:
    Plain(WeightFormat format_, const at::Tensor& source_OI, at::TensorOptions arithmetic)
        : Storage(format_, source_OI),
          m_weight_OI(source_OI.to(arithmetic, /*non_blocking=*/false, /*copy=*/true))
    {
    }

    /// The tensor itself, not a copy.
    explicit Plain(const at::Tensor& weight_OI)
        : Storage(weight_OI.scalar_type() == at::kBFloat16 ? WeightFormat::BFloat16 : WeightFormat::Float32,
                  weight_OI),
          m_weight_OI(weight_OI)
    {
    }

    at::Tensor tensor() const override { return m_weight_OI; }
    std::pair<at::Tensor, at::Tensor> storedTensors() const override { return {m_weight_OI, {}}; }
    at::Tensor times(const at::Tensor& x, const at::Tensor& bias) const override
    {
        return at::linear(x, m_weight_OI, bias.defined() ? std::optional(bias) : std::nullopt);
    }
    at::Tensor rowsAt(const at::Tensor& index_T) const override
    {
        return at::embedding(m_weight_OI, index_T);
    }
    at::Tensor dense(int64_t begin, int64_t end) const override { return m_weight_OI.slice(0, begin, end); }
    int64_t numBytes() const override { return static_cast<int64_t>(m_weight_OI.nbytes()); }

private:
    at::Tensor m_weight_OI;
};

/// x * w^T on a CPU, with each thread at rows of its own; `multiply(product, firstRow)` computes those of a
/// product.
template <typename Multiply>
at::Tensor productOnCpu(const at::Tensor& x, int64_t numRows, int64_t numColumns, const Multiply& multiply)
{
    constexpr int64_t kWorth = 65'536;  // products before a second thread pays
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = numRows;
    const at::Tensor y = at::empty(shape, x.options());
    kernels::Product whole;
    whole.yStride = numRows;
    whole.numTokens = x.numel() / numColumns;
    whole.width = numColumns;
    const int64_t grain = std::max<int64_t>(8, kWorth / std::max<int64_t>(1, x.numel()));
    parallelFor(numRows, grain, [&](int64_t begin, int64_t end) {
        kernels::Product part = whole;
        part.y = y.data_ptr<float>() + begin;
        part.numRows = end - begin;
        multiply(part, begin);
    });
    return y;
}

/// In a smaller type than the arithmetic's. Without kernels, widened block by block of rows for each product.
class Widened : public WeightMatrix::Storage {
public:
    Widened(WeightFormat format_, const at::Tensor& source_OI, at::TensorOptions arithmetic, bool useKernels)
        : Storage(format_, source_OI), m_arithmetic(arithmetic), m_useKernels(useKernels)
    {
    }

    at::Tensor times(const at::Tensor& x, const at::Tensor& bias) const override
    {
        const at::Tensor y = m_useKernels ? byKernels(x.contiguous()) : byLibTorch(x);
        return bias.defined() ? y + bias : y;
    }

protected:
    virtual at::Tensor byKernels(const at::Tensor& x) const = 0;

    at::TensorOptions m_arithmetic;

private:
    at::Tensor byLibTorch(const at::Tensor& x) const
    {
        constexpr int64_t kBlockBytes = 64'000'000;
        const int64_t step = std::max<int64_t>(1, kBlockBytes / (numColumns * 4));
        std::vector<at::Tensor> parts;
        for (int64_t begin = 0; begin < numRows; begin += step)
            parts.push_back(at::linear(x, dense(begin, std::min(begin + step, numRows))));
        return parts.size() == 1 ? parts.front() : at::cat(parts, -1);
    }

    bool m_useKernels;
};

/// As floats or bfloat16, row by row.
class Floating final : public Widened {
public:
    Floating(WeightFormat format_, const at::Tensor& source_OI, at::TensorOptions arithmetic, bool useKernels)
        : Widened(format_, source_OI, arithmetic, useKernels),
          m_weight_OI(
              source_OI.to(arithmetic.dtype(format_ == WeightFormat::Float32 ? at::kFloat : at::kBFloat16),
                           /*non_blocking=*/false, /*copy=*/true))
    {
    }

    at::Tensor rowsAt(const at::Tensor& index_T) const override
    {
        return at::embedding(m_weight_OI, index_T).to(m_arithmetic);
    }
    at::Tensor dense(int64_t begin, int64_t end) const override
    {
        return m_weight_OI.slice(0, begin, end).to(m_arithmetic);
    }
    int64_t numBytes() const override { return static_cast<int64_t>(m_weight_OI.nbytes()); }

    std::pair<at::Tensor, at::Tensor> storedTensors() const override { return {m_weight_OI, {}}; }

private:
    at::Tensor byKernels(const at::Tensor& x) const override
    {
        if (format == WeightFormat::Float32)
            return product<float>(x, kernels::multiplyFloat32, kernels::multiplyManyFloat32);
        return product<uint16_t>(x, kernels::multiplyBFloat16, kernels::multiplyManyBFloat16);
    }

    template <typename Weight, typename Multiply>
    at::Tensor product(const at::Tensor& x, Multiply few, Multiply many) const
    {
        constexpr int64_t kMany = 12;  // tokens from which on widening pays
        const auto* w = static_cast<const Weight*>(m_weight_OI.const_data_ptr());
        return productOnCpu(x, numRows, numColumns, [&](const kernels::Product& part, int64_t firstRow) {
            (part.numTokens < kMany ? few : many)(part, x.const_data_ptr<float>(), w + firstRow * numColumns);
        });
    }

    at::Tensor m_weight_OI;
};

/// Int8 or Int4 in the layout of kernels/quantize.h.
class Quantized final : public Widened {
public:
    Quantized(WeightFormat format_, const at::Tensor& source_OI, at::TensorOptions arithmetic,
              bool useKernels)
        : Widened(format_, source_OI, arithmetic, useKernels), m_isInt8(format_ == WeightFormat::Int8)
    {
        const int64_t filled = kernels::filledWidth(numColumns);
        m_value_OX = at::empty({numRows, m_isInt8 ? filled : filled / 2}, m_isInt8 ? at::kChar : at::kByte);
        m_scale_OG = at::empty({numRows, filled / kernels::kGroup}, at::kBFloat16);
        auto* values = static_cast<std::byte*>(m_value_OX.data_ptr());
        auto* scales = static_cast<uint16_t*>(m_scale_OG.data_ptr());
        parallelFor(numRows, /*grain_size=*/16, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const at::Tensor wide = source_OI[row].to(at::kFloat).contiguous();
                std::byte* value = values + row * m_value_OX.size(1);
                uint16_t* scale = scales + row * m_scale_OG.size(1);
                if (m_isInt8)
                    kernels::quantizeInt8(reinterpret_cast<int8_t*>(value), scale,
                                          wide.const_data_ptr<float>(), numColumns);
                else
                    kernels::quantizeInt4(reinterpret_cast<uint8_t*>(value), scale,
                                          wide.const_data_ptr<float>(), numColumns);
            }
        });
        m_value_OX = m_value_OX.to(arithmetic.device());
        m_scale_OG = m_scale_OG.to(arithmetic.device());
        if (!m_isInt8)
            m_level = at::tensor(at::ArrayRef<int8_t>(kernels::kLevels), at::kChar).to(arithmetic.device());
    }

    at::Tensor rowsAt(const at::Tensor& index_T) const override
    {
        return widened(m_value_OX.index_select(0, index_T), m_scale_OG.index_select(0, index_T));
    }
    at::Tensor dense(int64_t begin, int64_t end) const override
    {
        return widened(m_value_OX.slice(0, begin, end), m_scale_OG.slice(0, begin, end));
    }
    int64_t numBytes() const override
    {
        return static_cast<int64_t>(m_value_OX.nbytes() + m_scale_OG.nbytes());
    }

    std::pair<at::Tensor, at::Tensor> storedTensors() const override { return {m_value_OX, m_scale_OG}; }

private:
    /// Activations are rounded to integers, whatever their number, so that a prompt and decoding compute the
    /// same.
    at::Tensor byKernels(const at::Tensor& x) const override
    {
        const int64_t T = x.numel() / numColumns, blocksOfToken = kernels::numActivationBlocks(1, numColumns);
        constexpr int64_t kBlockBytes = sizeof(kernels::ActivationBlock);
        const at::Tensor buffer = at::empty({T, blocksOfToken, kBlockBytes}, at::kByte);
        auto* blocks = static_cast<kernels::ActivationBlock*>(buffer.data_ptr());
        parallelFor(T, /*grain_size=*/16, [&](int64_t begin, int64_t end) {
            kernels::quantizeActivations(blocks + begin * blocksOfToken,
                                         x.const_data_ptr<float>() + begin * numColumns, end - begin,
                                         numColumns);
        });
        const auto* values = static_cast<const std::byte*>(m_value_OX.const_data_ptr());
        const auto* scales = static_cast<const uint16_t*>(m_scale_OG.const_data_ptr());
        return productOnCpu(x, numRows, numColumns, [&](const kernels::Product& product, int64_t firstRow) {
            const std::byte* value = values + firstRow * m_value_OX.size(1);
            const uint16_t* scale = scales + firstRow * m_scale_OG.size(1);
            if (m_isInt8)
                kernels::multiplyInt8(product, blocks, reinterpret_cast<const int8_t*>(value), scale);
            else
                kernels::multiplyInt4(product, blocks, reinterpret_cast<const uint8_t*>(value), scale);
        });
    }

    at::Tensor widened(const at::Tensor& value_OX, const at::Tensor& scale_OG) const
    {
        const int64_t O = value_OX.size(0), G = scale_OG.size(1);
        at::Tensor q_OG32 = value_OX;
        if (!m_isInt8) {
            const at::Tensor pair = value_OX.view({O, G / 2, 1, kernels::kGroup});
            const at::Tensor index = at::cat({pair.bitwise_and(15), pair.__rshift__(4)}, 2);
            q_OG32 = m_level.index_select(0, index.flatten().to(at::kInt));
        }
        q_OG32 = q_OG32.view({O, G, kernels::kGroup}).to(m_arithmetic);
        return (q_OG32 * scale_OG.unsqueeze(-1).to(m_arithmetic)).view({O, -1}).slice(1, 0, numColumns);
    }

    bool m_isInt8;
    at::Tensor m_value_OX;
    at::Tensor m_scale_OG;
    at::Tensor m_level;  // of int4, by index
};

/// NF4 in the layout of kernels/normal_float.h.
class NormalFloat final : public Widened {
public:
    NormalFloat(const at::Tensor& source_OI, at::TensorOptions arithmetic, bool useKernels)
        : Widened(WeightFormat::NormalFloat4, source_OI, arithmetic, useKernels)
    {
        const int64_t count = numRows * numColumns, numBlocks = kernels::numNormalFloatBlocks(count);
        const at::Tensor source = source_OI.reshape({count}), scale_B = at::empty({numBlocks}, at::kFloat);
        m_values = at::empty({kernels::numNormalFloatBytes(count)}, at::kByte);
        m_scaleCode_B = at::empty({numBlocks}, at::kByte);
        m_groupScale_G = at::empty({kernels::numNormalFloatGroups(count)}, at::kFloat);
        auto* values = static_cast<uint8_t*>(m_values.data_ptr());
        auto* scales = scale_B.data_ptr<float>();
        constexpr int64_t kPiece = 4096;  // blocks that are widened at once
        parallelFor((numBlocks + kPiece - 1) / kPiece, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
            for (int64_t block = begin * kPiece; block < std::min(end * kPiece, numBlocks); block += kPiece) {
                const int64_t first = block * kernels::kNormalFloatBlock;
                const at::Tensor wide = source.slice(0, first, first + kPiece * kernels::kNormalFloatBlock)
                                            .to(at::kFloat)
                                            .contiguous();
                kernels::quantizeNormalFloat(values + first / 2, scales + block, wide.const_data_ptr<float>(),
                                             wide.numel());
            }
        });
        m_offset = scale_B.mean().item<float>();  // LibTorch's own sum: bitsandbytes takes it, too
        kernels::quantizeNormalFloatScales(static_cast<uint8_t*>(m_scaleCode_B.data_ptr()),
                                           m_groupScale_G.data_ptr<float>(), scales, m_offset, numBlocks);
        m_values = m_values.to(arithmetic.device());
        m_scaleCode_B = m_scaleCode_B.to(arithmetic.device());
        m_groupScale_G = m_groupScale_G.to(arithmetic.device());
        if (!arithmetic.device().is_cpu())
            m_scaleLevel = at::tensor(at::ArrayRef<float>(kernels::normalFloatScaleLevels(), 256), at::kFloat)
                               .to(arithmetic.device());
    }

    at::Tensor rowsAt(const at::Tensor& index_T) const override
    {
        const at::Tensor index = index_T.cpu();
        std::vector<at::Tensor> rows;
        for (int64_t t = 0; t < index.size(0); ++t)
            rows.push_back(dense(index[t].item<int64_t>(), index[t].item<int64_t>() + 1));
        return at::cat(rows);
    }

    at::Tensor dense(int64_t begin, int64_t end) const override
    {
        return m_arithmetic.device().is_cpu() ? denseOnCpu(begin, end) : denseOnGpu(begin, end);
    }

    int64_t numBytes() const override
    {
        return static_cast<int64_t>(m_values.nbytes() + m_scaleCode_B.nbytes() + m_groupScale_G.nbytes());
    }

    std::pair<at::Tensor, at::Tensor> storedTensors() const override { return {m_values, m_scaleCode_B}; }

private:
    kernels::NormalFloatMatrix matrix() const
    {
        return {static_cast<const uint8_t*>(m_values.const_data_ptr()),
                static_cast<const uint8_t*>(m_scaleCode_B.const_data_ptr()),
                m_groupScale_G.const_data_ptr<float>(), m_offset};
    }

    /// Rows are widened few at a time, so that they stay in the cache while all tokens are multiplied.
    at::Tensor byKernels(const at::Tensor& x) const override
    {
        constexpr int64_t kMany = 12;  // as Floating
        const int64_t step = std::max<int64_t>(8, 65'536 / numColumns / 8 * 8);
        return productOnCpu(x, numRows, numColumns, [&](const kernels::Product& product, int64_t firstRow) {
            std::vector<float> row(static_cast<size_t>(std::min(step, product.numRows) * numColumns));
            for (int64_t begin = 0; begin < product.numRows; begin += step) {
                kernels::Product part = product;
                part.y += begin;
                part.numRows = std::min(step, product.numRows - begin);
                const int64_t first = (firstRow + begin) * numColumns;
                kernels::dequantizeNormalFloat(row.data(), matrix(), first,
                                               first + part.numRows * numColumns);
                (part.numTokens < kMany ? kernels::multiplyFloat32 : kernels::multiplyManyFloat32)(
                    part, x.const_data_ptr<float>(), row.data());
            }
        });
    }

    at::Tensor denseOnCpu(int64_t begin, int64_t end) const
    {
        const at::Tensor wide_OI = at::empty({end - begin, numColumns}, at::kFloat);
        parallelFor(wide_OI.numel(), /*grain_size=*/32'768, [&](int64_t first, int64_t last) {
            const int64_t before = begin * numColumns;
            kernels::dequantizeNormalFloat(wide_OI.data_ptr<float>() + first, matrix(), before + first,
                                           before + last);
        });
        return wide_OI.to(m_arithmetic);
    }

    at::Tensor denseOnGpu(int64_t begin, int64_t end) const
    {
#if FACET_CUDA
        const c10::cuda::CUDAGuard guard(m_arithmetic.device());
        const bool isFloat = m_arithmetic.dtype() == at::kFloat;
        const at::Tensor wide_OI =
            at::empty({end - begin, numColumns}, m_arithmetic.dtype(isFloat ? at::kFloat : at::kBFloat16));
        C10_CUDA_CHECK(kernels::dequantizeNormalFloatGpu(
            wide_OI.data_ptr(), matrix(), m_scaleLevel.const_data_ptr<float>(), begin * numColumns,
            end * numColumns, isFloat ? kernels::GpuType::Float : kernels::GpuType::BFloat16,
            c10::cuda::getCurrentCUDAStream()));
        return wide_OI.to(m_arithmetic);
#else
        TORCH_INTERNAL_ASSERT(false, "this build has no CUDA: rows ", begin, " to ", end);
#endif
    }

    at::Tensor m_values;
    at::Tensor m_scaleCode_B;
    at::Tensor m_groupScale_G;
    at::Tensor m_scaleLevel;  // on a GPU: of the scales, by code
    float m_offset = 0;
};

std::shared_ptr<const WeightMatrix::Storage> stored(const at::Tensor& source_OI, WeightFormat format,
                                                    at::TensorOptions arithmetic, bool useKernels)
{
    switch (format) {
        case WeightFormat::Float32:
        case WeightFormat::BFloat16: {
            const auto type = format == WeightFormat::Float32 ? at::kFloat : at::kBFloat16;
            if (arithmetic.dtype() == type && !useKernels)
                return std::make_shared<Plain>(format, source_OI, arithmetic);
            return std::make_shared<Floating>(format, source_OI, arithmetic, useKernels);
        }
        case WeightFormat::Int8:
        case WeightFormat::Int4:
            return std::make_shared<Quantized>(format, source_OI, arithmetic, useKernels);
        case WeightFormat::NormalFloat4:
            return std::make_shared<NormalFloat>(source_OI, arithmetic, useKernels);
    }
    TORCH_INTERNAL_ASSERT(false, "no such weight format");
}

}  // namespace

WeightMatrix::WeightMatrix(const at::Tensor& source_OI, WeightFormat format, at::TensorOptions arithmetic,
                           bool useKernels)
    : m_storage(stored(source_OI, format, arithmetic, useKernels && arithmetic.device().is_cpu()))
{
}

WeightMatrix WeightMatrix::sharing(const at::Tensor& weight_OI)
{
    WeightMatrix matrix;
    matrix.m_storage = std::make_shared<Plain>(weight_OI);
    return matrix;
}

at::Tensor WeightMatrix::trainedTensor() const
{
    const at::Tensor tensor = m_storage->tensor();
    return tensor.defined() && tensor.requires_grad() ? tensor : at::Tensor();
}

at::Tensor WeightMatrix::operator()(const at::Tensor& x, const at::Tensor& bias) const
{
    if (at::GradMode::is_enabled() && x.requires_grad() && !m_storage->tensor().defined()) {
        const at::Tensor y = frozenProduct(x, *this);
        return bias.defined() ? y + bias : y;
    }
    return m_storage->times(x, bias);
}

at::Tensor WeightMatrix::transposedTimes(const at::Tensor& y) const
{
    if (const at::Tensor weight_OI = m_storage->tensor(); weight_OI.defined())
        return y.matmul(weight_OI);
    constexpr int64_t kBlockBytes = 64'000'000;
    const int64_t step = std::max<int64_t>(1, kBlockBytes / (numColumns() * 4));
    at::Tensor x;
    for (int64_t begin = 0; begin < numRows(); begin += step) {
        const int64_t end = std::min(begin + step, numRows());
        const at::Tensor part = y.slice(-1, begin, end).matmul(dense(begin, end));
        x = x.defined() ? x + part : part;
    }
    return x;
}

at::Tensor WeightMatrix::rowsAt(const at::Tensor& index_T) const
{
    return m_storage->rowsAt(index_T);
}

at::Tensor WeightMatrix::dense(int64_t begin, int64_t end) const
{
    return m_storage->dense(begin, end);
}

std::pair<at::Tensor, at::Tensor> WeightMatrix::storedTensors() const
{
    return m_storage->storedTensors();
}

int64_t WeightMatrix::numRows() const
{
    return m_storage->numRows;
}

int64_t WeightMatrix::numColumns() const
{
    return m_storage->numColumns;
}

int64_t WeightMatrix::numBytes() const
{
    return m_storage->numBytes();
}

WeightFormat WeightMatrix::format() const
{
    return m_storage->format;
}

}  // namespace facet::engine::gemma3
