#include "engine/generate/decode.h"

namespace facet::engine {

void begin(const gemma3::Model& model, Slot& slot, const at::Tensor& hidden_1D)
{
    slot.last = slot.sampler.sample(gemma3::logits(hidden_1D, model.weights).squeeze(0));
}

void decodeStep(const gemma3::Model& model, std::span<Slot* const> slots)
{
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
