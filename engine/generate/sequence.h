#pragma once

// One request on its way from prompt to answer. It says what its next step is; whoever owns the steps, a
// scheduler with many of them or generate() with one, takes them.

#include "engine/generate/decode.h"
#include "engine/generate/generate.h"
#include "engine/generate/prefill.h"
#include "engine/generate/prefix_cache.h"
#include "engine/generate/stop_strings.h"

#include <optional>

namespace facet::engine {

/// What sequences of one model share. Either may be missing.
struct SharedMemory {
    PrefixCache* prefixes = nullptr;
    PictureFeatures* features = nullptr;
    std::string adapters = {};  ///< the key of the model's set, for `prefixes`
};

/// What became whole since the last look.
struct AnswerPiece {
    std::string text;
    std::vector<TokenLogprob> logprobs;
    bool isEmpty() const { return text.empty() && logprobs.empty(); }
};

/// Errors  steps throw c10::Error. The sequence is then as before the step, and the step may be tried again.
class Sequence {
public:
    /// `model` and `tokenizer` must outlive this; the request has passed checkRequest().
    Sequence(const gemma3::Model& model, const core::Tokenizer& tokenizer, GenerateRequest request,
             const SharedMemory& memory = {});

    bool isPrefilling() const { return !m_hasBegun && !m_ended; }
    bool hasEnded() const { return m_ended; }

    /// Tokens of the prompt that are still to be computed.
    int64_t numLeft() const;

    /// Computes one picture, or about `maxTokens` tokens of the prompt. The last such step chooses the first
    /// token.
    void prefillStep(int64_t maxTokens);

    /// For decodeStep(), while the answer goes on.
    Slot& slot() { return m_slot; }

    /// Takes the token that a decodeStep() chose: `id` is slot().last.id, read from the device.
    void take(int64_t id);

    /// Ends the answer where it is.
    void cancel();

    AnswerPiece takePiece();
    const gemma3::Model& model() const { return m_model; }
    const GenerateRequest& request() const { return m_request; }
    const GenerateResult& result() const { return m_result; }

private:
    void start();
    bool computePicture();
    bool gatherFeatures();
    void computeChunk(int64_t maxTokens);
    void end(FinishReason reason);

    const gemma3::Model& m_model;
    GenerateRequest m_request;
    SharedMemory m_memory;
    std::vector<int64_t> m_keys;  // of the prompt and the answer, for the prefix cache
    Slot m_slot;
    std::optional<Prefill> m_prefill;
    at::Tensor m_feature_XD;
    at::Tensor m_hidden_1D;     // of the prompt's last token, once it is known
    size_t m_firstPicture = 0;  // those before it lie in what the cache had
    bool m_hasFeatures = false;
    bool m_hasBegun = false;
    bool m_ended = false;
    std::chrono::steady_clock::time_point m_firstTokenAt;
    core::StreamDecoder m_decoder;
    StopStrings m_stopStrings;
    AnswerPiece m_piece;
    GenerateResult m_result;
};

}  // namespace facet::engine
