#pragma once

// One request of a client and its answers: from the API's fields to the scheduler, and back as chunks or
// whole.

#include "core/api/answer.h"
#include "core/api/request.h"
#include "engine/generate/prompt.h"
#include "engine/serve/model_host.h"
#include "engine/serve/picture_source.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

namespace facet::engine::serve {

using core::api::ErrorBody;

/// What answers: a model, with a set of adapters on it or none.
struct AnsweringModel {
    std::shared_ptr<ServedModel> base;
    std::shared_ptr<AdaptedModel> adapted;

    PictureFeatures& features() const
    {
        return adapted && adapted->features ? *adapted->features : base->features;
    }
    AnswerMemory& answers() const { return adapted ? adapted->answers : base->answers; }
};

/// Errors  what the request's prompt may be refused for; `param` names the field.
std::variant<core::api::Tokens, ErrorBody> tokensOf(const AnsweringModel& model,
                                                    const PictureSource& pictures,
                                                    const core::api::TokenizeRequest& request);

/// The answers to one request. Destroying it ends them.
class Answering {
public:
    using Started = std::variant<std::unique_ptr<Answering>, ErrorBody>;

    static Started start(const AnsweringModel& model, const PictureSource& pictures,
                         const core::api::ChatRequest& request);
    static Started start(const AnsweringModel& model, const PictureSource& pictures,
                         const core::api::CompletionRequest& request);

    /// The next chunks of a stream, none if nothing came in `patience`. An answer that failed ends them all.
    std::variant<std::vector<core::api::Answer>, ErrorBody> next(std::chrono::milliseconds patience);

    bool hasEnded() const { return m_numEnded == m_choices.size(); }

    /// All that was written, once it has ended.
    core::api::Answer whole() const;

private:
    struct Event {
        size_t choice = 0;
        AnswerPiece piece;
        std::optional<core::Result<GenerateResult>> end;
    };

    /// Between the scheduler's thread and the client's. It outlives whichever goes first.
    struct Inbox {
        std::mutex mutex;
        std::condition_variable arrived;
        std::deque<Event> events;

        void put(Event event);
        std::deque<Event> take(std::chrono::milliseconds patience);
    };

    struct Choice {
        int64_t numPromptTokens = 0;
        int64_t numImageTokens = 0;
        GenerateResult result;
    };

    Answering(const AnsweringModel& model, core::api::AnswerForm form,
              const core::api::AnswerOptions& options);
    static Started start(const AnsweringModel& model, core::api::AnswerForm form,
                         const core::api::AnswerOptions& options, std::vector<PreparedPrompt> prompts,
                         std::chrono::steady_clock::time_point arrived);

    core::api::Answer empty(bool isChunk) const;
    core::api::Answer chunk(core::api::Choice choice) const;
    core::api::Usage usage() const;
    core::api::Timings timings() const;
    std::vector<core::api::TokenLogprob> logprobs(const std::vector<TokenLogprob>& tokens) const;

    const AnsweringModel m_model;
    const core::api::AnswerForm m_form;
    const core::api::AnswerOptions m_options;
    std::string m_id;
    int64_t m_created = 0;
    std::vector<Choice> m_choices;
    size_t m_numEnded = 0;
    std::shared_ptr<Inbox> m_inbox = std::make_shared<Inbox>();
    std::optional<Scheduler::Ticket> m_ticket;
};

}  // namespace facet::engine::serve
