#include "engine/gemma3/weight_matrix.h"

#include "kernels/quantize.h"

#include <ATen/Parallel.h>

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

    virtual at::Tensor times(const at::Tensor& x) const = 0;
    virtual at::Tensor rowsAt(const at::Tensor& index_T) const = 0;
    virtual at::Tensor dense(int64_t begin, int64_t end) const = 0;
    virtual int64_t numBytes() const = 0;

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

    at::Tensor times(const at::Tensor& x) const override { return at::linear(x, m_weight_OI); }
    at::Tensor rowsAt(const at::Tensor& index_T) const override
    {
        return at::embedding(m_weight_OI, index_T);
    }
    at::Tensor dense(int64_t begin, int64_t end) const override { return m_weight_OI.slice(0, begin, end); }
    int64_t numBytes() const override { return static_cast<int64_t>(m_weight_OI.nbytes()); }

private:
    at::Tensor m_weight_OI;
};

/// In a smaller type than the arithmetic's: widened block by block of rows for each product.
class Widened : public WeightMatrix::Storage {
public:
    Widened(WeightFormat format_, const at::Tensor& source_OI, at::TensorOptions arithmetic)
        : Storage(format_, source_OI), m_arithmetic(arithmetic)
    {
    }

    at::Tensor times(const at::Tensor& x) const override
    {
        constexpr int64_t kBlockBytes = 64'000'000;
        const int64_t step = std::max<int64_t>(1, kBlockBytes / (numColumns * 4));
        std::vector<at::Tensor> parts;
        for (int64_t begin = 0; begin < numRows; begin += step)
            parts.push_back(at::linear(x, dense(begin, std::min(begin + step, numRows))));
        return parts.size() == 1 ? parts.front() : at::cat(parts, -1);
    }

protected:
    at::TensorOptions m_arithmetic;
};

class BFloat16 final : public Widened {
public:
    BFloat16(const at::Tensor& source_OI, at::TensorOptions arithmetic)
        : Widened(WeightFormat::BFloat16, source_OI, arithmetic),
          m_weight_OI(source_OI.to(arithmetic.dtype(at::kBFloat16), /*non_blocking=*/false, /*copy=*/true))
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

private:
    at::Tensor m_weight_OI;
};

/// Int8 or Int4 in the layout of kernels/quantize.h.
class Quantized final : public Widened {
public:
    Quantized(WeightFormat format_, const at::Tensor& source_OI, at::TensorOptions arithmetic)
        : Widened(format_, source_OI, arithmetic), m_isInt8(format_ == WeightFormat::Int8)
    {
        const int64_t filled = kernels::filledWidth(numColumns);
        m_value_OX = at::empty({numRows, m_isInt8 ? filled : filled / 2}, m_isInt8 ? at::kChar : at::kByte);
        m_scale_OG = at::empty({numRows, filled / kernels::kGroup}, at::kBFloat16);
        auto* values = static_cast<std::byte*>(m_value_OX.data_ptr());
        auto* scales = static_cast<uint16_t*>(m_scale_OG.data_ptr());
        at::parallel_for(0, numRows, /*grain_size=*/16, [&](int64_t begin, int64_t end) {
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

private:
    at::Tensor widened(const at::Tensor& value_OX, const at::Tensor& scale_OG) const
    {
        const int64_t O = value_OX.size(0), G = scale_OG.size(1);
        at::Tensor q_OG32;
        if (m_isInt8) {
            q_OG32 = value_OX.view({O, G, kernels::kGroup}).to(m_arithmetic);
        } else {
            const at::Tensor block = value_OX.view({O, G / 2, 1, kernels::kGroup});
            q_OG32 = at::cat({block.bitwise_and(15), block.__rshift__(4)}, 2).view({O, G, kernels::kGroup});
            q_OG32 = q_OG32.to(m_arithmetic) - 8;
        }
        return (q_OG32 * scale_OG.unsqueeze(-1).to(m_arithmetic)).view({O, -1}).slice(1, 0, numColumns);
    }

    bool m_isInt8;
    at::Tensor m_value_OX;
    at::Tensor m_scale_OG;
};

std::shared_ptr<const WeightMatrix::Storage> stored(const at::Tensor& source_OI, WeightFormat format,
                                                    at::TensorOptions arithmetic)
{
    switch (format) {
        case WeightFormat::Float32:
            return std::make_shared<Plain>(format, source_OI, arithmetic);
        case WeightFormat::BFloat16:
            if (arithmetic.dtype() == at::kBFloat16)
                return std::make_shared<Plain>(format, source_OI, arithmetic);
            return std::make_shared<BFloat16>(source_OI, arithmetic);
        case WeightFormat::Int8:
        case WeightFormat::Int4:
            return std::make_shared<Quantized>(format, source_OI, arithmetic);
    }
    TORCH_INTERNAL_ASSERT(false, "no such weight format");
}

}  // namespace

WeightMatrix::WeightMatrix(const at::Tensor& source_OI, WeightFormat format, at::TensorOptions arithmetic)
    : m_storage(stored(source_OI, format, arithmetic))
{
}

at::Tensor WeightMatrix::operator()(const at::Tensor& x) const
{
    return m_storage->times(x);
}

at::Tensor WeightMatrix::rowsAt(const at::Tensor& index_T) const
{
    return m_storage->rowsAt(index_T);
}

at::Tensor WeightMatrix::dense(int64_t begin, int64_t end) const
{
    return m_storage->dense(begin, end);
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
