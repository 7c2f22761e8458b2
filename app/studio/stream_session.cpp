#include "app/studio/stream_session.h"

#include <cstdio>

namespace facet::app {

static constexpr int kLongestThread = 6;  // turns

void StreamSession::begin(std::chrono::seconds length)
{
    ui::ChatViewModel& chat = m_studio.chat();
    m_studio.window().resize(1440, 900);
    m_length.setSingleShot(true);
    m_length.setInterval(length);
    connect(&m_length, &QTimer::timeout, this, &StreamSession::end);
    connect(&chat, &ui::ChatViewModel::problem, this, &StreamSession::fail);
    connect(&chat.thread(), &ui::ThreadModel::textAppended, this, [](int, const QString& text) {
        const QByteArray bytes = text.toUtf8();
        std::fwrite(bytes.constData(), 1, static_cast<size_t>(bytes.size()), stdout);
        std::fflush(stdout);
    });
    connect(&chat, &ui::ChatViewModel::answeringChanged, this, [this, &chat] {
        if (chat.isAnswering() || chat.thread().rowCount() == 0)
            return;
        const ui::Turn last = chat.thread().turn(chat.thread().rowCount() - 1);
        if (last.state == core::MessageState::Failed)
            fail(last.error);
        else
            QTimer::singleShot(0, this, &StreamSession::ask);
    });
    connect(&m_studio.loaded(), &ui::LoadedModels::becameReady, this, [this, &chat] {
        // As hot as it can be, so that even the demo model, whose answers are short, goes on for long.
        core::Sampling sampling;
        sampling.temperature = 2;
        sampling.topK = 0;
        sampling.topP = 1;
        chat.setSampling(sampling);
        m_application.measure();
        m_length.start();
        ask();
    });
}

void StreamSession::fail(const QString& sentence)
{
    std::fprintf(stderr, "facet: %s\n", qPrintable(sentence));
    QCoreApplication::exit(1);
}

void StreamSession::ask()
{
    // The demo model's context is short.
    if (m_studio.chat().thread().rowCount() >= kLongestThread)
        m_studio.chat().newConversation();
    m_studio.chat().send(QStringLiteral("Tell me about the star, the circle and the square."));
}

void StreamSession::end()
{
    const Application::Times& times = m_application.times();
    std::printf(
        "\n{\"frames\": %d, \"longest_frame_ms\": %.2f, \"longest_frame_cpu_ms\": %.2f, "
        "\"longest_event_ms\": %.2f, \"longest_event_cpu_ms\": %.2f}\n",
        times.numFrames, times.longestFrameMs, times.longestFrameCpuMs, times.longestEventMs,
        times.longestEventCpuMs);
    std::fflush(stdout);
    QCoreApplication::quit();
}

}  // namespace facet::app
