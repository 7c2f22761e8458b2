#include "core/conversations/conversation_writer.h"

#include <algorithm>
#include <utility>

namespace facet::core {

ConversationWriter::ConversationWriter(std::filesystem::path path)
    : m_path(std::move(path)), m_thread([this] { work(); })
{
}

ConversationWriter::~ConversationWriter()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    m_posted.notify_one();
    m_thread.join();
}

void ConversationWriter::post(Task task, Durability durability, Committed committed)
{
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.push_back({std::move(task), durability, std::move(committed)});
        m_isUrgent = m_isUrgent || durability == Durability::Power;
    }
    m_posted.notify_one();
}

void ConversationWriter::work()
{
    std::error_code ignored;  // the opening says what is wrong
    std::filesystem::create_directories(m_path.parent_path(), ignored);
    Result<ConversationStore> store = ConversationStore::open(m_path);
    auto last = std::chrono::steady_clock::now() - kBatch;
    while (true) {
        std::vector<Job> jobs;
        {
            std::unique_lock lock(m_mutex);
            m_posted.wait(lock, [this] { return !m_jobs.empty() || m_isEnding; });
            m_posted.wait_until(lock, last + kBatch, [this] { return m_isUrgent || m_isEnding; });
            if (m_jobs.empty() && m_isEnding)
                return;
            jobs = std::exchange(m_jobs, {});
            m_isUrgent = false;
        }
        if (store)
            run(*store, jobs);
        else
            for (const Job& job : jobs)
                job.committed(store.error());
        last = std::chrono::steady_clock::now();
    }
}

void ConversationWriter::run(ConversationStore& store, std::vector<Job>& jobs)
{
    const bool isDurable = std::any_of(jobs.begin(), jobs.end(),
                                       [](const Job& job) { return job.durability == Durability::Power; });
    std::vector<Result<void>> results;
    Result<void> whole = store.begin(isDurable ? Durability::Power : Durability::Process);
    if (whole) {
        for (const Job& job : jobs) {
            Result<void> result = store.beginPart();
            if (result)
                result = job.task(store);
            store.endPart(/*keep=*/bool(result));
            results.push_back(std::move(result));
        }
        whole = store.commit();
        if (!whole)
            store.rollBack();
    }
    for (size_t i = 0; i < jobs.size(); ++i)
        jobs[i].committed(whole ? results[i] : whole);
}

}  // namespace facet::core
