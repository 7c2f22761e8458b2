#include "engine/train/run_recorder.h"

#include <chrono>

namespace facet::engine {
namespace {

constexpr size_t kMaxWaiting = 10'000;

}  // namespace

double RunRecorder::now()
{
    using namespace std::chrono;
    return duration<double>(system_clock::now().time_since_epoch()).count();
}

core::Result<RunRecorder> RunRecorder::open(const core::RunFolder& folder, bool tensorBoard,
                                            std::function<void(const std::string&)> say)
{
    core::Result<core::EventLog> log = core::EventLog::open(folder.events());
    if (!log)
        return log.error();
    RunRecorder recorder(folder, std::move(*log), std::move(say));
    if (tensorBoard) {
        core::Result<core::TensorBoardLog> board = core::TensorBoardLog::create(folder.path, now());
        if (!board)
            return board.error();
        recorder.m_tensorBoard = std::move(*board);
    }
    return recorder;
}

void RunRecorder::append(const core::RunEvent& event)
{
    m_waiting.push_back(event);
    while (!m_waiting.empty()) {
        const core::Result<void> written = m_log.append(m_waiting.front());
        note(written);
        if (!written)
            break;
        m_waiting.pop_front();
    }
    if (m_waiting.size() > kMaxWaiting)
        m_waiting.pop_front();
    if (m_tensorBoard)
        toTensorBoard(event);
}

void RunRecorder::toTensorBoard(const core::RunEvent& event)
{
    const int64_t step = core::stepOf(event);
    const auto scalar = [&](const char* tag, double value) {
        note(m_tensorBoard->addScalar(tag, step, value, event.time));
    };
    if (const auto* metric = std::get_if<core::MetricEvent>(&event.what)) {
        scalar("train/loss", metric->loss);
        scalar("train/learning_rate", metric->lr);
        scalar("train/grad_norm", metric->gradNorm);
        scalar("train/tokens_per_second", metric->tokensPerSecond);
    } else if (const auto* validation = std::get_if<core::ValidationEvent>(&event.what)) {
        scalar("validation/loss", validation->loss);
    } else if (const auto* sample = std::get_if<core::SampleEvent>(&event.what)) {
        note(
            m_tensorBoard->addText("sample/" + sample->prompt.substr(0, 60), step, sample->text, event.time));
    }
}

void RunRecorder::note(const core::Result<void>& written)
{
    if (!written && !m_isFailing)
        m_say("the run goes on, but its records cannot be written: " + written.error().message);
    m_isFailing = !written;
}

void RunRecorder::warn(int64_t step, const std::string& text)
{
    m_say("step " + std::to_string(step) + ": " + text);
    record(core::WarningEvent{step, text});
}

void RunRecorder::setState(core::RunState state, const std::string& message)
{
    m_status.state = state;
    m_status.message = message;
    record(core::StateEvent{std::string(core::nameOf(state)), message});
    writeStatusNow();
}

void RunRecorder::beat(int64_t step, int64_t numSteps)
{
    m_status.step = step;
    m_status.numSteps = numSteps;
    if (now() - m_status.heartbeat >= 1)
        writeStatusNow();
}

void RunRecorder::writeStatusNow()
{
    m_status.heartbeat = now();
    note(core::writeStatus(m_folder, m_status));
}

}  // namespace facet::engine
