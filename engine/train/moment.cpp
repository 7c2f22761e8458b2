#include "engine/train/moment.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace facet::engine {
namespace {

constexpr int64_t kSmallest = 4096;  // numbers of a tensor that is worth it

int64_t numBlocks(int64_t count)
{
    return (count + Moment::kBlock - 1) / Moment::kBlock;
}

}  // namespace

// A number has a sign (if any), an exponent of base ten written as zeros before a one, and what bits are left
// as a fraction: small numbers have few of these, large ones many.
at::Tensor dynamicLevels(bool isSigned)
{
    constexpr int kExponents = 7;
    std::vector<double> levels = {0, 1};
    for (int exponent = 0; exponent < kExponents; ++exponent) {
        const int numFractions = 1 << (isSigned ? exponent : exponent + 1);
        for (int i = 0; i < numFractions; ++i) {
            const double fraction = 0.1 + 0.9 * (i + 0.5) / numFractions;
            const double level = std::pow(10.0, exponent - kExponents + 1) * fraction;
            levels.push_back(level);
            if (isSigned)
                levels.push_back(-level);
        }
    }
    std::ranges::sort(levels);
    return at::tensor(levels, at::kDouble).to(at::kFloat);
}

Moment::Moment(MomentFormat format, int64_t count, bool isSigned, at::Device device)
{
    const auto on = at::dtype(at::kFloat).device(device);
    if (format != MomentFormat::Int8 || count < kSmallest) {
        m_values =
            at::zeros({count}, on.dtype(format == MomentFormat::BFloat16 ? at::kBFloat16 : at::kFloat));
        return;
    }
    const at::Tensor level = dynamicLevels(isSigned);
    const auto zero = (level == 0).nonzero().item<int64_t>();
    m_level = level.to(device);
    m_values = at::full({count}, zero, on.dtype(at::kByte));
    m_scale = at::zeros({numBlocks(count)}, on);
}

at::Tensor Moment::loaded(int64_t begin, int64_t end) const
{
    const at::Tensor values = m_values.slice(0, begin, end);
    if (!m_scale.defined())
        return values.to(at::kFloat);
    const at::Tensor scale = m_scale.slice(0, begin / kBlock, numBlocks(end));
    const at::Tensor scales = scale.repeat_interleave(kBlock, 0, scale.size(0) * kBlock);
    return m_level.index_select(0, values.to(at::kInt)) * scales.slice(0, 0, end - begin);
}

void Moment::store(int64_t begin, const at::Tensor& values)
{
    const int64_t end = begin + values.numel();
    if (!m_scale.defined()) {
        m_values.slice(0, begin, end).copy_(values);
        return;
    }
    const int64_t blocks = numBlocks(end) - begin / kBlock;
    const at::Tensor padded = at::constant_pad_nd(values, {0, blocks * kBlock - values.numel()});
    const at::Tensor block_BK = padded.view({blocks, kBlock});
    const at::Tensor scale_B = block_BK.abs().amax(1);
    const at::Tensor unit_BK = block_BK / scale_B.clamp_min(1e-38).unsqueeze(1);
    const at::Tensor between = (m_level.slice(0, 1) + m_level.slice(0, 0, m_level.size(0) - 1)) / 2;
    const at::Tensor nearest = at::bucketize(unit_BK, between, /*out_int32=*/true);
    m_values.slice(0, begin, end).copy_(nearest.flatten().slice(0, 0, values.numel()));
    m_scale.slice(0, begin / kBlock, numBlocks(end)).copy_(scale_B);
}

void Moment::addTo(std::map<std::string, at::Tensor>& state, const std::string& name) const
{
    state[name] = m_values;
    if (m_scale.defined())
        state[name + ".scale"] = m_scale;
}

}  // namespace facet::engine
