#pragma once

// How well a model says what it was not trained on.

#include "core/tokenizer/tokenizer.h"
#include "engine/gemma3/load.h"
#include "engine/train/sample_stream.h"

#include <functional>
#include <string>
#include <vector>

namespace facet::engine {

/// What one sample came to.
struct SampleScore {
    int64_t number = 0;      ///< of its pack, as SampleStream::validation() counts
    double sumOfLosses = 0;  ///< over its targets, of -log p(target)
    int64_t numTargets = 0;
    int64_t numAnswers = 0;  ///< stretches of targets, such as a turn of the assistant's
    int64_t numExact = 0;    ///< those that the model writes to the letter, given what is before them

    double meanLoss() const { return sumOfLosses / double(numTargets); }
};

/// What all samples came to.
struct Evaluation {
    std::vector<SampleScore> samples;  ///< in the stream's order, without those that were left out
    int64_t numTargets = 0;
    double loss = 0;        ///< mean over all targets, as training's validation has it
    double perplexity = 0;  ///< e to the loss
    int64_t numAnswers = 0;
    int64_t numExact = 0;
};

/// Reads the first `count` packs that a stream has to validate on. The loss is training's own; an answer is
/// exact if each of its tokens, its end among them, is the likeliest one, which is what the model writes if
/// it always takes that.
///
/// Cost    one forward pass; no answer is written
/// Errors  those of reading; InvalidInput: nothing is left to evaluate; Cancelled, by `progress`; OutOfMemory
core::Result<Evaluation> evaluate(const gemma3::Model& model, SampleStream& data, int64_t count,
                                  const std::function<bool(int64_t done, int64_t all)>& progress = {});

/// A sample's last answer: the one of the data, and what the model writes in its place.
struct AnswerPair {
    std::string expected;
    std::string written;
};

/// Writes the answer to all that is before the sample's last stretch of targets, always the likeliest token,
/// no more than twice the tokens of the expected one and 16.
///
/// Errors  those of generate()
core::Result<AnswerPair> answerOf(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                                  const TrainingSample& sample, const std::vector<int64_t>& stopIds);

}  // namespace facet::engine
