#include "engine/selftest/gpu_selftest.h"

#include "engine/gemma3/attention.h"
#include "engine/gemma3/operations.h"
#include "engine/gemma3/weight_matrix.h"
#include "engine/lora/dropout.h"

#include <ATen/Context.h>

#if FACET_CUDA
#include "kernels/decode_attention.h"
#include "kernels/decode_product.h"

#include <ATen/cuda/CUDAContextLight.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace facet::engine::selftest {

#if FACET_CUDA

namespace {

using core::gemma3::WeightFormat;
using gemma3::kPlainOperations;
using gemma3::WeightMatrix;
using kernels::Bf16;

constexpr double kOfBfloat16 = 0.004;  // results are rounded to 8 bits
constexpr double kOfFloat = 1e-5;

double relativeError(const at::Tensor& result, const at::Tensor& truth)
{
    const at::Tensor a = result.to(at::kDouble), b = truth.to(at::kDouble);
    return ((a - b).square().sum() / b.square().sum()).sqrt().item<double>();
}

Bf16* bf16(const at::Tensor& tensor)
{
    return static_cast<Bf16*>(tensor.data_ptr());
}

class Kernels {
public:
    Kernels(at::Device device, const OnCheck& onCheck)
        : m_bf16(at::dtype(at::kBFloat16).device(device)), m_onCheck(onCheck)
    {
        m_numProcessors = at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
    }

    void products()
    {
        for (const auto& [format, name] :
             {std::pair{WeightFormat::BFloat16, "bfloat16"}, std::pair{WeightFormat::Int8, "int8"},
              std::pair{WeightFormat::Int4, "int4"}})
            for (const int B : {1, 2, 5, 8}) {
                const std::string title = std::string(name) + ", " + std::to_string(B) + " tokens";
                down(title, format, B, 1152, 6912);
                down(title, format, B, 192, 192);
                normed(title, format, B, 1152, 6912);
                normed(title, format, B, 5376, 768);
                embedding(title, format, B);
            }
    }

    void attention()
    {
        for (const auto& [N, K, H] : {std::array{4, 1, 256}, std::array{8, 4, 256}, std::array{32, 16, 128},
                                      std::array{4, 2, 64}, std::array{8, 1, 64}, std::array{3, 3, 128}})
            for (const int B : {1, 3, 8})
                attendTokens(N, K, H, B);
    }

    /// With the bits of the CPU, whose own are those of bitsandbytes.
    void normalFloats()
    {
        for (const auto& [rows, width] : {std::pair{300, 2560}, std::pair{37, 100}, std::pair{9, 7}})
            for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
                const at::Tensor source = 0.02 * random({rows, width}).cpu();
                const auto made = [&](at::Device device) {
                    return WeightMatrix(source, WeightFormat::NormalFloat4, at::dtype(type).device(device),
                                        /*useKernels=*/true);
                };
                const WeightMatrix matrix = made(m_bf16.device()), onCpu = made(at::kCPU);
                const std::string title = "nf4 " + std::to_string(rows) + " x " + std::to_string(width) +
                                          (type == at::kFloat ? ", float" : ", bfloat16");
                report(title, matrix.dense(0, rows).cpu(), onCpu.dense(0, rows), 0);
                report(title + ", some rows", matrix.dense(3, 8).cpu(), onCpu.dense(3, 8), 0);
                const at::Tensor x = at::randn({5, width}, m_bf16.dtype(type));
                report(title + ", product", matrix(x),
                       at::linear(x.to(at::kDouble), matrix.dense(0, rows).to(at::kDouble)),
                       type == at::kFloat ? 1e-3 : kOfBfloat16);  // float products may be TF32's
            }
    }

    /// The draws are the CPU's own.
    void dropout()
    {
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
            for (const int64_t width : {64, 7}) {
                std::vector<RowSeeds::Rows> rows = {{60, 5}, {1, 9}, {0, 3}};
                for (uint64_t seed = 100; seed < 170; ++seed)
                    rows.push_back({3, seed});
                const at::Tensor x = at::randn({61 + 210, width}, m_bf16.dtype(type));
                report("dropout, rows of " + std::to_string(width) +
                           (type == at::kFloat ? ", float" : ", bfloat16"),
                       engine::dropout(x, 0.3, rows, 77).cpu(), engine::dropout(x.cpu(), 0.3, rows, 77), 0);
            }
    }

    void textLayer()
    {
        const gemma3::Operations ours = gemma3::gpuOperations();
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            const double limit = type == at::kFloat ? kOfFloat : kOfBfloat16;
            const std::string suffix = type == at::kFloat ? ", float" : ", bfloat16";
            const auto random = [&](at::IntArrayRef shape) { return at::randn(shape, m_bf16.dtype(type)); };
            const auto wide = [](const at::Tensor& x) { return x.to(at::kFloat); };
            const at::Tensor x = random({77, 1152}), update = random({77, 1152}), weight = random({1152});
            report("rmsNormGpu" + suffix, ours.norm(x, weight, 1e-6),
                   kPlainOperations.norm(wide(x), wide(weight), 1e-6), limit);
            report("addRmsNormGpu" + suffix, ours.addNorm(x, update, weight, 1e-6),
                   kPlainOperations.addNorm(wide(x), wide(update), wide(weight), 1e-6), limit);
            report("gatedGeluGpu" + suffix, ours.gatedGelu(x, update),
                   kPlainOperations.gatedGelu(wide(x), wide(update)), limit);
            const gemma3::Rotation rotation =
                gemma3::rotationAt(at::arange(1000, 1019, m_bf16.dtype(at::kLong)), {10'000, 1}, 128);
            const at::Tensor q = random({19, 6, 128}), norm = random({128});
            report("rmsNormRotateGpu" + suffix, ours.normRotate(q, norm, 1e-6, rotation),
                   kPlainOperations.normRotate(wide(q), wide(norm), 1e-6, rotation), limit);
            // Attention of prompts is LibTorch's; what is ours is how segments are told to it.
            for (const int64_t window : {int64_t{0}, int64_t{40}, int64_t{600}})
                for (const bool isImage : {false, true}) {
                    const at::Tensor q_TNH = random({100, 8, 256}), k_KSH = random({4, 250, 256}),
                                     v_KSH = random({4, 250, 256});
                    report("prompt's attention, window " + std::to_string(window) +
                               (isImage ? ", picture" : "") + suffix,
                           ours.attend(q_TNH, k_KSH, v_KSH, window, isImage, 0.0625),
                           kPlainOperations.attend(wide(q_TNH), wide(k_KSH), wide(v_KSH), window, isImage,
                                                   0.0625),
                           limit * 2);
                }
        }
    }

private:
    at::Tensor random(at::IntArrayRef shape) const { return at::randn(shape, m_bf16); }

    WeightMatrix matrix(int64_t rows, int64_t width, WeightFormat format) const
    {
        return {random({rows, width}).cpu(), format, m_bf16, /*useKernels=*/true};
    }

    static kernels::GpuMatrix raw(const WeightMatrix& matrix)
    {
        const auto [values, scales] = matrix.storedTensors();
        return {values.const_data_ptr(), scales.defined() ? bf16(scales) : nullptr, matrix.numRows(),
                matrix.numColumns(),
                matrix.format() == WeightFormat::Int8   ? kernels::GpuFormat::Int8
                : matrix.format() == WeightFormat::Int4 ? kernels::GpuFormat::Int4
                                                        : kernels::GpuFormat::BFloat16};
    }

    /// The weights as they are stored, exactly: their widening is rounded to bfloat16 elsewhere.
    static at::Tensor exact(const WeightMatrix& matrix)
    {
        const WeightMatrix onCpu = matrix;
        return onCpu.dense(0, matrix.numRows()).to(at::kFloat);
    }

    void down(const std::string& title, WeightFormat format, int B, int64_t rows, int64_t width)
    {
        const WeightMatrix w = matrix(rows, width, format);
        const at::Tensor x = random({B, width});
        const int numPartials = kernels::numPartialsOf(rows, width, m_numProcessors);
        const at::Tensor parts = at::empty({numPartials, B, rows}, m_bf16.dtype(at::kFloat));
        C10_CUDA_CHECK(
            kernels::projectDown(parts.data_ptr<float>(), numPartials, bf16(x), raw(w), B, stream()));
        report("projectDown " + std::to_string(rows) + " x " + std::to_string(width) + ", " + title,
               parts.sum(0), at::linear(x.to(at::kFloat), exact(w)), limitOf(format));
    }

    void normed(const std::string& title, WeightFormat format, int B, int64_t D, int64_t F)
    {
        const at::Tensor x = random({B, D}), update = at::randn({3, B, D}, m_bf16.dtype(at::kFloat)),
                         postNorm = random({D}), norm = random({D}), sum = at::empty_like(x),
                         normed = at::empty_like(x);
        kernels::Residual residual{bf16(x),
                                   update.const_data_ptr<float>(),
                                   3,
                                   bf16(postNorm),
                                   bf16(sum),
                                   bf16(norm),
                                   bf16(normed),
                                   1e-6F,
                                   D};
        const auto wide = [](const at::Tensor& value) { return value.to(at::kFloat); };
        const at::Tensor sumTruth = kPlainOperations.addNorm(
            wide(x), update.sum(0).to(at::kBFloat16).to(at::kFloat), wide(postNorm), 1e-6);
        const std::string where = " of " + std::to_string(D) + ", " + title;
        const auto input = [&] {
            return kPlainOperations.norm(wide(sum), wide(norm), 1e-6).to(at::kBFloat16).to(at::kFloat);
        };

        const WeightMatrix q = matrix(512, D, format), k = matrix(256, D, format), v = matrix(256, D, format);
        const at::Tensor qkv = at::empty({B, 1024}, m_bf16);
        C10_CUDA_CHECK(kernels::projectQkv(bf16(qkv), residual, raw(q), raw(k), raw(v), B, stream()));
        report("residual" + where, sum, sumTruth, kOfBfloat16);
        report("projectQkv" + where, qkv, at::linear(input(), at::cat({exact(q), exact(k), exact(v)})),
               kOfBfloat16 + limitOf(format));

        const WeightMatrix gate = matrix(F, D, format), up = matrix(F, D, format);
        const at::Tensor gated = at::empty({B, F}, m_bf16);
        C10_CUDA_CHECK(kernels::projectGateUp(bf16(gated), residual, raw(gate), raw(up), B, stream()));
        report("projectGateUp" + where, gated,
               kPlainOperations.gatedGelu(at::linear(input(), exact(gate)), at::linear(input(), exact(up))),
               2 * kOfBfloat16 + limitOf(format));

        const WeightMatrix head = matrix(4112, D, format);
        const at::Tensor logits = at::empty({B, 4112}, m_bf16.dtype(at::kFloat));
        C10_CUDA_CHECK(kernels::projectHead(logits.data_ptr<float>(), residual, raw(head), B, stream()));
        report("projectHead" + where, logits, at::linear(input(), exact(head)), 1e-3 + limitOf(format));
    }

    void embedding(const std::string& title, WeightFormat format, int B)
    {
        const WeightMatrix table = matrix(512, 1152, format);
        const at::Tensor ids = at::randint(0, 512, {B}, m_bf16.dtype(at::kLong)),
                         x = at::empty({B, 1152}, m_bf16);
        C10_CUDA_CHECK(
            kernels::embedTokens(bf16(x), ids.const_data_ptr<int64_t>(), raw(table), 34, B, stream()));
        report("embedTokens, " + title, x, table.rowsAt(ids) * 34, 1e-9);
    }

    void attendTokens(int N, int K, int H, int B)
    {
        const at::Tensor qkv = random({B, (N + 2 * K) * H}), qNorm = random({H}), kNorm = random({H}),
                         y = at::empty({B, N * H}, m_bf16);
        const core::gemma3::Rope rope = {10'000, 8};
        const at::Tensor frequency =
            at::reciprocal(at::pow(rope.theta, at::arange(0, H, 2, m_bf16.dtype(at::kFloat)) / H)) /
            rope.factor;
        const at::Tensor scratch =
            at::empty({kernels::decodeAttentionScratch(N, H, B)}, m_bf16.dtype(at::kFloat));
        const at::Tensor counters = at::zeros({B * K}, m_bf16.dtype(at::kInt));
        const at::Tensor host = at::empty({B * int64_t{sizeof(kernels::CacheView)}}, at::kByte);
        auto* views = static_cast<kernels::CacheView*>(host.data_ptr());
        std::vector<at::Tensor> keys, values, truth;
        for (int i = 0; i < B; ++i) {
            const int numKeys = std::array{1, 7, 65, 700, 5000, 64, 128, 129}[static_cast<size_t>(i)];
            const int room = numKeys + 3, window = i % 2 == 0 ? 0 : 60;
            keys.push_back(random({K, room, H}));
            values.push_back(random({K, room, H}));
            const int firstKey = window > 0 ? std::max(0, numKeys - window) : 0;
            views[i] = {bf16(keys.back()), bf16(values.back()), room, numKeys, firstKey, numKeys + 11};

            const at::Tensor row = qkv[i].to(at::kFloat);
            const gemma3::Rotation rotation =
                gemma3::rotationAt(at::full({1}, numKeys + 11, m_bf16.dtype(at::kLong)), rope, H);
            const auto heads = [&](int first, int count) {
                return row.narrow(0, first * H, count * H).view({1, count, H});
            };
            const at::Tensor q = kPlainOperations.normRotate(heads(0, N), qNorm.to(at::kFloat), 1e-6,
                                                             rotation),
                             k = kPlainOperations.normRotate(heads(N, K), kNorm.to(at::kFloat), 1e-6,
                                                             rotation);
            const auto past = [&](const at::Tensor& cache, const at::Tensor& own_1KH) {
                return at::cat({cache.narrow(1, 0, numKeys - 1).to(at::kFloat), own_1KH.transpose(0, 1)}, 1);
            };
            truth.push_back(kPlainOperations.attend(q, past(keys.back(), k),
                                                    past(values.back(), heads(N + K, K)), window,
                                                    /*isImage=*/false, 0.0625));
        }
        const at::Tensor onDevice = host.to(m_bf16.device());
        kernels::DecodeAttention work;
        work.y = bf16(y);
        work.qkv = bf16(qkv);
        work.views = static_cast<const kernels::CacheView*>(onDevice.const_data_ptr());
        work.qNorm = bf16(qNorm);
        work.kNorm = bf16(kNorm);
        work.frequency = frequency.const_data_ptr<float>();
        work.scratch = scratch.data_ptr<float>();
        work.counters = counters.data_ptr<int32_t>();
        work.numHeads = N;
        work.numKvHeads = K;
        work.headDim = H;
        work.numTokens = B;
        work.eps = 1e-6F;
        work.scale = 0.0625F;
        C10_CUDA_CHECK(kernels::decodeAttention(work, stream()));
        const std::string title = "decodeAttention, " + std::to_string(N) + "/" + std::to_string(K) +
                                  " heads of " + std::to_string(H) + ", " + std::to_string(B) + " tokens";
        report(title, y, at::cat(truth), 3 * kOfBfloat16);
        report(title + ": counters are 0 again", 1 + counters, at::ones_like(counters), 0);
        report(title + ": the cache has the new value", values.front().select(1, views[0].numKeys - 1),
               qkv[0].view({N + 2 * K, H}).narrow(0, N + K, K), 0);
    }

    /// Widening int8 and int4 to bfloat16, as dense() does, rounds; the kernels' own arithmetic does not.
    static double limitOf(WeightFormat format)
    {
        return format == WeightFormat::BFloat16 ? kOfFloat : kOfBfloat16;
    }

    static cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream(); }

    void report(const std::string& name, const at::Tensor& result, const at::Tensor& truth,
                double limit) const
    {
        m_onCheck({name, relativeError(result, truth), limit});
    }

    at::TensorOptions m_bf16;
    const OnCheck& m_onCheck;
    int m_numProcessors = 0;
};

}  // namespace

std::string codeOf(at::Device device)
{
    const c10::cuda::CUDAGuard guard(device);
    const int version = kernels::gpuCodeVersion();
    return version >= 90 ? "sm_" + std::to_string(version) + "a" : "compute_" + std::to_string(version);
}

void checkGpuKernels(at::Device device, const OnCheck& onCheck)
{
    const c10::cuda::CUDAGuard guard(device);
    const c10::InferenceMode noGradients;
    at::manual_seed(1);
    Kernels kernels(device, onCheck);
    kernels.textLayer();
    kernels.normalFloats();
    kernels.dropout();
    kernels.products();
    kernels.attention();
}

#else

std::string codeOf(at::Device)
{
    return {};
}

void checkGpuKernels(at::Device, const OnCheck&) {}

#endif

}  // namespace facet::engine::selftest
