#include "engine/generate/prefill.h"

#include <algorithm>

namespace facet::engine {

using gemma3::Segment;

std::vector<Segment> segmentsOf(const std::vector<int64_t>& ids, int64_t imageTokenId, gemma3::KvCache& cache)
{
    std::vector<Segment> segments;
    for (const int64_t id : ids) {
        const bool isImage = id == imageTokenId;
        if (segments.empty() || segments.back().isImage != isImage)
            segments.push_back({&cache, 0, isImage});
        ++segments.back().numTokens;
    }
    return segments;
}

std::vector<std::vector<Segment>> chunksOf(const std::vector<Segment>& segments, int64_t maxTokens)
{
    std::vector<std::vector<Segment>> chunks;
    int64_t room = 0;
    for (Segment segment : segments) {
        while (segment.numTokens > 0) {
            const bool fits = segment.isImage ? segment.numTokens <= room : room > 0;
            if (!fits) {
                chunks.emplace_back();
                room = maxTokens;
            }
            Segment part = segment;
            if (!segment.isImage)
                part.numTokens = std::min(room, segment.numTokens);
            chunks.back().push_back(part);
            segment.numTokens -= part.numTokens;
            room = std::max<int64_t>(0, room - part.numTokens);
        }
    }
    return chunks;
}

Prefill::Prefill(const gemma3::Model& model, const std::vector<int64_t>& ids, gemma3::KvCache& cache)
    : m_model(model)
{
    const std::vector<int64_t> left(ids.begin() + cache.numTokens(), ids.end());
    m_left = static_cast<int64_t>(left.size());
    m_id_T = at::tensor(left, at::kLong).to(model.weights.device());
    m_segments = segmentsOf(left, model.config.imageTokenId, cache);
}

at::Tensor Prefill::step(const at::Tensor& feature_XD, int64_t maxTokens)
{
    const std::vector<Segment> chunk = chunksOf(m_segments, maxTokens).front();
    int64_t numTokens = 0, numFeatures = 0;
    for (const Segment& segment : chunk) {
        numTokens += segment.numTokens;
        numFeatures += segment.isImage ? segment.numTokens : 0;
    }
    gemma3::Step step = {m_id_T.narrow(0, m_row, numTokens), chunk, {}};
    if (numFeatures > 0)
        step.feature_XD = feature_XD.narrow(0, m_usedFeatures, numFeatures);
    const at::Tensor hidden_TD = gemma3::hiddenStates(step, m_model.weights, m_model.config.text);

    m_row += numTokens;
    m_left -= numTokens;
    m_usedFeatures += numFeatures;
    for (const Segment& segment : chunk) {
        m_segments.front().numTokens -= segment.numTokens;
        if (m_segments.front().numTokens == 0)
            m_segments.erase(m_segments.begin());
    }
    return hidden_TD;
}

void prefill(const gemma3::Model& model, gemma3::KvCache& cache, const std::vector<int64_t>& ids,
             const at::Tensor& feature_XD, const OnChunk& onChunk, int64_t maxTokens)
{
    Prefill steps(model, ids, cache);
    while (steps.numLeft() > 0)
        if (!onChunk(steps.step(feature_XD, maxTokens)))
            return;
}

core::Result<void> checkPrompt(const core::gemma3::Config& config, const std::vector<int64_t>& ids,
                               size_t numPictures)
{
    using core::Error;
    using core::ErrorCode;
    int64_t numImageTokens = 0;
    for (const int64_t id : ids) {
        // The picture's placeholder may have no row in the table.
        const bool isPlaceholder = config.vision && id == config.imageTokenId;
        if (!isPlaceholder && (id < 0 || id >= config.text.vocabSize))
            return Error{ErrorCode::InvalidInput, "token id " + std::to_string(id) +
                                                      " is outside the vocabulary of " +
                                                      std::to_string(config.text.vocabSize)};
        numImageTokens += id == config.imageTokenId;
    }
    if (numPictures > 0 && !config.vision)
        return Error{ErrorCode::InvalidInput,
                     "this model reads text only: leave the picture out, or use one with vision"};
    if (numImageTokens > 0 && !config.vision)
        return Error{ErrorCode::InvalidInput, "token id " + std::to_string(config.imageTokenId) +
                                                  " stands for a picture, and this model reads text only"};
    const int64_t expected = static_cast<int64_t>(numPictures) * config.tokensPerImage;
    if (numImageTokens != expected)
        return Error{ErrorCode::InvalidInput, "the prompt has " + std::to_string(numImageTokens) +
                                                  " image tokens; " + std::to_string(numPictures) +
                                                  " pictures need " + std::to_string(expected)};
    return {};
}

at::Tensor imageFeatures(const gemma3::Model& model, const at::Tensor& pixel_3SS)
{
    return gemma3::imageFeatures(pixel_3SS.unsqueeze(0).to(model.weights.device()), *model.weights.vision,
                                 model.config)
        .squeeze(0);
}

at::Tensor imageFeatures(const gemma3::Model& model, const std::vector<Picture>& pictures)
{
    std::vector<at::Tensor> feature_TD;
    for (const Picture& picture : pictures)
        feature_TD.push_back(imageFeatures(model, picture.pixel_3SS));
    return feature_TD.empty() ? at::Tensor() : at::cat(feature_TD);
}

}  // namespace facet::engine
