#include "core/run/event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace facet::core {

Result<EventLog> EventLog::open(const std::filesystem::path& path)
{
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.isOpen())
        return systemError(path, "open");
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    char last = '\n';
    if (size > 0 && ::pread(file.get(), &last, 1, size - 1) != 1)
        return systemError(path, "read");
    EventLog log(path, std::move(file));
    log.m_isInLine = last != '\n';
    return log;
}

Result<void> EventLog::append(const RunEvent& event)
{
    const std::string line = (m_isInLine ? "\n" : "") + lineOf(event) + "\n";
    const ssize_t written = ::write(m_file.get(), line.data(), line.size());
    if (written < 0)
        return systemError(m_path, "write");
    m_isInLine = static_cast<size_t>(written) < line.size();
    if (m_isInLine) {
        errno = ENOSPC;  // what cuts a write to a file short
        return systemError(m_path, "write");
    }
    return {};
}

Result<std::vector<RunEvent>> EventReader::poll()
{
    std::vector<RunEvent> events;
    const FileDescriptor file(::open(m_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.isOpen()) {
        if (errno == ENOENT)
            return events;
        return systemError(m_path, "open");
    }
    std::string text;
    char buffer[1 << 16];
    for (int64_t at = m_offset;;) {
        const ssize_t count = ::pread(file.get(), buffer, sizeof(buffer), at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return systemError(m_path, "read");
        if (count == 0)
            break;
        text.append(buffer, static_cast<size_t>(count));
        at += count;
    }
    size_t begin = 0;
    for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string_view line = std::string_view(text).substr(begin, end - begin);
        if (line.empty())
            continue;
        if (Result<RunEvent> event = eventOf(line))
            events.push_back(std::move(*event));
        else
            ++m_numUnknown;
    }
    m_offset += static_cast<int64_t>(begin);
    return events;
}

void addEvents(std::vector<RunEvent>& history, const std::vector<RunEvent>& news)
{
    for (const RunEvent& event : news) {
        if (const auto* resume = std::get_if<ResumeEvent>(&event.what))
            std::erase_if(history, [&](const RunEvent& old) {
                return stepOf(old) > resume->fromStep && !std::holds_alternative<WarningEvent>(old.what);
            });
        history.push_back(event);
    }
}

}  // namespace facet::core
