#include "engine/gemma3/load.h"

#include "engine/guard.h"
#include "engine/tensor_view.h"

#include <ATen/Context.h>

#include <stdexcept>

namespace facet::engine::gemma3 {
namespace {

using core::Error;
using core::ErrorCode;
using core::gemma3::WeightFormat;

struct Cancelled : std::exception {};

/// Reads tensors by their canonical names.
class Reader {
public:
    Reader(const core::ModelFolder& folder, const Placement& placement, const LoadProgress& progress)
        : m_folder(folder),
          m_placement(placement),
          m_arithmetic(at::dtype(placement.type).device(placement.device)),
          m_progress(progress)
    {
        for (const auto& [name, view] : folder.tensors)
            m_bytesInAll += static_cast<int64_t>(view.bytes.size());
    }

    at::Tensor tensor(const std::string& name)
    {
        const at::Tensor copy = source(name).to(m_arithmetic, /*non_blocking=*/false, /*copy=*/true);
        countAsDone(name);
        return copy;
    }

    /// Seen as two-dimensional: the patches' matrix is stored as a convolution, [E, 3, patch, patch].
    WeightMatrix matrix(const std::string& name)
    {
        WeightMatrix matrix(source(name).flatten(1), formatOf(name, m_placement), m_arithmetic,
                            m_placement.useKernels);
        countAsDone(name);
        return matrix;
    }

    Linear linear(const std::string& prefix) { return {matrix(prefix + ".weight"), {}}; }
    Linear linearWithBias(const std::string& prefix)
    {
        return {matrix(prefix + ".weight"), tensor(prefix + ".bias")};
    }
    LayerNormWeights layerNorm(const std::string& prefix)
    {
        return {tensor(prefix + ".weight"), tensor(prefix + ".bias")};
    }

private:
    at::Tensor source(const std::string& name) const { return asTensor(m_folder.tensors.at(name)); }

    void countAsDone(const std::string& name)
    {
        m_bytesDone += static_cast<int64_t>(m_folder.tensors.at(name).bytes.size());
        if (m_progress && !m_progress(m_bytesDone, m_bytesInAll))
            throw Cancelled();
    }

    const core::ModelFolder& m_folder;
    const Placement& m_placement;
    at::TensorOptions m_arithmetic;
    const LoadProgress& m_progress;
    int64_t m_bytesDone = 0;
    int64_t m_bytesInAll = 0;
};

LayerWeights readLayer(Reader& reader, const std::string& prefix)
{
    LayerWeights w;
    w.attnNorm = reader.tensor(prefix + ".input_layernorm.weight");
    w.attn.q = reader.linear(prefix + ".self_attn.q_proj");
    w.attn.k = reader.linear(prefix + ".self_attn.k_proj");
    w.attn.v = reader.linear(prefix + ".self_attn.v_proj");
    w.attn.out = reader.linear(prefix + ".self_attn.o_proj");
    w.attn.qNorm = reader.tensor(prefix + ".self_attn.q_norm.weight");
    w.attn.kNorm = reader.tensor(prefix + ".self_attn.k_norm.weight");
    w.attnPostNorm = reader.tensor(prefix + ".post_attention_layernorm.weight");
    w.ffnNorm = reader.tensor(prefix + ".pre_feedforward_layernorm.weight");
    w.ffnGate = reader.linear(prefix + ".mlp.gate_proj");
    w.ffnUp = reader.linear(prefix + ".mlp.up_proj");
    w.ffnDown = reader.linear(prefix + ".mlp.down_proj");
    w.ffnPostNorm = reader.tensor(prefix + ".post_feedforward_layernorm.weight");
    return w;
}

VisionLayerWeights readVisionLayer(Reader& reader, const std::string& prefix)
{
    VisionLayerWeights w;
    w.attnNorm = reader.layerNorm(prefix + ".layer_norm1");
    w.q = reader.linearWithBias(prefix + ".self_attn.q_proj");
    w.k = reader.linearWithBias(prefix + ".self_attn.k_proj");
    w.v = reader.linearWithBias(prefix + ".self_attn.v_proj");
    w.out = reader.linearWithBias(prefix + ".self_attn.out_proj");
    w.mlpNorm = reader.layerNorm(prefix + ".layer_norm2");
    w.fc1 = reader.linearWithBias(prefix + ".mlp.fc1");
    w.fc2 = reader.linearWithBias(prefix + ".mlp.fc2");
    return w;
}

VisionWeights readVision(Reader& reader, const core::gemma3::VisionConfig& config)
{
    VisionWeights w;
    w.patchEmbedding = reader.linearWithBias("vision_tower.embeddings.patch_embedding");
    w.positionEmbedding = reader.tensor("vision_tower.embeddings.position_embedding.weight");
    for (int64_t layer = 0; layer < config.numLayers; ++layer)
        w.layers.push_back(readVisionLayer(reader, "vision_tower.encoder.layers." + std::to_string(layer)));
    w.postNorm = reader.layerNorm("vision_tower.post_layernorm");
    w.softEmbeddingNorm = reader.tensor("multi_modal_projector.mm_soft_emb_norm.weight");
    w.projection = reader.tensor("multi_modal_projector.mm_input_projection_weight");
    return w;
}

Weights readWeights(Reader& reader, const core::gemma3::Config& config)
{
    Weights w;
    w.embedding = reader.matrix("language_model.embed_tokens.weight");
    w.head = {w.embedding, {}};
    for (int64_t layer = 0; layer < config.text.numLayers; ++layer)
        w.layers.push_back(readLayer(reader, "language_model.layers." + std::to_string(layer)));
    w.finalNorm = reader.tensor("language_model.norm.weight");
    if (config.vision)
        w.vision = readVision(reader, *config.vision);
    return w;
}

/// The first of the names, and how many more there are.
std::string someOf(const std::vector<std::string>& names)
{
    return names.front() + (names.size() == 1 ? "" : " and " + std::to_string(names.size() - 1) + " more");
}

}  // namespace

WeightFormat formatOf(const std::string& matrix, const Placement& placement)
{
    if (!placement.inFull.contains(matrix))
        return core::gemma3::formatOf(matrix, placement.weights);
    return placement.type == at::kFloat ? WeightFormat::Float32 : WeightFormat::BFloat16;
}

void useKernels(Model& model, const Placement& placement)
{
    if (!placement.useKernels)
        return;
    if (placement.device.is_cpu()) {
        model.weights.operations = kCpuOperations;
    } else {
        // cuDNN's attention is the faster one where it can be had: the vision tower's 16 heads of 72, and
        // wide heads.
        using at::SDPBackend;
        at::globalContext().setSDPPriorityOrder(
            {int64_t(SDPBackend::cudnn_attention), int64_t(SDPBackend::flash_attention),
             int64_t(SDPBackend::efficient_attention), int64_t(SDPBackend::math)});
        model.weights.operations = gpuOperations();
        model.gpuDecoder = GpuDecoder::make(model.weights, model.config.text);
    }
}

core::Result<Model> loadModel(const core::ModelFolder& folder, const Placement& placement,
                              const LoadProgress& progress)
{
    if (placement.device.is_cpu() && placement.type != at::kFloat)
        return Error{ErrorCode::InvalidInput,
                     "a CPU computes in float32 only: leave --dtype out or say float32"};
    const core::TensorAccounting& accounting = folder.accounting;
    if (!accounting.missing.empty())
        return Error{ErrorCode::InvalidInput,
                     "the model in " + folder.path.string() + " has no tensor " + someOf(accounting.missing)};
    if (!accounting.misshaped.empty())
        return Error{ErrorCode::InvalidInput,
                     "the model in " + folder.path.string() +
                         " does not fit its config.json: " + someOf(accounting.misshaped)};

    bool cancelled = false;
    core::Result<Model> model = guarded([&] {
        Reader reader(folder, placement, progress);
        try {
            Model loaded = {folder.config, readWeights(reader, folder.config), placement.weights};
            useKernels(loaded, placement);
            return loaded;
        } catch (const Cancelled&) {
            cancelled = true;
            return Model{};
        }
    });
    if (cancelled)
        return Error{ErrorCode::Cancelled, "loading was cancelled"};
    return model;
}

}  // namespace facet::engine::gemma3
