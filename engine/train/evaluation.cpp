#include "engine/train/evaluation.h"

#include "engine/generate/generate.h"
#include "engine/guard.h"
#include "engine/train/fused_operations.h"
#include "engine/train/loss.h"

#include <algorithm>
#include <cmath>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr int64_t kTokensAtOnce = 4096;
constexpr int64_t kMaxScores = int64_t{1} << 27;  // tokens times vocabulary, of the head at a time

/// A stretch of targets: ids [begin, end).
struct Stretch {
    size_t begin = 0;
    size_t end = 0;
};

std::vector<Stretch> answersIn(const TrainingSample& sample)
{
    std::vector<Stretch> answers;
    for (size_t index = 1; index < sample.ids.size(); ++index) {
        if (!sample.isTarget[index])
            continue;
        if (answers.empty() || answers.back().end != index)
            answers.push_back({index, index});
        answers.back().end = index + 1;
    }
    return answers;
}

at::Tensor hiddenStates(const gemma3::Model& model, const PackedBatch& batch)
{
    gemma3::Step step = {batch.token_T, batch.segments, {}, {}};
    if (batch.pixel_I3SS.defined())
        step.feature_XD =
            gemma3::imageFeatures(batch.pixel_I3SS, *model.weights.vision, model.config).flatten(0, 1);
    return gemma3::hiddenStates(step, model.weights, model.config.text);
}

/// Of each token with a target, whether that is the likeliest one; of others anything.
std::vector<bool> bestIsTarget(const at::Tensor& hidden_TD, const at::Tensor& target_T,
                               const gemma3::Weights& weights)
{
    const at::Tensor index_T = (target_T != kNoTarget).nonzero().squeeze(1);
    const at::Tensor hidden = hidden_TD.index_select(0, index_T.to(hidden_TD.device()));
    const int64_t chunk = std::max<int64_t>(1, kMaxScores / weights.head.weight.numRows());
    std::vector<at::Tensor> best;
    for (int64_t begin = 0; begin < hidden.size(0); begin += chunk)
        best.push_back(
            gemma3::logits(hidden.narrow(0, begin, std::min(chunk, hidden.size(0) - begin)), weights)
                .argmax(-1));
    std::vector<bool> isBest(static_cast<size_t>(target_T.size(0)), false);
    if (best.empty())
        return isBest;
    const at::Tensor best_T = at::cat(best).cpu();
    for (int64_t i = 0; i < index_T.numel(); ++i) {
        const auto at = index_T[i].item<int64_t>();
        isBest[static_cast<size_t>(at)] = best_T[i].item<int64_t>() == target_T[at].item<int64_t>();
    }
    return isBest;
}

void addScores(const gemma3::Model& model, const std::vector<TrainingSample>& samples,
               std::vector<SampleScore>& scores)
{
    const PackedBatch batch = packed(samples, model.config.imageTokenId, model.weights.device());
    const at::Tensor hidden_TD = hiddenStates(model, batch);
    const std::vector<bool> isBest = bestIsTarget(hidden_TD, batch.target_T, model.weights);
    int64_t row = 0;
    for (size_t index = 0; index < samples.size(); ++index) {
        const TrainingSample& sample = samples[index];
        SampleScore& score = scores[scores.size() - samples.size() + index];
        const auto T = std::ssize(sample.ids);
        score.sumOfLosses = sumOfCrossEntropy(hidden_TD.narrow(0, row, T), model.weights.head.weight,
                                              batch.target_T.narrow(0, row, T), kMaxScores)
                                .item<double>();
        score.numTargets = sample.numTargets();
        for (const Stretch& answer : answersIn(sample)) {
            ++score.numAnswers;
            bool isExact = true;
            for (size_t next = answer.begin; next < answer.end; ++next)
                isExact = isExact && isBest[static_cast<size_t>(row) + next - 1];
            score.numExact += isExact;
        }
        row += T;
    }
}

Evaluation summed(std::vector<SampleScore> samples)
{
    Evaluation evaluation;
    for (const SampleScore& score : samples) {
        evaluation.loss += score.sumOfLosses;
        evaluation.numTargets += score.numTargets;
        evaluation.numAnswers += score.numAnswers;
        evaluation.numExact += score.numExact;
    }
    evaluation.loss /= double(evaluation.numTargets);
    evaluation.perplexity = std::exp(evaluation.loss);
    evaluation.samples = std::move(samples);
    return evaluation;
}

}  // namespace

Result<Evaluation> evaluate(const gemma3::Model& given, SampleStream& data, int64_t count,
                            const std::function<bool(int64_t done, int64_t all)>& progress)
{
    gemma3::Model model = given;
    model.weights.operations = kFusedOperations;  // the very numbers of training's validation
    std::vector<SampleScore> scores;
    std::vector<TrainingSample> waiting;
    int64_t numTokens = 0;
    for (int64_t number = 0; number < count; ++number) {
        const Result<std::vector<Pack>> packs = data.validation(number, 1);
        if (!packs)
            return packs.error();
        for (const Pack& pack : *packs)
            for (const TrainingSample& sample : pack) {
                numTokens += std::ssize(sample.ids);
                waiting.push_back(sample);
                scores.push_back({.number = number});
            }
        if (waiting.empty() || (numTokens < kTokensAtOnce && number + 1 < count))
            continue;
        const Result<void> added = guarded([&] {
            const c10::InferenceMode noGradients;
            addScores(model, waiting, scores);
        });
        if (!added)
            return added.error();
        waiting.clear();
        numTokens = 0;
        if (progress && !progress(number + 1, count))
            return Error{ErrorCode::Cancelled, "the evaluation was cancelled"};
    }
    Evaluation evaluation = summed(std::move(scores));
    if (evaluation.numTargets == 0)
        return Error{ErrorCode::InvalidInput, "nothing is left to evaluate: all rows were left out"};
    return evaluation;
}

Result<AnswerPair> answerOf(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                            const TrainingSample& sample, const std::vector<int64_t>& stopIds)
{
    const Stretch answer = answersIn(sample).back();
    const auto begin = sample.ids.begin();
    std::vector<int64_t> expected(begin + static_cast<ptrdiff_t>(answer.begin),
                                  begin + static_cast<ptrdiff_t>(answer.end));
    GenerateRequest request;
    request.maxTokens = 2 * std::ssize(expected) + 16;
    request.prompt.assign(begin, begin + static_cast<ptrdiff_t>(answer.begin));
    for (const at::Tensor& pixel_3SS : sample.pixels_3SS)
        request.pictures.push_back({pixel_3SS, "", {}});
    request.sampling.temperature = 0;
    request.stopIds = stopIds;
    const Result<GenerateResult> written = generate(model, tokenizer, request);
    if (!written)
        return written.error();
    while (!expected.empty() && std::ranges::find(stopIds, expected.back()) != stopIds.end())
        expected.pop_back();
    return AnswerPair{tokenizer.decode(expected, true), written->text};
}

}  // namespace facet::engine
