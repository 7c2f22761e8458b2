#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace facet::engine {

/// Watches a stream of text for strings that end it. Text that may be the beginning of one is held back.
class StopStrings {
public:
    explicit StopStrings(std::vector<std::string> strings) : m_strings(std::move(strings)) {}

    /// Takes the next piece and gives what may be shown now. Once a stop string was found, nothing comes any
    /// more; the string itself and what follows are never shown.
    std::string push(std::string_view text);

    bool found() const { return m_found; }

    /// What was held back, at the end of the stream.
    std::string finish();

private:
    std::vector<std::string> m_strings;
    std::string m_held;
    bool m_found = false;
};

}  // namespace facet::engine
