#include "engine/gemma3/gpu_decoder.h"

#include "engine/gemma3/model.h"

#if FACET_CUDA
#include "kernels/decode_attention.h"
#include "kernels/decode_product.h"

#include <ATen/cuda/CUDAContextLight.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <array>
#include <cmath>

namespace facet::engine::gemma3 {

using core::gemma3::LayerKind;
using core::gemma3::TextConfig;
using core::gemma3::WeightFormat;
using kernels::Bf16;

namespace {

Bf16* bf16(const at::Tensor& tensor)
{
    return static_cast<Bf16*>(tensor.data_ptr());
}

kernels::GpuMatrix matrixOf(const WeightMatrix& matrix)
{
    const auto [values, scales] = matrix.storedTensors();
    kernels::GpuMatrix out;
    out.values = values.const_data_ptr();
    out.scales = scales.defined() ? bf16(scales) : nullptr;
    out.numRows = matrix.numRows();
    out.width = matrix.numColumns();
    out.format = matrix.format() == WeightFormat::Int8   ? kernels::GpuFormat::Int8
                 : matrix.format() == WeightFormat::Int4 ? kernels::GpuFormat::Int4
                                                         : kernels::GpuFormat::BFloat16;
    return out;
}

bool isTaken(const WeightMatrix& matrix)
{
    return matrix.format() != WeightFormat::Float32 && matrix.format() != WeightFormat::NormalFloat4 &&
           matrix.numColumns() % 64 == 0 && matrix.numRows() % 16 == 0;
}

bool haveOneFormat(const WeightMatrix& a, const WeightMatrix& b)
{
    return a.format() == b.format();
}

bool isTaken(const LayerWeights& w)
{
    for (const Linear* linear :
         {&w.attn.q, &w.attn.k, &w.attn.v, &w.attn.out, &w.ffnGate, &w.ffnUp, &w.ffnDown})
        if (!isTaken(linear->weight) || linear->bias.defined())
            return false;
    return haveOneFormat(w.attn.q.weight, w.attn.k.weight) &&
           haveOneFormat(w.attn.q.weight, w.attn.v.weight) && haveOneFormat(w.ffnGate.weight, w.ffnUp.weight);
}

/// Angle per position, rounded as rotationAt() does.
at::Tensor frequenciesOf(const core::gemma3::Rope& rope, int64_t headDim, at::Device device)
{
    const at::Tensor exponent_h = at::arange(0, headDim, 2, at::dtype(at::kFloat).device(device)) / headDim;
    return at::reciprocal(at::pow(rope.theta, exponent_h)) / rope.factor;
}

}  // namespace

class GpuDecoder::CapturedSteps {
public:
    CapturedSteps(const Weights& weights, const TextConfig& config)
        : m_weights(weights), m_config(config), m_device(weights.device())
    {
        const c10::cuda::CUDAGuard guard(m_device);
        const auto type = at::dtype(at::kBFloat16).device(m_device);
        const auto floats = type.dtype(at::kFloat);
        const int64_t B = kMaxSequences, D = config.hiddenSize, N = config.numHeads, K = config.numKvHeads,
                      H = config.headDim, F = config.intermediateSize;
        m_numProcessors = at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
        m_id_B = at::zeros({B}, type.dtype(at::kLong));
        for (at::Tensor& x : m_x)
            x = at::empty({B, D}, type);
        m_normed = at::empty({B, D}, type);
        m_qkv = at::empty({B, (N + 2 * K) * H}, type);
        m_mixed = at::empty({B, N * H}, type);
        m_gated = at::empty({B, F}, type);
        for (at::Tensor& update : m_update)
            update = at::empty({8, B, D}, floats);
        m_logits = at::empty({B, weights.head.weight.numRows()}, floats);
        m_localFrequency = frequenciesOf(config.ropeLocal, H, m_device);
        m_globalFrequency = frequenciesOf(config.ropeGlobal, H, m_device);
        m_scratch = at::empty({kernels::decodeAttentionScratch(int(N), int(H), int(B))}, floats);
        m_counters = at::zeros({B * K}, type.dtype(at::kInt));
        m_views =
            at::empty({config.numLayers * B * int64_t{sizeof(kernels::CacheView)}}, type.dtype(at::kByte));
        m_scale = at::scalar_tensor(std::sqrt(double(D))).to(at::kBFloat16).item<float>();
    }

    ~CapturedSteps()
    {
        for (cudaGraphExec_t graph : m_graphs)
            if (graph)
                cudaGraphExecDestroy(graph);
    }

    at::Tensor step(std::span<const at::Tensor> ids, std::span<KvCache* const> caches)
    {
        const c10::cuda::CUDAGuard guard(m_device);
        const auto B = static_cast<int64_t>(caches.size());
        TORCH_INTERNAL_ASSERT(B >= 1 && B <= kMaxSequences && ids.size() == caches.size());
        for (int64_t i = 0; i < B; ++i)
            m_id_B.narrow(0, i, 1).copy_(ids[static_cast<size_t>(i)]);
        sendViews(caches);
        cudaGraphExec_t& graph = m_graphs[static_cast<size_t>(B)];
        if (!graph)
            graph = captured(static_cast<int>(B));
        C10_CUDA_CHECK(cudaGraphLaunch(graph, c10::cuda::getCurrentCUDAStream()));
        return m_logits.narrow(0, 0, B);
    }

private:
    /// Makes room for a token in each cache and tells the device where all of them lie: [layers, B].
    void sendViews(std::span<KvCache* const> caches)
    {
        const auto numBytes =
            m_config.numLayers * static_cast<int64_t>(caches.size()) * int64_t{sizeof(kernels::CacheView)};
        const at::Tensor host = at::empty({numBytes}, at::dtype(at::kByte).pinned_memory(true));
        auto* view = static_cast<kernels::CacheView*>(host.data_ptr());
        for (int64_t index = 0; index < m_config.numLayers; ++index) {
            const bool isLocal = m_config.layers[static_cast<size_t>(index)] == LayerKind::Local;
            for (KvCache* cache : caches) {
                LayerCache& layer = cache->layer(index);
                layer.grow(1);
                const int64_t numKeys = layer.end() - layer.begin();
                const int64_t firstKey = isLocal ? std::max<int64_t>(0, numKeys - m_config.slidingWindow) : 0;
                *view++ = {bf16(layer.keyBuffer()),
                           bf16(layer.valueBuffer()),
                           static_cast<int32_t>(layer.keyBuffer().size(1)),
                           static_cast<int32_t>(numKeys),
                           static_cast<int32_t>(firstKey),
                           static_cast<int32_t>(layer.end() - 1)};
            }
        }
        m_views.narrow(0, 0, numBytes).copy_(host, /*non_blocking=*/true);
    }

    cudaGraphExec_t captured(int B)
    {
        // Torch's own stream may be the default one, which cannot be captured.
        cudaStream_t stream = nullptr;
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t executable = nullptr;
        C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
        cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
        if (error == cudaSuccess) {
            error = enqueue(B, stream);
            const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
            error = error == cudaSuccess ? ended : error;
        }
        if (error == cudaSuccess)
            error = cudaGraphInstantiate(&executable, graph, 0);
        if (graph)
            cudaGraphDestroy(graph);
        cudaStreamDestroy(stream);
        C10_CUDA_CHECK(error);
        return executable;
    }

    /// The step. It is block() of model.cpp, each norm with the product that follows it.
    cudaError_t enqueue(int B, cudaStream_t stream)
    {
        using namespace kernels;
        const auto eps = static_cast<float>(m_config.rmsNormEps);
        int now = 0;  // which of m_x holds the residual stream
        if (const cudaError_t error = embedTokens(bf16(m_x[0]), m_id_B.const_data_ptr<int64_t>(),
                                                  matrixOf(m_weights.embedding), m_scale, B, stream))
            return error;

        Residual residual;
        residual.x = bf16(m_x[0]);
        residual.normed = bf16(m_normed);
        residual.eps = eps;
        residual.width = m_config.hiddenSize;
        // After `w`, whose parts are in `update`, the stream is x + norm(update).
        const auto follow = [&](const at::Tensor& update, int numPartials, const at::Tensor& postNorm) {
            residual.x = bf16(m_x[static_cast<size_t>(now)]);
            residual.update = update.const_data_ptr<float>();
            residual.numPartials = numPartials;
            residual.postNorm = bf16(postNorm);
            now = 1 - now;
            residual.sum = bf16(m_x[static_cast<size_t>(now)]);
        };
        const auto down = [&](const at::Tensor& update, const at::Tensor& x, const Linear& linear,
                              const at::Tensor& postNorm) {
            const GpuMatrix w = matrixOf(linear.weight);
            const int numPartials = numPartialsOf(w.numRows, w.width, m_numProcessors);
            const cudaError_t error =
                projectDown(update.data_ptr<float>(), numPartials, bf16(x), w, B, stream);
            follow(update, numPartials, postNorm);
            return error;
        };

        for (int64_t index = 0; index < m_config.numLayers; ++index) {
            const LayerWeights& w = m_weights.layers[static_cast<size_t>(index)];
            residual.norm = bf16(w.attnNorm);
            if (const cudaError_t error =
                    projectQkv(bf16(m_qkv), residual, matrixOf(w.attn.q.weight), matrixOf(w.attn.k.weight),
                               matrixOf(w.attn.v.weight), B, stream))
                return error;
            if (const cudaError_t error = attend(index, B, stream))
                return error;
            if (const cudaError_t error = down(m_update[0], m_mixed, w.attn.out, w.attnPostNorm))
                return error;
            residual.norm = bf16(w.ffnNorm);
            if (const cudaError_t error = projectGateUp(bf16(m_gated), residual, matrixOf(w.ffnGate.weight),
                                                        matrixOf(w.ffnUp.weight), B, stream))
                return error;
            if (const cudaError_t error = down(m_update[1], m_gated, w.ffnDown, w.ffnPostNorm))
                return error;
        }
        residual.norm = bf16(m_weights.finalNorm);
        return projectHead(m_logits.data_ptr<float>(), residual, matrixOf(m_weights.head.weight), B, stream);
    }

    cudaError_t attend(int64_t index, int B, cudaStream_t stream)
    {
        const LayerWeights& w = m_weights.layers[static_cast<size_t>(index)];
        const bool isLocal = m_config.layers[static_cast<size_t>(index)] == LayerKind::Local;
        kernels::DecodeAttention work;
        work.y = bf16(m_mixed);
        work.qkv = bf16(m_qkv);
        work.views = static_cast<const kernels::CacheView*>(m_views.const_data_ptr()) + index * B;
        work.qNorm = bf16(w.attn.qNorm);
        work.kNorm = bf16(w.attn.kNorm);
        work.frequency = (isLocal ? m_localFrequency : m_globalFrequency).const_data_ptr<float>();
        work.scratch = m_scratch.data_ptr<float>();
        work.counters = m_counters.data_ptr<int32_t>();
        work.numHeads = static_cast<int>(m_config.numHeads);
        work.numKvHeads = static_cast<int>(m_config.numKvHeads);
        work.headDim = static_cast<int>(m_config.headDim);
        work.numTokens = B;
        work.eps = static_cast<float>(m_config.rmsNormEps);
        work.scale = static_cast<float>(1 / std::sqrt(m_config.queryPreAttnScalar));
        return kernels::decodeAttention(work, stream);
    }

    const Weights m_weights;
    const TextConfig m_config;
    const at::Device m_device;
    int m_numProcessors = 0;
    float m_scale = 0;  // of embeddings
    at::Tensor m_id_B;
    std::array<at::Tensor, 2> m_x;  // [B, D]: the residual stream, in turn
    at::Tensor m_normed;
    at::Tensor m_qkv;
    at::Tensor m_mixed;
    at::Tensor m_gated;
    std::array<at::Tensor, 2> m_update;  // of attention and of the feed-forward
    at::Tensor m_logits;
    at::Tensor m_localFrequency;
    at::Tensor m_globalFrequency;
    at::Tensor m_scratch;
    at::Tensor m_counters;
    at::Tensor m_views;
    std::array<cudaGraphExec_t, kMaxSequences + 1> m_graphs = {};  // by the number of sequences
};

std::shared_ptr<GpuDecoder> GpuDecoder::make(const Weights& weights, const TextConfig& config)
{
    const bool taken =
        weights.device().is_cuda() && weights.type() == at::kBFloat16 && config.hiddenSize % 64 == 0 &&
        config.hiddenSize <= 8192 &&
        kernels::canDecodeAttention(int(config.numHeads), int(config.numKvHeads), int(config.headDim)) &&
        isTaken(weights.embedding) && isTaken(weights.head.weight) &&
        std::ranges::all_of(weights.layers, [](const LayerWeights& w) { return isTaken(w); });
    if (!taken)
        return nullptr;
    return std::shared_ptr<GpuDecoder>(new GpuDecoder(std::make_unique<CapturedSteps>(weights, config)));
}

GpuDecoder::GpuDecoder(std::unique_ptr<CapturedSteps> steps) : m_steps(std::move(steps)) {}

GpuDecoder::~GpuDecoder() = default;

at::Tensor GpuDecoder::step(std::span<const at::Tensor> ids, std::span<KvCache* const> caches)
{
    return m_steps->step(ids, caches);
}

}  // namespace facet::engine::gemma3

#else

namespace facet::engine::gemma3 {

class GpuDecoder::CapturedSteps {};

std::shared_ptr<GpuDecoder> GpuDecoder::make(const Weights&, const core::gemma3::TextConfig&)
{
    return nullptr;
}

GpuDecoder::~GpuDecoder() = default;

at::Tensor GpuDecoder::step(std::span<const at::Tensor>, std::span<KvCache* const>)
{
    TORCH_INTERNAL_ASSERT(false, "this engine was built without CUDA");
}

}  // namespace facet::engine::gemma3

#endif
