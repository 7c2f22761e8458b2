#include "engine/generate/decode.h"

#include <algorithm>

namespace facet::engine {

void begin(const gemma3::Model& model, Slot& slot, const at::Tensor& hidden_1D)
{
    slot.last = slot.sampler.sample(gemma3::logits(hidden_1D, model.weights).squeeze(0));
}

namespace {

bool hasAdapters(const gemma3::Weights& weights)
{
    const auto has = [](const gemma3::Linear& linear) { return !linear.adapters.empty(); };
    return std::ranges::any_of(weights.layers, [&](const gemma3::LayerWeights& w) {
        return has(w.attn.q) || has(w.attn.k) || has(w.attn.v) || has(w.attn.out) || has(w.ffnGate) ||
               has(w.ffnUp) || has(w.ffnDown);
    });
}

/// Scores of all slots by the captured step, which takes a few at a time.
void decodeByKernels(const gemma3::Model& model, std::span<Slot* const> slots)
{
    while (!slots.empty()) {
        const auto some = slots.first(std::min<size_t>(slots.size(), gemma3::GpuDecoder::kMaxSequences));
        slots = slots.subspan(some.size());
        std::vector<at::Tensor> ids;
        std::vector<gemma3::KvCache*> caches;
        for (Slot* slot : some) {
            ids.push_back(slot->last.id);
            caches.push_back(&slot->cache);
        }
        const at::Tensor logit_TV = model.gpuDecoder->step(ids, caches);
        for (size_t i = 0; i < some.size(); ++i)
            some[i]->last = some[i]->sampler.sample(logit_TV[static_cast<int64_t>(i)]);
    }
}

}  // namespace

void decodeStep(const gemma3::Model& model, std::span<Slot* const> slots)
{
    if (model.gpuDecoder && !hasAdapters(model.weights)) {
        decodeByKernels(model, slots);
        return;
    }
    gemma3::Step step;
    std::vector<at::Tensor> ids;
    for (Slot* slot : slots) {
        ids.push_back(slot->last.id);
        step.segments.push_back({&slot->cache, 1, false});
    }
    step.token_T = at::cat(ids);
    const at::Tensor logit_TV =
        gemma3::logits(gemma3::hiddenStates(step, model.weights, model.config.text), model.weights);
    for (size_t i = 0; i < slots.size(); ++i)
        slots[i]->last = slots[i]->sampler.sample(logit_TV[static_cast<int64_t>(i)]);
}

}  // namespace facet::engine
