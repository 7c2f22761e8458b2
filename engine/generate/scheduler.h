#pragma once

// Answers of one model, several at once. One thread takes all steps: in turn one token for each answer that
// is being written, all in one go, and a stretch of one prompt, so that a long prompt delays the others'
// tokens but does not stop them. A prompt with less to do goes first. Answers with different adapters share
// no step, since each has its own model; those with the same do.

#include "engine/generate/adapted_model.h"
#include "engine/generate/sequence.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace facet::engine {

class Scheduler {
public:
    struct Settings {
        int64_t numSlots = 8;     ///< answers at once
        int64_t maxWaiting = 64;  ///< beyond them
        int64_t chunk = 512;      ///< tokens of a prompt in one step while nobody else waits for tokens
        int64_t chunkBesideOthers = 512;
    };

    /// Both are called from the scheduler's thread and must not block. After onEnd nothing comes any more.
    struct Work {
        GenerateRequest request;
        std::function<void(AnswerPiece)> onPiece;
        std::function<void(core::Result<GenerateResult>)> onEnd;
        std::shared_ptr<const AdaptedModel> adapted = nullptr;  ///< of the scheduler's model; none: itself
    };

    /// Ends its answers when it is destroyed; then onEnd comes with FinishReason::Cancelled.
    class Ticket {
    public:
        explicit Ticket(std::shared_ptr<std::atomic<bool>> isCancelled)
            : m_isCancelled(std::move(isCancelled))
        {
        }
        Ticket(Ticket&&) = default;
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket()
        {
            if (m_isCancelled)
                *m_isCancelled = true;
        }

    private:
        std::shared_ptr<std::atomic<bool>> m_isCancelled;
    };

    struct State {
        int64_t running = 0;
        int64_t waiting = 0;
    };

    /// All of them must outlive this.
    Scheduler(const gemma3::Model& model, const core::Tokenizer& tokenizer, const Settings& settings,
              const SharedMemory& memory);

    ~Scheduler();

    /// Ends all answers with an error, Unavailable, and takes no more. Blocks for the step that is being
    /// taken.
    ///
    /// Thread  any but the scheduler's own.
    void stop();

    /// Queues requests that belong together: all of them or none.
    ///
    /// Errors  those of checkRequest(); Unavailable if too many are waiting.
    /// Thread  any.
    core::Result<Ticket> submit(std::vector<Work> works);

    /// Thread  any.
    State state() const;
    const Settings& settings() const { return m_settings; }

private:
    struct Job {
        Work work;
        std::shared_ptr<std::atomic<bool>> isCancelled;
        std::unique_ptr<Sequence> sequence;  // none while it waits
    };
    using Jobs = std::vector<std::unique_ptr<Job>>;

    void run();
    bool takeNewJobs();
    void endCancelled();
    void decode();
    void decodeTogether(const std::vector<Job*>& jobs);
    void decodeAlone(Job& job);
    void prefill();
    void deliver(Job& job);
    void fail(Job& job, const core::Error& error);
    void removeEnded();

    const gemma3::Model& m_model;
    const core::Tokenizer& m_tokenizer;
    const Settings m_settings;
    const SharedMemory m_memory;

    mutable std::mutex m_mutex;
    std::condition_variable m_wakeUp;
    std::deque<std::unique_ptr<Job>> m_waiting;  // guarded by m_mutex
    int64_t m_numRunning = 0;                    // guarded by m_mutex
    bool m_stops = false;                        // guarded by m_mutex

    Jobs m_running;  // the thread's own
    std::mutex m_joining;
    std::thread m_thread;
};

}  // namespace facet::engine
