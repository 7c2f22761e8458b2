#include "engine/generate/scheduler.h"

#include "engine/guard.h"

#include <algorithm>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;

/// LibTorch's own words name allocators and settings that its user cannot know.
Error inWords(const Error& error, at::Device device)
{
    if (error.code != ErrorCode::OutOfMemory)
        return error;
    return {
        ErrorCode::OutOfMemory,
        "the memory of " + device.str() +
            " ran out during this answer: shorten the conversation, unload another model, or load this one "
            "with smaller weights or a shorter context"};
}

}  // namespace

Scheduler::Scheduler(const gemma3::Model& model, const core::Tokenizer& tokenizer, const Settings& settings,
                     const SharedMemory& memory)
    : m_model(model), m_tokenizer(tokenizer), m_settings(settings), m_memory(memory), m_thread([this] {
          run();
      })
{
}

Scheduler::~Scheduler()
{
    stop();
}

void Scheduler::stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stops = true;
    }
    m_wakeUp.notify_all();
    const std::lock_guard lock(m_joining);
    if (m_thread.joinable())
        m_thread.join();
}

core::Result<Scheduler::Ticket> Scheduler::submit(std::vector<Work> works)
{
    for (const Work& work : works)
        if (const core::Result<void> checked = checkRequest(m_model, work.request); !checked)
            return checked.error();
    auto isCancelled = std::make_shared<std::atomic<bool>>(false);
    {
        const std::lock_guard lock(m_mutex);
        const int64_t others = m_numRunning + static_cast<int64_t>(m_waiting.size());
        if (m_stops)
            return Error{ErrorCode::Unavailable, "the model is being unloaded"};
        if (others + static_cast<int64_t>(works.size()) > m_settings.numSlots + m_settings.maxWaiting)
            return Error{ErrorCode::Unavailable,
                         std::to_string(others) + " answers are being written or waited for, and " +
                             std::to_string(m_settings.numSlots + m_settings.maxWaiting) +
                             " are the most: try again in a while"};
        for (Work& work : works)
            m_waiting.push_back(std::make_unique<Job>(Job{std::move(work), isCancelled, nullptr}));
    }
    m_wakeUp.notify_all();
    return Ticket(std::move(isCancelled));
}

Scheduler::State Scheduler::state() const
{
    const std::lock_guard lock(m_mutex);
    return {m_numRunning, static_cast<int64_t>(m_waiting.size())};
}

void Scheduler::run()
{
    const c10::InferenceMode noGradients;
    while (takeNewJobs()) {
        endCancelled();
        decode();
        prefill();
        removeEnded();
    }
    const Error error = {ErrorCode::Unavailable, "the model was unloaded while this answer was written"};
    for (const auto& job : m_running)
        job->work.onEnd(error);
    m_running.clear();
    const std::lock_guard lock(m_mutex);
    for (const auto& job : m_waiting)
        job->work.onEnd(error);
    m_waiting.clear();
    m_numRunning = 0;
}

/// Waits for something to do and fills the free slots; false when it is time to go.
bool Scheduler::takeNewJobs()
{
    std::unique_lock lock(m_mutex);
    m_wakeUp.wait(lock, [this] { return m_stops || !m_running.empty() || !m_waiting.empty(); });
    if (m_stops)
        return false;
    // Whoever went away while waiting is let go here, in front of full slots, too.
    for (auto job = m_waiting.begin(); job != m_waiting.end();) {
        if (*(*job)->isCancelled) {
            GenerateResult none;
            none.finish = FinishReason::Cancelled;
            (*job)->work.onEnd(std::move(none));
            job = m_waiting.erase(job);
        } else {
            ++job;
        }
    }
    while (!m_waiting.empty() && static_cast<int64_t>(m_running.size()) < m_settings.numSlots) {
        m_running.push_back(std::move(m_waiting.front()));
        m_waiting.pop_front();
    }
    m_numRunning = static_cast<int64_t>(m_running.size());
    lock.unlock();

    for (const auto& job : m_running) {
        if (job->sequence)
            continue;
        const core::Result<void> made = guarded([&] {
            const AdaptedModel* const adapted = job->work.adapted.get();
            SharedMemory memory = m_memory;
            if (adapted) {
                memory.adapters = adapted->key;
                memory.features = adapted->features ? adapted->features.get() : m_memory.features;
            }
            job->sequence = std::make_unique<Sequence>(adapted ? adapted->model : m_model, m_tokenizer,
                                                       std::move(job->work.request), memory);
        });
        if (!made)
            fail(*job, made.error());
    }
    removeEnded();
    return true;
}

void Scheduler::endCancelled()
{
    for (const auto& job : m_running) {
        if (!*job->isCancelled || !job->sequence || job->sequence->hasEnded())
            continue;
        job->sequence->cancel();
        deliver(*job);
    }
}

void Scheduler::decode()
{
    std::vector<std::vector<Job*>> groups;  // of one model each
    for (const auto& job : m_running) {
        if (!job->sequence || job->sequence->hasEnded() || job->sequence->isPrefilling())
            continue;
        const auto group = std::ranges::find_if(groups, [&](const std::vector<Job*>& jobs) {
            return &jobs.front()->sequence->model() == &job->sequence->model();
        });
        if (group == groups.end())
            groups.push_back({job.get()});
        else
            group->push_back(job.get());
    }
    for (const std::vector<Job*>& jobs : groups)
        decodeTogether(jobs);
}

void Scheduler::decodeTogether(const std::vector<Job*>& jobs)
{
    if (jobs.size() == 1) {
        decodeAlone(*jobs.front());
        return;
    }
    std::vector<Slot*> slots;
    std::vector<int64_t> numTokens;
    std::vector<SampledToken> last;
    for (const Job* job : jobs) {
        const Slot* const slot = slots.emplace_back(&job->sequence->slot());
        numTokens.push_back(slot->cache.numTokens());
        last.push_back(slot->last);
    }
    const core::Result<at::Tensor> ids = guarded([&] {
        decodeStep(jobs.front()->sequence->model(), slots);
        std::vector<at::Tensor> id;
        for (const Slot* slot : slots)
            id.push_back(slot->last.id);
        return at::cat(id).cpu();
    });
    if (ids) {
        for (size_t i = 0; i < jobs.size(); ++i) {
            const core::Result<void> taken =
                guarded([&] { jobs[i]->sequence->take((*ids)[static_cast<int64_t>(i)].item<int64_t>()); });
            if (taken)
                deliver(*jobs[i]);
            else
                fail(*jobs[i], taken.error());
        }
        return;
    }
    // Somebody's step is too much: one after the other shows whose.
    for (size_t i = 0; i < jobs.size(); ++i) {
        slots[i]->cache.rewindTo(numTokens[i]);
        slots[i]->last = last[i];
        decodeAlone(*jobs[i]);
    }
}

void Scheduler::decodeAlone(Job& job)
{
    Slot* const slots[] = {&job.sequence->slot()};
    const int64_t numTokens = slots[0]->cache.numTokens();
    const SampledToken last = slots[0]->last;
    const auto step = [&] {
        decodeStep(job.sequence->model(), slots);
        job.sequence->take(slots[0]->last.id.item<int64_t>());
    };
    core::Result<void> done = guarded(step);
    if (!done && done.error().code == ErrorCode::OutOfMemory && m_memory.prefixes) {
        m_memory.prefixes->clear();
        slots[0]->cache.rewindTo(numTokens);
        slots[0]->last = last;
        done = guarded(step);
    }
    if (done)
        deliver(job);
    else
        fail(job, done.error());
}

void Scheduler::prefill()
{
    Job* next = nullptr;
    bool othersWrite = false;
    for (const auto& job : m_running) {
        if (!job->sequence || job->sequence->hasEnded())
            continue;
        const Sequence& sequence = *job->sequence;
        if (!sequence.isPrefilling())
            othersWrite = true;
        else if (!next || sequence.numLeft() < next->sequence->numLeft())
            next = job.get();
    }
    if (!next)
        return;
    const auto step = [&] {
        next->sequence->prefillStep(othersWrite ? m_settings.chunkBesideOthers : m_settings.chunk);
    };
    core::Result<void> done = guarded(step);
    if (!done && done.error().code == ErrorCode::OutOfMemory && m_memory.prefixes) {
        m_memory.prefixes->clear();
        done = guarded(step);
    }
    if (done)
        deliver(*next);
    else
        fail(*next, done.error());
}

/// Hands out what became whole, and the end if it has come.
void Scheduler::deliver(Job& job)
{
    AnswerPiece piece = job.sequence->takePiece();
    if (!piece.isEmpty())
        job.work.onPiece(std::move(piece));
    if (job.sequence->hasEnded())
        job.work.onEnd(job.sequence->result());
}

void Scheduler::fail(Job& job, const Error& error)
{
    job.work.onEnd(inWords(error, m_model.weights.device()));
    job.sequence.reset();
}

void Scheduler::removeEnded()
{
    std::erase_if(m_running, [](const std::unique_ptr<Job>& job) {
        return !job->sequence || job->sequence->hasEnded();
    });
    const std::lock_guard lock(m_mutex);
    m_numRunning = static_cast<int64_t>(m_running.size());
}

}  // namespace facet::engine
