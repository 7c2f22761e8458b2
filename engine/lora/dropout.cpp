#include "engine/lora/dropout.h"

#include "engine/parallel_for.h"
#include "kernels/dropout.h"

#include <torch/csrc/autograd/custom_function.h>

#if FACET_CUDA
#include "kernels/dropout_gpu.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace facet::engine {
namespace {

struct Draws : torch::CustomClassHolder {
    Draws(double share, std::vector<RowSeeds::Rows> rows_, uint64_t stream)
        : rows(std::move(rows_)), how(share, stream)
    {
    }
    std::vector<RowSeeds::Rows> rows;
    kernels::Dropout how;
};

at::Tensor droppedOnCpu(const at::Tensor& x, const Draws& draws)
{
    const at::Tensor in = x.to(at::kFloat).contiguous(), y = at::empty_like(in);
    const int64_t width = x.size(0) == 0 ? 0 : x.numel() / x.size(0);
    int64_t before = 0;
    for (const RowSeeds::Rows& sample : draws.rows) {
        parallelFor(sample.count * width, /*grain_size=*/16'384, [&](int64_t begin, int64_t end) {
            kernels::dropout(y.data_ptr<float>() + before + begin,
                             in.const_data_ptr<float>() + before + begin, begin, end - begin, sample.seed,
                             draws.how);
        });
        before += sample.count * width;
    }
    return y.to(x.scalar_type());
}

at::Tensor droppedOnGpu(const at::Tensor& x, const Draws& draws)
{
#if FACET_CUDA
    const c10::cuda::CUDAGuard guard(x.device());
    const at::Tensor in = x.contiguous(), y = at::empty_like(in);
    std::vector<kernels::SampleRows> samples;
    for (const RowSeeds::Rows& sample : draws.rows)
        samples.push_back({sample.count, sample.seed});
    const bool isFloat = x.scalar_type() == at::kFloat;
    TORCH_CHECK(isFloat || x.scalar_type() == at::kBFloat16, "dropout takes float and bfloat16");
    C10_CUDA_CHECK(kernels::dropoutGpu(
        y.data_ptr(), in.const_data_ptr(), samples.data(), static_cast<int64_t>(samples.size()),
        x.size(0) == 0 ? 0 : x.numel() / x.size(0), draws.how,
        isFloat ? kernels::GpuType::Float : kernels::GpuType::BFloat16, c10::cuda::getCurrentCUDAStream()));
    return y;
#else
    TORCH_CHECK(false, "this build has no CUDA: ", x.device(), ", ", draws.rows.size(), " samples");
#endif
}

at::Tensor dropped(const at::Tensor& x, const Draws& draws)
{
    return x.device().is_cpu() ? droppedOnCpu(x, draws) : droppedOnGpu(x, draws);
}

/// Linear in x, so its gradient is the same function of y's.
struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const c10::intrusive_ptr<Draws>& draws)
    {
        context->saved_data["draws"] = c10::IValue::make_capsule(draws);
        return dropped(x, *draws);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradient)
    {
        const auto draws =
            c10::static_intrusive_pointer_cast<Draws>(context->saved_data["draws"].toCapsule());
        return {dropped(gradient[0], *draws), {}};
    }
};

}  // namespace

at::Tensor dropout(const at::Tensor& x, double share, const std::vector<RowSeeds::Rows>& rows,
                   uint64_t stream)
{
    int64_t numRows = 0;
    for (const RowSeeds::Rows& sample : rows)
        numRows += sample.count;
    TORCH_CHECK(numRows == x.size(0), "dropout has seeds for ", numRows, " rows of ", x.size(0));
    return DropoutFunction::apply(x, c10::make_intrusive<Draws>(share, rows, stream));
}

}  // namespace facet::engine
