#include "engine/machine_limits.h"

#include "engine/parallel_for.h"
#include "kernels/read_memory.h"
#include "kernels/weight_product.h"

#include <ATen/Parallel.h>

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

/// Of our kernel in float: each thread multiplies 128 rows of its own, which stay in its cache.
double ownMultiplyingRate()
{
    constexpr int64_t kTokens = 126, kRows = 128, kWidth = 1024, kTimes = 16;
    const int64_t numThreads = at::get_num_threads();
    const at::Tensor x = at::randn({kTokens, kWidth}), y = at::empty({numThreads, kTokens, kRows});
    const at::Tensor w = at::randn({numThreads, kRows, kWidth}).to(at::kBFloat16);
    const auto* weights = static_cast<const uint16_t*>(w.const_data_ptr());
    const double seconds = fewestSeconds(at::kCPU, [&] {
        parallelFor(numThreads, 1, [&](int64_t begin, int64_t end) {
            for (int64_t thread = begin; thread < end; ++thread)
                for (int64_t time = 0; time < kTimes; ++time) {
                    kernels::Product product;
                    product.y = y.data_ptr<float>() + thread * kTokens * kRows;
                    product.yStride = product.numRows = kRows;
                    product.numTokens = kTokens;
                    product.width = kWidth;
                    kernels::multiplyManyBFloat16(product, x.const_data_ptr<float>(),
                                                  weights + thread * kRows * kWidth);
                }
        });
    });
    return 2.0 * double(numThreads * kTimes * kTokens * kRows * kWidth) / seconds;
}

double multiplyingRate(at::Device device, at::ScalarType type)
{
    const int64_t size = device.is_cpu() ? 1024 : 8192;
    const at::Tensor a = at::randn({size, size}, at::dtype(type).device(device)), b = at::randn_like(a);
    const double flops = 2.0 * double(size) * double(size) * double(size);
    const double byLibTorch = flops / fewestSeconds(device, [&] { a.matmul(b); });
    return device.is_cpu() ? std::max(byLibTorch, ownMultiplyingRate()) : byLibTorch;
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
