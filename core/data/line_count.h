#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace facet::core {

/// Which line of a text a place is on, so that messages can name it: the text is counted once, as far as was
/// asked for, however many places are.
class LineCount {
public:
    /// Newlines before an offset.
    ///
    /// Limits  the text is the same each time
    /// Thread  any
    int64_t before(std::string_view text, size_t offset);

private:
    std::mutex m_mutex;
    std::vector<int64_t> m_before = {0};  ///< newlines before each whole step of the text
};

}  // namespace facet::core
