#include "app/commands/downloading.h"

#include "app/commands/common.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <iostream>
#include <utility>

namespace facet::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kInterrupted = 130;  // what a shell expects of a program that Ctrl+C ended
constexpr std::chrono::seconds kPauseOfLines{5};

volatile std::sig_atomic_t s_interrupted = 0;

/// "1 h 5 min", "3 min 20 s", "12 s".
std::string inTime(double seconds)
{
    const auto all = static_cast<int64_t>(std::ceil(seconds));
    if (all >= 3600)
        return std::to_string(all / 3600) + " h " + std::to_string(all % 3600 / 60) + " min";
    if (all >= 60)
        return std::to_string(all / 60) + " min " + std::to_string(all % 60) + " s";
    return std::to_string(all) + " s";
}

/// Shows a download on stderr: one line that is rewritten on a terminal, else a line every few seconds.
class ProgressLine {
public:
    explicit ProgressLine(std::string title) : m_title(std::move(title)) {}

    void show(const core::DownloadProgress& progress)
    {
        // Not before something has come: a refusal is one sentence.
        if (progress.bytesDone > 0 && !m_title.empty())
            print(std::exchange(m_title, std::string()));
        if (!progress.trouble.empty() && progress.trouble != m_trouble)
            print((progress.tryNumber > 1 ? "try " + std::to_string(progress.tryNumber) + " of " +
                                                std::to_string(progress.tries) + ": "
                                          : "") +
                  progress.trouble);
        m_trouble = progress.trouble;
        if (progress.file.empty() || progress.bytesDone == 0)
            return;
        if (m_isTerminal)
            std::cerr << '\r' << inWords(progress) << "\x1b[K" << std::flush;
        else if (Clock::now() - m_lastLine >= kPauseOfLines)
            print(inWords(progress));
    }

    void end() const
    {
        if (m_isTerminal)
            std::cerr << "\r\x1b[K" << std::flush;
    }

private:
    void print(const std::string& line)
    {
        std::cerr << (m_isTerminal ? "\r\x1b[K" : "") << line << '\n';
        m_lastLine = Clock::now();
    }

    static std::string inWords(const core::DownloadProgress& progress)
    {
        const int64_t percent = progress.bytesAll > 0 ? 100 * progress.bytesDone / progress.bytesAll : 100;
        std::string words = std::to_string(percent) + " %, " + inBytes(double(progress.bytesDone)) + " of " +
                            inBytes(double(progress.bytesAll));
        if (progress.secondsLeft)
            words +=
                ", " + inBytes(progress.bytesPerSecond) + "/s, " + inTime(*progress.secondsLeft) + " left";
        return words + ", file " + std::to_string(std::min(progress.filesDone + 1, progress.filesAll)) +
               " of " + std::to_string(progress.filesAll) + ": " + progress.file;
    }

    std::string m_title;
    const bool m_isTerminal = ::isatty(STDERR_FILENO) == 1;
    Clock::time_point m_lastLine = Clock::now();
    std::string m_trouble;
};

}  // namespace

core::Result<core::DownloadedModel> downloadShown(const core::DownloadRequest& request)
{
    std::signal(SIGINT, [](int) { s_interrupted = 1; });
    ProgressLine line("downloading " + request.id + " from " + request.hub.endpoint + " into " +
                      request.hub.cache.string());
    core::Result<core::DownloadedModel> model =
        core::downloadModel(request, [&](const core::DownloadProgress& progress) {
            line.show(progress);
            return s_interrupted == 0;
        });
    line.end();
    return model;
}

int downloadFailed(const core::Error& error)
{
    if (error.code != core::ErrorCode::Cancelled)
        return failed(error);
    std::cerr << "stopped; what has arrived is kept, and the same command goes on from there\n";
    return kInterrupted;
}

}  // namespace facet::app
