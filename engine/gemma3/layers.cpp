#include "engine/gemma3/layers.h"

namespace facet::engine::gemma3 {

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    const at::Tensor x32 = x.to(at::kFloat);
    const at::Tensor unit = x32 * at::rsqrt(x32.square().mean(-1, /*keepdim=*/true) + eps);
    return (unit * (1 + weight.to(at::kFloat))).to(x.scalar_type());
}

Rotation rotationAt(const at::Tensor& position_T, const core::gemma3::Rope& rope, int64_t headDim)
{
    const auto float32 = at::dtype(at::kFloat).device(position_T.device());
    const at::Tensor exponent_h = at::arange(0, headDim, 2, float32) / headDim;
    const at::Tensor frequency_h = at::reciprocal(at::pow(rope.theta, exponent_h)) / rope.factor;
    const at::Tensor angle_Th = at::outer(position_T.to(at::kFloat), frequency_h);
    return {angle_Th.cos(), angle_Th.sin()};
}

at::Tensor rotate(const at::Tensor& x_TNH, const Rotation& rotation)
{
    const auto halves = x_TNH.to(at::kFloat).chunk(2, -1);
    const at::Tensor cos_T1h = rotation.cos_Th.unsqueeze(1), sin_T1h = rotation.sin_Th.unsqueeze(1);
    return at::cat({halves[0] * cos_T1h - halves[1] * sin_T1h, halves[1] * cos_T1h + halves[0] * sin_T1h}, -1)
        .to(x_TNH.scalar_type());
}

}  // namespace facet::engine::gemma3
