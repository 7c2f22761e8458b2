#include "core/api/server_sent_events.h"

#include <utility>

namespace facet::core::api {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;

}  // namespace

std::string serverSentEvent(std::string_view data)
{
    return "data: " + std::string(data) + "\n\n";
}

Result<std::vector<std::string>> ServerSentEvents::push(std::string_view bytes)
{
    std::vector<std::string> events;
    for (const char c : bytes) {
        if (c == '\n' && std::exchange(m_endedByCr, false))
            continue;
        m_endedByCr = c == '\r';
        if (c == '\n' || c == '\r') {
            takeLine(m_line, events);
            m_line.clear();
            continue;
        }
        m_line += c;
        if (m_line.size() + m_data.size() > kMaxBytes)
            return Error{ErrorCode::InvalidInput, "the stream has an event of more than 64 MiB"};
    }
    return events;
}

void ServerSentEvents::takeLine(std::string_view line, std::vector<std::string>& events)
{
    if (line.empty()) {
        if (std::exchange(m_hasData, false))
            events.push_back(std::exchange(m_data, ""));
        return;
    }
    if (line != "data" && !line.starts_with("data:"))
        return;
    line.remove_prefix(line == "data" ? 4 : 5);
    if (line.starts_with(' '))
        line.remove_prefix(1);
    if (std::exchange(m_hasData, true))
        m_data += '\n';
    m_data += line;
}

}  // namespace facet::core::api
