#include "engine/generate/sequence.h"

#include <algorithm>
#include <utility>

namespace facet::engine {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Ids that no answer may contain: the picture's placeholder, and rows of the table that are no token.
std::vector<int64_t> forbiddenIds(const gemma3::Model& model, const core::Tokenizer& tokenizer)
{
    std::vector<int64_t> ids = {model.config.imageTokenId};
    for (int64_t id = tokenizer.vocabSize(); id < model.config.text.vocabSize; ++id)
        ids.push_back(id);
    return ids;
}

TokenLogprob logprobOf(const SampledToken& token)
{
    TokenLogprob result = {token.id.item<int64_t>(), token.logprob.item<double>(), {}};
    for (int64_t i = 0; i < token.topIds.size(0); ++i)
        result.top.emplace_back(token.topIds[i].item<int64_t>(), token.topLogprobs[i].item<double>());
    return result;
}

int64_t contextOf(const gemma3::Model& model, const GenerateRequest& request)
{
    const int64_t most = model.config.text.maxPositions;
    return request.context > 0 ? std::min(request.context, most) : most;
}

}  // namespace

core::Result<void> checkRequest(const gemma3::Model& model, const GenerateRequest& request)
{
    using core::Error;
    using core::ErrorCode;
    if (request.maxTokens < 1)
        return Error{ErrorCode::InvalidInput, "an answer of " + std::to_string(request.maxTokens) +
                                                  " tokens is none: ask for 1 or more"};
    const int64_t promptSize = static_cast<int64_t>(request.prompt.size());
    const int64_t context = contextOf(model, request);
    if (promptSize == 0)
        return Error{ErrorCode::InvalidInput, "the prompt is empty"};
    if (promptSize >= context)
        return Error{ErrorCode::InvalidInput, "the prompt has " + std::to_string(promptSize) +
                                                  " tokens and the model's context " +
                                                  std::to_string(context) + ": shorten it"};
    return checkPrompt(model.config, request.prompt, request.pictures.size());
}

Sequence::Sequence(const gemma3::Model& model, const core::Tokenizer& tokenizer, GenerateRequest request,
                   const SharedMemory& memory)
    : m_model(model),
      m_request(std::move(request)),
      m_memory(memory),
      m_slot{gemma3::KvCache(model.config.text),
             Sampler(m_request.sampling, m_request.prompt, forbiddenIds(model, tokenizer),
                     model.config.text.vocabSize, model.weights.device()),
             {}},
      m_decoder(tokenizer),
      m_stopStrings(m_request.stopStrings)
{
}

int64_t Sequence::numLeft() const
{
    return m_prefill ? m_prefill->numLeft() : static_cast<int64_t>(m_request.prompt.size());
}

/// Finds what a snapshot has. This comes late, at the first step: what is asked for again may just have been
/// computed by the one before.
void Sequence::start()
{
    if (m_memory.prefixes) {
        m_keys = prefixKeys(m_request.prompt, m_model.config.imageTokenId, m_model.config.tokensPerImage,
                            m_request.pictures);
        if (std::optional<PrefixCache::Hit> hit = m_memory.prefixes->find(m_keys, m_memory.adapters)) {
            m_slot.cache = std::move(hit->cache);
            m_hidden_1D = hit->hidden_1D;
        }
    }
    m_result.numCached = m_slot.cache.numTokens();
    const auto cached = m_request.prompt.begin() + m_result.numCached;
    m_firstPicture =
        static_cast<size_t>(std::count(m_request.prompt.begin(), cached, m_model.config.imageTokenId) /
                            m_model.config.tokensPerImage);
    m_prefill.emplace(m_model, m_request.prompt, m_slot.cache);
}

/// Computes the next picture that has no features yet; false if there is none.
bool Sequence::computePicture()
{
    for (size_t i = m_firstPicture; i < m_request.pictures.size(); ++i) {
        Picture& picture = m_request.pictures[i];
        if (picture.feature_TD.defined())
            continue;
        if (m_memory.features && !picture.key.empty())
            picture.feature_TD = m_memory.features->find(picture.key);
        if (picture.feature_TD.defined())
            continue;
        picture.feature_TD = imageFeatures(m_model, picture.pixel_3SS);
        picture.pixel_3SS.reset();
        if (m_memory.features && !picture.key.empty())
            m_memory.features->add(picture.key, picture.feature_TD);
        return true;
    }
    return false;
}

/// Puts the features together that the rest of the prompt needs; false while a picture is still to be
/// computed.
bool Sequence::gatherFeatures()
{
    if (m_hasFeatures)
        return true;
    if (computePicture())
        return false;
    std::vector<at::Tensor> feature_TD;
    for (size_t i = m_firstPicture; i < m_request.pictures.size(); ++i)
        feature_TD.push_back(m_request.pictures[i].feature_TD);
    if (!feature_TD.empty())
        m_feature_XD = at::cat(feature_TD);
    m_hasFeatures = true;
    return true;
}

void Sequence::computeChunk(int64_t maxTokens)
{
    const int64_t before = m_slot.cache.numTokens();
    try {
        const at::Tensor hidden_TD = m_prefill->step(m_feature_XD, maxTokens);
        if (m_prefill->numLeft() == 0)
            m_hidden_1D = hidden_TD.narrow(0, hidden_TD.size(0) - 1, 1).clone();
    } catch (...) {
        m_slot.cache.rewindTo(before);
        throw;
    }
}

void Sequence::prefillStep(int64_t maxTokens)
{
    if (!m_prefill)
        start();
    if (!m_hidden_1D.defined() && !gatherFeatures())
        return;
    const auto startOfStep = Clock::now();
    if (!m_hidden_1D.defined())
        computeChunk(maxTokens);
    if (m_hidden_1D.defined()) {
        begin(m_model, m_slot, m_hidden_1D);
        m_hasBegun = true;
    }
    const int64_t id = m_hasBegun ? m_slot.last.id.item<int64_t>() : 0;
    m_result.secondsOfPrefill += secondsSince(startOfStep);
    if (!m_hasBegun)
        return;
    if (m_memory.prefixes && m_result.numCached < static_cast<int64_t>(m_request.prompt.size()))
        m_memory.prefixes->add(m_keys, m_slot.cache, m_hidden_1D, m_memory.adapters);
    m_feature_XD.reset();
    m_hidden_1D.reset();
    m_result.secondsToFirstToken = secondsSince(m_request.arrived);
    m_firstTokenAt = Clock::now();
    take(id);
}

void Sequence::take(int64_t id)
{
    if (std::ranges::find(m_request.stopIds, id) != m_request.stopIds.end()) {
        end(FinishReason::Stop);
        return;
    }
    m_result.ids.push_back(id);
    if (m_request.sampling.numLogprobs >= 0) {
        m_result.logprobs.push_back(logprobOf(m_slot.last));
        m_piece.logprobs.push_back(m_result.logprobs.back());
    }
    m_piece.text += m_stopStrings.push(m_decoder.push(id));
    const int64_t room = contextOf(m_model, m_request) - static_cast<int64_t>(m_request.prompt.size());
    if (m_stopStrings.found())
        end(FinishReason::Stop);
    else if (static_cast<int64_t>(m_result.ids.size()) >= std::min(m_request.maxTokens, room))
        end(FinishReason::Length);
}

void Sequence::cancel()
{
    if (!m_ended)
        end(FinishReason::Cancelled);
}

void Sequence::end(FinishReason reason)
{
    m_ended = true;
    m_result.finish = reason;
    if (reason != FinishReason::Cancelled) {
        m_piece.text += m_stopStrings.push(m_decoder.finish());
        m_piece.text += m_stopStrings.finish();
    }
    if (!m_hasBegun)
        return;
    m_result.secondsOfDecode = secondsSince(m_firstTokenAt);
    if (m_memory.prefixes) {
        m_keys.insert(m_keys.end(), m_result.ids.begin(), m_result.ids.end());
        m_memory.prefixes->add(m_keys, m_slot.cache, {}, m_memory.adapters);
    }
}

AnswerPiece Sequence::takePiece()
{
    m_result.text += m_piece.text;
    return std::exchange(m_piece, {});
}

}  // namespace facet::engine
