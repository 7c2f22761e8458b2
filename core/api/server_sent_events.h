#pragma once

// Server-sent events, as far as OpenAI's streams use them: "data: ..." and a blank line.
//
// Source  https://html.spec.whatwg.org/multipage/server-sent-events.html

#include "core/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace facet::core::api {

/// What ends a stream, as an event's data.
inline constexpr std::string_view kStreamEnd = "[DONE]";

/// One event. `data` has no line breaks.
std::string serverSentEvent(std::string_view data);

/// Puts events together from the pieces in which bytes arrive.
class ServerSentEvents {
public:
    /// Takes the next bytes and gives the data of the events that became whole. Comments and fields other
    /// than data are passed over; several data lines of one event are joined by a newline.
    ///
    /// Errors  InvalidInput once an event is longer than 64 MiB: the peer is mad; give it up.
    Result<std::vector<std::string>> push(std::string_view bytes);

private:
    void takeLine(std::string_view line, std::vector<std::string>& events);

    std::string m_line;
    std::string m_data;
    bool m_hasData = false;
    bool m_endedByCr = false;  // a \n that follows belongs to the same end of line
};

}  // namespace facet::core::api
