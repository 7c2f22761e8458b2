#include "engine/machine_limits.h"

#include "engine/parallel_for.h"
#include "kernels/read_memory.h"

#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <atomic>
#include <chrono>

namespace facet::engine {
namespace {

constexpr int kRuns = 8;

/// The fewest seconds that `work` took.
template <typename Body>
double fewestSeconds(at::Device device, const Body& work)
{
    double fewest = 1e9;
    for (int run = 0; run < kRuns; ++run) {
        const auto start = std::chrono::steady_clock::now();
        work();
        if (device.is_cuda())
            at::detail::getCUDAHooks().deviceSynchronize(device.index());
        fewest =
            std::min(fewest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return fewest;
}

double readingRate(at::Device device)
{
    constexpr int64_t kBytes = int64_t{1} << 30;
    const at::Tensor words = at::zeros({kBytes / 8}, at::dtype(at::kLong).device(device));
    std::atomic<uint64_t> total = 0;
    const auto read = [&] {
        if (!device.is_cpu()) {
            words.sum();
            return;
        }
        const auto* data = reinterpret_cast<const uint64_t*>(words.const_data_ptr<int64_t>());
        parallelFor(words.numel() / 64, /*grain_size=*/1 << 14, [&](int64_t begin, int64_t end) {
            total += kernels::readMemory(data + 64 * begin, 64 * (end - begin));
        });
    };
    return kBytes / fewestSeconds(device, read);
}

double multiplyingRate(at::Device device, at::ScalarType type)
{
    const int64_t size = device.is_cpu() ? 1024 : 8192;
    const at::Tensor a = at::randn({size, size}, at::dtype(type).device(device)), b = at::randn_like(a);
    const double flops = 2.0 * double(size) * double(size) * double(size);
    return flops / fewestSeconds(device, [&] { a.matmul(b); });
}

Work workOf(const gemma3::Linear& linear)
{
    return {double(linear.weight.numBytes()),
            2.0 * double(linear.weight.numRows() * linear.weight.numColumns())};
}

}  // namespace

MachineLimits measureLimits(at::Device device, at::ScalarType type)
{
    const c10::InferenceMode noGradients;
    return {readingRate(device), multiplyingRate(device, type)};
}

Work workOfPrompt(const gemma3::Model& model)
{
    Work work;
    for (const gemma3::LayerWeights& layer : model.weights.layers)
        for (const gemma3::Linear* linear : {&layer.attn.q, &layer.attn.k, &layer.attn.v, &layer.attn.out,
                                             &layer.ffnGate, &layer.ffnUp, &layer.ffnDown}) {
            work.bytes += workOf(*linear).bytes;
            work.flops += workOf(*linear).flops;
        }
    return work;
}

Work workOfToken(const gemma3::Model& model)
{
    Work work = workOfPrompt(model);
    const Work head = workOf(model.weights.head);
    return {work.bytes + head.bytes, work.flops + head.flops};
}

}  // namespace facet::engine
