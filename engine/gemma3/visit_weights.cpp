#include "engine/gemma3/visit_weights.h"

namespace facet::engine::gemma3 {
namespace {

struct Visit {
    const WeightVisitor& visitor;

    void tensor(const std::string& name, at::Tensor& tensor) const
    {
        if (visitor.tensor)
            visitor.tensor(name, tensor);
    }
    void matrix(const std::string& name, WeightMatrix& matrix) const
    {
        if (visitor.matrix)
            visitor.matrix(name, matrix);
    }
    void linear(const std::string& module, Linear& linear) const
    {
        matrix(module + ".weight", linear.weight);
        if (linear.bias.defined())
            tensor(module + ".bias", linear.bias);
        if (visitor.linear)
            visitor.linear(module, linear);
    }
    void layerNorm(const std::string& module, LayerNormWeights& norm) const
    {
        tensor(module + ".weight", norm.weight);
        tensor(module + ".bias", norm.bias);
    }

    void layer(const std::string& prefix, LayerWeights& w) const
    {
        tensor(prefix + ".input_layernorm.weight", w.attnNorm);
        linear(prefix + ".self_attn.q_proj", w.attn.q);
        linear(prefix + ".self_attn.k_proj", w.attn.k);
        linear(prefix + ".self_attn.v_proj", w.attn.v);
        linear(prefix + ".self_attn.o_proj", w.attn.out);
        tensor(prefix + ".self_attn.q_norm.weight", w.attn.qNorm);
        tensor(prefix + ".self_attn.k_norm.weight", w.attn.kNorm);
        tensor(prefix + ".post_attention_layernorm.weight", w.attnPostNorm);
        tensor(prefix + ".pre_feedforward_layernorm.weight", w.ffnNorm);
        linear(prefix + ".mlp.gate_proj", w.ffnGate);
        linear(prefix + ".mlp.up_proj", w.ffnUp);
        linear(prefix + ".mlp.down_proj", w.ffnDown);
        tensor(prefix + ".post_feedforward_layernorm.weight", w.ffnPostNorm);
    }

    void visionLayer(const std::string& prefix, VisionLayerWeights& w) const
    {
        layerNorm(prefix + ".layer_norm1", w.attnNorm);
        linear(prefix + ".self_attn.q_proj", w.q);
        linear(prefix + ".self_attn.k_proj", w.k);
        linear(prefix + ".self_attn.v_proj", w.v);
        linear(prefix + ".self_attn.out_proj", w.out);
        layerNorm(prefix + ".layer_norm2", w.mlpNorm);
        linear(prefix + ".mlp.fc1", w.fc1);
        linear(prefix + ".mlp.fc2", w.fc2);
    }

    void vision(VisionWeights& w) const
    {
        matrix("vision_tower.embeddings.patch_embedding.weight", w.patchEmbedding.weight);
        tensor("vision_tower.embeddings.patch_embedding.bias", w.patchEmbedding.bias);
        tensor("vision_tower.embeddings.position_embedding.weight", w.positionEmbedding);
        for (size_t index = 0; index < w.layers.size(); ++index)
            visionLayer("vision_tower.encoder.layers." + std::to_string(index), w.layers[index]);
        layerNorm("vision_tower.post_layernorm", w.postNorm);
        tensor("multi_modal_projector.mm_soft_emb_norm.weight", w.softEmbeddingNorm);
        tensor("multi_modal_projector.mm_input_projection_weight", w.projection);
    }
};

}  // namespace

void visitWeights(Weights& weights, const WeightVisitor& visitor)
{
    const Visit visit = {visitor};
    if (weights.vision)
        visit.vision(*weights.vision);
    visit.matrix("language_model.embed_tokens.weight", weights.embedding);
    weights.head.weight = weights.embedding;
    for (size_t index = 0; index < weights.layers.size(); ++index)
        visit.layer("language_model.layers." + std::to_string(index), weights.layers[index]);
    visit.tensor("language_model.norm.weight", weights.finalNorm);
}

}  // namespace facet::engine::gemma3
