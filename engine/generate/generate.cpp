#include "engine/generate/generate.h"

#include "core/gemma3/memory_estimate.h"
#include "engine/generate/sequence.h"
#include "engine/guard.h"

namespace facet::engine {
namespace {

GenerateResult answer(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                      const GenerateRequest& request, const OnText& onText)
{
    const c10::InferenceMode noGradients;
    Sequence sequence(model, tokenizer, request);
    Slot* const slots[] = {&sequence.slot()};
    while (!sequence.hasEnded()) {
        if (sequence.isPrefilling()) {
            sequence.prefillStep(core::gemma3::promptChunk(model.weights.device().is_cuda()));
        } else {
            decodeStep(model, slots);
            sequence.take(sequence.slot().last.id.item<int64_t>());
        }
        // Without text too, so that a long prompt can be cancelled between its steps.
        const AnswerPiece piece = sequence.takePiece();
        if (onText && !onText(piece.text))
            sequence.cancel();
    }
    return sequence.result();
}

}  // namespace

core::Result<GenerateResult> generate(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                                      const GenerateRequest& request, const OnText& onText)
{
    if (const core::Result<void> checked = checkRequest(model, request); !checked)
        return checked.error();
    return guarded([&] { return answer(model, tokenizer, request, onText); });
}

}  // namespace facet::engine
