#pragma once

// The one thread that reads and writes the store, so that no window waits for a disk. Tasks run in the order
// in which they were posted, several to a transaction; each hears back only once that is committed. Text that
// is shown after that outlives the program.

#include "core/conversations/conversation_store.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace facet::core {

class ConversationWriter {
public:
    using Task = std::function<Result<void>(ConversationStore&)>;
    using Committed = std::function<void(Result<void>)>;

    /// Tasks wait for company for at most this long. Those with Durability::Power do not wait.
    static constexpr std::chrono::milliseconds kBatch{25};

    /// Opens the store in its own thread; if that fails, each task hears why.
    explicit ConversationWriter(std::filesystem::path path);

    /// Finishes what was posted.
    ~ConversationWriter();

    ConversationWriter(const ConversationWriter&) = delete;
    ConversationWriter& operator=(const ConversationWriter&) = delete;

    /// Runs `task` in a transaction, then `committed` with the first thing that went wrong: in the task,
    /// whose changes are then undone, or in the commit.
    ///
    /// Thread  any; both functions run in the writer's.
    void post(Task task, Durability durability, Committed committed);

private:
    struct Job {
        Task task;
        Durability durability;
        Committed committed;
    };

    void work();
    static void run(ConversationStore& store, std::vector<Job>& jobs);

    const std::filesystem::path m_path;
    std::mutex m_mutex;
    std::condition_variable m_posted;
    std::vector<Job> m_jobs;
    bool m_isUrgent = false;
    bool m_isEnding = false;
    std::thread m_thread;
};

}  // namespace facet::core
