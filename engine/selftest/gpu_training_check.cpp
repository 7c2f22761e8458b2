#include "engine/selftest/gpu_selftest.h"

#include "engine/gemma3/attention.h"
#include "engine/train/adamw.h"
#include "engine/train/fused_operations.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace facet::engine::selftest {
namespace {

using gemma3::Operations;
using gemma3::Segment;

double relativeError(const at::Tensor& result, const at::Tensor& truth)
{
    const at::Tensor a = result.to(at::kDouble), b = truth.to(at::kDouble);
    return ((a - b).square().sum() / b.square().sum()).sqrt().item<double>();
}

class Gradients {
public:
    Gradients(at::Device device, at::ScalarType type, const OnCheck& onCheck)
        : m_options(at::dtype(type).device(device)), m_onCheck(onCheck)
    {
    }

    void operations()
    {
        const int64_t numRows = 700, width = 1152;
        const Operations fused = kFusedOperations, plain = gemma3::kPlainOperations;
        const auto ofBoth = [&](const std::string& name, const std::vector<at::Tensor>& in,
                                const auto& call) {
            compare(
                name, in, [&](const auto& x) { return call(fused, x); },
                [&](const auto& x) { return call(plain, x); });
        };
        const at::Tensor x = random({numRows, width}), update = random({numRows, width}),
                         weight = random({width});
        ofBoth("norm", {x, weight},
               [](const Operations& ops, const auto& in) { return ops.norm(in[0], in[1], 1e-6); });
        ofBoth("addNorm", {x, update, weight},
               [](const Operations& ops, const auto& in) { return ops.addNorm(in[0], in[1], in[2], 1e-6); });
        ofBoth("gatedGelu", {x, update},
               [](const Operations& ops, const auto& in) { return ops.gatedGelu(in[0], in[1]); });
        for (const int64_t H : {int64_t{64}, int64_t{128}, int64_t{256}}) {
            const gemma3::Rotation rotation =
                gemma3::rotationAt(at::arange(1000, 1090, m_options.dtype(at::kLong)), {10'000, 1}, H);
            ofBoth("normRotate, heads of " + std::to_string(H), {random({90, 6, H}), random({H})},
                   [&](const Operations& ops, const auto& in) {
                       return ops.normRotate(in[0], in[1], 1e-6, rotation);
                   });
        }
    }

    void crossEntropy()
    {
        const int64_t T = 37, V = 5008;
        const at::Tensor score_TV = random({T, V}) * 4;
        const at::Tensor target_T = at::randint(0, V, {T}, m_options.dtype(at::kLong));
        const at::Tensor wide_TV = score_TV.to(at::kFloat).requires_grad_();
        const at::Tensor truth_T = -wide_TV.log_softmax(1).gather(1, target_T.unsqueeze(1)).squeeze(1);
        truth_T.sum().backward();
        const at::Tensor loss_T = crossEntropyInPlace(score_TV, target_T, /*isGradientWanted=*/true);
        report("crossEntropyGpu", loss_T, truth_T, 1e-5);
        report("crossEntropyGpu's gradient", score_TV, wide_TV.grad(), limit());
    }

    /// Against one segment after the other in float.
    void attention()
    {
        const std::vector<Segment> documents = {
            {nullptr, 300, false, 0}, {nullptr, 1, false, 0}, {nullptr, 129, false, 0}};
        const std::vector<Segment> pictures = {{nullptr, 50, false, 0},   {nullptr, 64, true, 50},
                                               {nullptr, 30, false, 114}, {nullptr, 90, false, 0},
                                               {nullptr, 96, true, 90},   {nullptr, 100, false, 186}};
        const std::vector<Segment> album = {// begins with one, has two that touch, and ends with one
                                            {nullptr, 64, true, 0},   {nullptr, 70, false, 64},
                                            {nullptr, 48, true, 134}, {nullptr, 48, true, 182},
                                            {nullptr, 1, false, 230}, {nullptr, 99, false, 0},
                                            {nullptr, 100, true, 99}};
        for (const auto& [name, segments] :
             {std::pair{"documents", documents}, std::pair{"documents with pictures", pictures},
              std::pair{"albums", album}})
            for (const int64_t window : {int64_t{0}, int64_t{40}})
                for (const auto& [N, K, H] : {std::array{4, 1, 256}, std::array{8, 4, 128}})
                    compare(
                        "attention of " + std::string(name) + ", window " + std::to_string(window) +
                            ", heads of " + std::to_string(H),
                        {random({430, N, H}), random({430, K, H}), random({430, K, H})},
                        [&](const auto& in) {
                            return kFusedOperations.attendPack(in[0], in[1], in[2], segments, window, 0.0625);
                        },
                        [&](const auto& in) {
                            return gemma3::attendSegments(in[0], in[1], in[2], segments, window, 0.0625,
                                                          gemma3::kPlainOperations, /*layer=*/0);
                        });
    }

private:
    at::Tensor random(at::IntArrayRef shape) const { return at::randn(shape, m_options); }

    double limit() const { return m_options.dtype() == at::kFloat ? 1e-5 : 0.008; }

    /// Results and the gradients of all inputs, of `fused` in this type and of `plain` in float.
    template <typename Fused, typename Plain>
    void compare(const std::string& name, const std::vector<at::Tensor>& inputs, const Fused& fused,
                 const Plain& plain) const
    {
        std::vector<at::Tensor> own, wide;
        for (const at::Tensor& input : inputs) {
            own.push_back(input.detach().clone().requires_grad_());
            wide.push_back(input.detach().to(at::kFloat, false, /*copy=*/true).requires_grad_());
        }
        const at::Tensor y = fused(own), truth = plain(wide), gradient = random(truth.sizes());
        y.backward(gradient);
        truth.backward(gradient.to(at::kFloat));
        report(name, y, truth, limit());
        for (size_t i = 0; i < own.size(); ++i)
            report(name + ": gradient of input " + std::to_string(i), own[i].grad(), wide[i].grad(), limit());
    }

    void report(const std::string& name, const at::Tensor& result, const at::Tensor& truth, double most) const
    {
        m_onCheck({"training: " + name + (m_options.dtype() == at::kFloat ? ", float" : ", bfloat16"),
                   relativeError(result.detach(), truth.detach()), most});
    }

    at::TensorOptions m_options;
    const OnCheck& m_onCheck;
};

/// Three steps of AdamW beside the same on the CPU, which is LibTorch's.
void checkAdamW(at::Device device, const OnCheck& onCheck)
{
    for (const auto& [format, name] :
         {std::pair{MomentFormat::Float32, "float"}, std::pair{MomentFormat::BFloat16, "bfloat16"},
          std::pair{MomentFormat::Int8, "int8"}})
        for (const bool hasMasters : {true, false}) {
            const at::Tensor start = at::randn({100, 111}).to(at::kBFloat16);  // no whole number of blocks
            const at::Tensor onGpu = start.to(device), onCpu = start.clone();
            const AdamWSettings settings = {.moments = format, .hasMasters = hasMasters};
            AdamW ours({{"weight", onGpu}}, settings), truth({{"weight", onCpu}}, settings);
            for (int step = 0; step < 3; ++step) {
                const at::Tensor gradient = at::randn({100, 111}).to(at::kBFloat16);
                onGpu.mutable_grad() = gradient.to(device);
                onCpu.mutable_grad() = gradient.clone();
                for (AdamW* optimizer : {&ours, &truth}) {
                    optimizer->accumulate();
                    optimizer->step(0.01);
                }
            }
            const std::string title = std::string("training: adamWGpu, moments in ") + name +
                                      (hasMasters ? ", with masters" : ", without masters");
            const at::Tensor change = truth.state().at("master.weight").to(at::kFloat) - start.to(at::kFloat);
            const at::Tensor ownChange =
                ours.state().at("master.weight").cpu().to(at::kFloat) - start.to(at::kFloat);
            // A moment between two levels may fall to either side.
            onCheck({title, relativeError(ownChange, change),
                     format == MomentFormat::Float32 && hasMasters ? 1e-4 : 0.01});
        }
}

}  // namespace

void checkGpuTraining(at::Device device, const OnCheck& onCheck)
{
    const at::AutoGradMode withGradients(true);
    at::manual_seed(2);
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        Gradients gradients(device, type, onCheck);
        gradients.operations();
        gradients.crossEntropy();
        gradients.attention();
    }
    checkAdamW(device, onCheck);
}

}  // namespace facet::engine::selftest
