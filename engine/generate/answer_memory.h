#pragma once

// The ids of answers that were given, by what they answered. A client sends an answer's text back with the
// next turn; cut into pieces anew, it could become other ids than those that were computed, and the snapshot
// would not fit any more.

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace facet::engine {

/// Thread  any. The least recently used go first.
class AnswerMemory {
public:
    explicit AnswerMemory(size_t limitBytes) : m_limitBytes(limitBytes) {}

    /// `text` as the chat template will render it.
    void remember(const std::vector<int64_t>& prompt, std::string text, std::vector<int64_t> ids);

    bool mayKnow(std::string_view text);
    std::optional<std::vector<int64_t>> find(const std::vector<int64_t>& before, std::string_view text);
    void clear();

private:
    struct Entry {
        size_t prompt = 0;  // hash of its ids
        std::string text;
        std::vector<int64_t> ids;

        size_t bytes() const { return text.size() + ids.size() * sizeof(int64_t) + 100; }
    };
    using Entries = std::list<Entry>;

    void forget(Entries::iterator entry);

    std::mutex m_mutex;
    size_t m_limitBytes;
    size_t m_bytes = 0;
    Entries m_entries;                                            // the last used in front
    std::unordered_multimap<size_t, Entries::iterator> m_byText;  // by the text's hash
};

}  // namespace facet::engine
