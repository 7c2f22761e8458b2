#include "engine/serve/answering.h"

#include "core/chat/chat_template.h"
#include "engine/generate/prompt.h"
#include "engine/guard.h"
#include "engine/serve/access.h"

#include <algorithm>
#include <random>

namespace facet::engine::serve {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using core::api::AnswerForm;
using core::api::AnswerOptions;
using core::api::makeError;
using core::api::TextOrIds;

constexpr int64_t kDefaultCompletionTokens = 16;  // as OpenAI has it

PromptSettings settingsOf(const AnsweringModel& model, const PictureSource& pictures,
                          std::optional<bool> panAndScan)
{
    PromptSettings settings;
    settings.panAndScan = panAndScan.value_or(model.base->loaded.preprocessing.panAndScan);
    settings.readPicture = [&pictures](const std::string& source) { return pictures.read(source); };
    settings.features = &model.features();
    settings.answers = &model.answers();
    return settings;
}

/// What is wrong with a prompt is the client's to mend, but not what ran out here.
ErrorBody promptError(const Error& error, const char* param)
{
    return error.code == ErrorCode::OutOfMemory || error.code == ErrorCode::Internal
               ? core::api::errorBody(error)
               : makeError(400, error.message, param);
}

std::variant<PreparedPrompt, ErrorBody> prepared(const AnsweringModel& model, const PictureSource& pictures,
                                                 const std::vector<core::Message>& messages,
                                                 std::optional<bool> panAndScan, bool addGenerationPrompt)
{
    if (model.base->isBase())
        return makeError(
            400,
            "model " + model.base->id +
                " is a base model: it has no chat template and completes text; use /v1/completions",
            "model");
    PromptSettings settings = settingsOf(model, pictures, panAndScan);
    settings.addGenerationPrompt = addGenerationPrompt;
    Result<Result<PreparedPrompt>> prompt =
        guarded([&] { return prepareChat(model.base->loaded, messages, settings); });
    if (!prompt)
        return promptError(prompt.error(), "messages");
    if (!*prompt)
        return promptError(prompt->error(), "messages");
    return std::move(**prompt);
}

std::variant<PreparedPrompt, ErrorBody> prepared(const AnsweringModel& model, const PictureSource& pictures,
                                                 const TextOrIds& text)
{
    if (const auto* ids = std::get_if<std::vector<int64_t>>(&text))
        return PreparedPrompt{*ids, {}};
    Result<Result<PreparedPrompt>> prompt = guarded([&] {
        return prepareCompletion(model.base->loaded, std::get<std::string>(text), {},
                                 settingsOf(model, pictures, std::nullopt));
    });
    if (!prompt)
        return promptError(prompt.error(), "prompt");
    if (!*prompt)
        return promptError(prompt->error(), "prompt");
    return std::move(**prompt);
}

SamplingOptions samplingOf(const AnswerOptions& options, const core::GenerationConfig& model, uint64_t seed)
{
    SamplingOptions sampling = engine::samplingOf(model);
    sampling.temperature = options.temperature.value_or(sampling.temperature);
    sampling.topK = options.topK.value_or(sampling.topK);
    sampling.topP = options.topP.value_or(sampling.topP);
    sampling.minP = options.minP.value_or(0);
    sampling.repetitionPenalty = options.repetitionPenalty.value_or(1);
    sampling.presencePenalty = options.presencePenalty.value_or(0);
    sampling.frequencyPenalty = options.frequencyPenalty.value_or(0);
    sampling.seed = seed;
    sampling.numLogprobs = options.logprobs.value_or(-1);
    return sampling;
}

uint64_t randomSeed()
{
    return std::random_device()();
}

int64_t numImageTokens(const ServedModel& model, const std::vector<int64_t>& ids)
{
    return std::ranges::count(ids, model.loaded.model.config.imageTokenId);
}

/// The client will send this text with the next turn; then its ids are to be the same again. A text that was
/// cut, at a stop string or in the middle of a character, is not what its ids say.
void remember(const core::Tokenizer& tokenizer, AnswerMemory& answers, const std::vector<int64_t>& prompt,
              const GenerateResult& result)
{
    if (tokenizer.decode(result.ids, /*skipControlPieces=*/true) == result.text)
        answers.remember(prompt, core::renderedText(result.text), result.ids);
}

const char* nameOf(FinishReason reason)
{
    return reason == FinishReason::Length ? "length" : "stop";
}

}  // namespace

std::variant<core::api::Tokens, ErrorBody> tokensOf(const AnsweringModel& model,
                                                    const PictureSource& pictures,
                                                    const core::api::TokenizeRequest& request)
{
    std::variant<PreparedPrompt, ErrorBody> prompt =
        request.messages.empty()
            ? prepared(model, pictures, TextOrIds(request.prompt))
            : prepared(model, pictures, request.messages, request.panAndScan, request.addGenerationPrompt);
    if (auto* error = std::get_if<ErrorBody>(&prompt))
        return std::move(*error);
    core::api::Tokens tokens;
    tokens.ids = std::move(std::get<PreparedPrompt>(prompt).ids);
    tokens.numImageTokens = numImageTokens(*model.base, tokens.ids);
    tokens.maxTokens = model.base->context;
    return tokens;
}

void Answering::Inbox::put(Event event)
{
    {
        const std::lock_guard lock(mutex);
        events.push_back(std::move(event));
    }
    arrived.notify_all();
}

std::deque<Answering::Event> Answering::Inbox::take(std::chrono::milliseconds patience)
{
    std::unique_lock lock(mutex);
    arrived.wait_for(lock, patience, [this] { return !events.empty(); });
    return std::exchange(events, {});
}

Answering::Answering(const AnsweringModel& model, AnswerForm form, const AnswerOptions& options)
    : m_model(model),
      m_form(form),
      m_options(options),
      m_id((form == AnswerForm::Chat ? "chatcmpl-" : "cmpl-") + randomToken().substr(0, 24)),
      m_created(std::chrono::duration_cast<std::chrono::seconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count())
{
}

Answering::Started Answering::start(const AnsweringModel& model, const PictureSource& pictures,
                                    const core::api::ChatRequest& request)
{
    const auto arrived = std::chrono::steady_clock::now();
    std::variant<PreparedPrompt, ErrorBody> prompt =
        prepared(model, pictures, request.messages, request.options.panAndScan, /*addGenerationPrompt=*/true);
    if (auto* error = std::get_if<ErrorBody>(&prompt))
        return std::move(*error);
    std::vector<PreparedPrompt> prompts;
    prompts.push_back(std::move(std::get<PreparedPrompt>(prompt)));
    return start(model, AnswerForm::Chat, request.options, std::move(prompts), arrived);
}

Answering::Started Answering::start(const AnsweringModel& model, const PictureSource& pictures,
                                    const core::api::CompletionRequest& request)
{
    const auto arrived = std::chrono::steady_clock::now();
    AnswerOptions options = request.options;
    options.maxTokens = options.maxTokens.value_or(kDefaultCompletionTokens);
    if (options.n * static_cast<int64_t>(request.prompts.size()) > core::api::kMaxAnswers)
        return makeError(400,
                         "n is " + std::to_string(options.n) + " for " +
                             std::to_string(request.prompts.size()) + " prompts; " +
                             std::to_string(core::api::kMaxAnswers) + " answers in all are the most",
                         "n");
    std::vector<PreparedPrompt> prompts;
    for (const TextOrIds& text : request.prompts) {
        std::variant<PreparedPrompt, ErrorBody> prompt = prepared(model, pictures, text);
        if (auto* error = std::get_if<ErrorBody>(&prompt))
            return std::move(*error);
        prompts.push_back(std::move(std::get<PreparedPrompt>(prompt)));
    }
    return start(model, AnswerForm::Completion, options, std::move(prompts), arrived);
}

Answering::Started Answering::start(const AnsweringModel& model, AnswerForm form,
                                    const AnswerOptions& options, std::vector<PreparedPrompt> prompts,
                                    std::chrono::steady_clock::time_point arrived)
{
    const char* const param = form == AnswerForm::Chat ? "messages" : "prompt";
    ServedModel& base = *model.base;
    std::unique_ptr<Answering> answering(new Answering(model, form, options));
    std::vector<Scheduler::Work> works;
    for (const PreparedPrompt& prompt : prompts) {
        if (static_cast<int64_t>(prompt.ids.size()) >= base.context)
            return makeError(400,
                             "the prompt has " + std::to_string(prompt.ids.size()) +
                                 " tokens and the context of " + base.id + " is " +
                                 std::to_string(base.context) + ": shorten it, or load the model with more",
                             param, "context_length_exceeded");
        for (int64_t i = 0; i < options.n; ++i) {
            const size_t choice = answering->m_choices.size();
            answering->m_choices.push_back(
                {static_cast<int64_t>(prompt.ids.size()), numImageTokens(base, prompt.ids), {}});
            GenerateRequest request;
            request.arrived = arrived;
            request.prompt = prompt.ids;
            request.pictures = prompt.pictures;
            request.sampling =
                samplingOf(options, base.loaded.generation,
                           options.seed ? static_cast<uint64_t>(*options.seed) + choice : randomSeed());
            request.context = base.context;
            request.maxTokens = options.maxTokens.value_or(base.context);
            request.stopIds = base.loaded.generation.eosTokenIds;
            request.stopStrings = options.stop;
            // The scheduler belongs to the model, and its work holds the adapted one, so both outlive what is
            // called from there.
            works.push_back({std::move(request),
                             [inbox = answering->m_inbox, choice](AnswerPiece piece) {
                                 inbox->put({choice, std::move(piece), std::nullopt});
                             },
                             [inbox = answering->m_inbox, choice, served = &base, answers = &model.answers(),
                              ids = form == AnswerForm::Chat ? prompt.ids : std::vector<int64_t>()](
                                 Result<GenerateResult> result) {
                                 if (result && !ids.empty())
                                     remember(served->tokenizer(), *answers, ids, *result);
                                 inbox->put({choice, {}, std::move(result)});
                             },
                             model.adapted});
        }
    }
    Result<Scheduler::Ticket> ticket = base.scheduler.submit(std::move(works));
    if (!ticket)
        return ticket.error().code == ErrorCode::Unavailable ? makeError(429, ticket.error().message)
                                                             : promptError(ticket.error(), param);
    answering->m_ticket.emplace(std::move(*ticket));
    return answering;
}

std::variant<std::vector<core::api::Answer>, ErrorBody> Answering::next(std::chrono::milliseconds patience)
{
    std::vector<core::api::Answer> chunks;
    for (Event& event : m_inbox->take(patience)) {
        core::api::Choice choice;
        choice.index = static_cast<int64_t>(event.choice);
        if (!event.end) {
            choice.text = std::move(event.piece.text);
            if (m_options.logprobs)
                choice.logprobs = logprobs(event.piece.logprobs);
            chunks.push_back(chunk(std::move(choice)));
            continue;
        }
        if (!*event.end)
            return core::api::errorBody(event.end->error());
        m_choices[event.choice].result = std::move(**event.end);
        ++m_numEnded;
        choice.finishReason = nameOf(m_choices[event.choice].result.finish);
        chunks.push_back(chunk(std::move(choice)));
        if (!hasEnded())
            continue;
        if (m_options.includeUsage) {
            chunks.push_back(empty(/*isChunk=*/true));
            chunks.back().usage = usage();
        }
        chunks.back().timings = timings();
    }
    return chunks;
}

core::api::Answer Answering::whole() const
{
    core::api::Answer answer = empty(/*isChunk=*/false);
    for (size_t i = 0; i < m_choices.size(); ++i) {
        const GenerateResult& result = m_choices[i].result;
        core::api::Choice choice = {static_cast<int64_t>(i), result.text, nameOf(result.finish),
                                    std::nullopt};
        if (m_options.logprobs)
            choice.logprobs = logprobs(result.logprobs);
        answer.choices.push_back(std::move(choice));
    }
    answer.usage = usage();
    answer.timings = timings();
    return answer;
}

core::api::Answer Answering::empty(bool isChunk) const
{
    return {m_form, isChunk, m_id, m_created, m_model.base->id, {}, std::nullopt, std::nullopt};
}

core::api::Answer Answering::chunk(core::api::Choice choice) const
{
    core::api::Answer answer = empty(/*isChunk=*/true);
    answer.choices.push_back(std::move(choice));
    return answer;
}

/// A prompt counts once, however many answers it has.
core::api::Usage Answering::usage() const
{
    core::api::Usage usage;
    for (size_t i = 0; i < m_choices.size(); ++i) {
        const Choice& choice = m_choices[i];
        usage.completionTokens += static_cast<int64_t>(choice.result.ids.size());
        if (i % static_cast<size_t>(m_options.n) != 0)
            continue;
        usage.promptTokens += choice.numPromptTokens;
        usage.imageTokens += choice.numImageTokens;
        usage.cachedTokens += choice.result.numCached;
    }
    return usage;
}

core::api::Timings Answering::timings() const
{
    const Choice& first = m_choices.front();
    core::api::Timings timings;
    timings.secondsToFirstToken = first.result.secondsToFirstToken;
    if (first.result.secondsOfPrefill > 0)
        timings.prefillTokensPerSecond =
            double(first.numPromptTokens - first.result.numCached) / first.result.secondsOfPrefill;
    if (first.result.secondsOfDecode > 0 && !first.result.ids.empty())
        timings.decodeTokensPerSecond = double(first.result.ids.size() - 1) / first.result.secondsOfDecode;
    return timings;
}

std::vector<core::api::TokenLogprob> Answering::logprobs(const std::vector<TokenLogprob>& tokens) const
{
    const core::Tokenizer& tokenizer = m_model.base->tokenizer();
    const auto candidate = [&](int64_t id, double logprob) {
        std::string bytes = tokenizer.bytesOf(id);
        const int64_t ids[] = {id};
        if (bytes.empty())  // a control piece
            bytes = tokenizer.decode(ids, /*skipControlPieces=*/false);
        return core::api::TokenLogprob::Candidate{bytes, bytes, logprob};
    };
    std::vector<core::api::TokenLogprob> result;
    for (const TokenLogprob& token : tokens) {
        core::api::TokenLogprob entry = {candidate(token.id, token.logprob), {}};
        for (const auto& [id, logprob] : token.top)
            entry.top.push_back(candidate(id, logprob));
        result.push_back(std::move(entry));
    }
    return result;
}

}  // namespace facet::engine::serve
