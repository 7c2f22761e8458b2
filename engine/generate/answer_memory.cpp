#include "engine/generate/answer_memory.h"

#include <functional>

namespace facet::engine {
namespace {

size_t hashOf(std::string_view text)
{
    return std::hash<std::string_view>()(text);
}

size_t hashOf(const std::vector<int64_t>& ids)
{
    return hashOf({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int64_t)});
}

}  // namespace

void AnswerMemory::remember(const std::vector<int64_t>& prompt, std::string text, std::vector<int64_t> ids)
{
    if (text.empty())
        return;
    const std::lock_guard lock(m_mutex);
    const size_t hash = hashOf(std::string_view(text));
    const size_t promptHash = hashOf(prompt);
    const auto [begin, end] = m_byText.equal_range(hash);
    for (auto same = begin; same != end; ++same) {
        if (same->second->prompt == promptHash && same->second->text == text) {
            forget(same->second);
            break;
        }
    }
    m_entries.push_front({promptHash, std::move(text), std::move(ids)});
    m_byText.emplace(hash, m_entries.begin());
    m_bytes += m_entries.front().bytes();
    while (m_bytes > m_limitBytes)
        forget(std::prev(m_entries.end()));
}

bool AnswerMemory::mayKnow(std::string_view text)
{
    const std::lock_guard lock(m_mutex);
    return m_byText.contains(hashOf(text));
}

std::optional<std::vector<int64_t>> AnswerMemory::find(const std::vector<int64_t>& before,
                                                       std::string_view text)
{
    const std::lock_guard lock(m_mutex);
    const size_t promptHash = hashOf(before);
    const auto [begin, end] = m_byText.equal_range(hashOf(text));
    for (auto same = begin; same != end; ++same) {
        if (same->second->prompt != promptHash || same->second->text != text)
            continue;
        m_entries.splice(m_entries.begin(), m_entries, same->second);
        return m_entries.front().ids;
    }
    return std::nullopt;
}

void AnswerMemory::clear()
{
    const std::lock_guard lock(m_mutex);
    m_entries.clear();
    m_byText.clear();
    m_bytes = 0;
}

void AnswerMemory::forget(Entries::iterator entry)
{
    const auto [begin, end] = m_byText.equal_range(hashOf(std::string_view(entry->text)));
    for (auto same = begin; same != end; ++same) {
        if (same->second == entry) {
            m_byText.erase(same);
            break;
        }
    }
    m_bytes -= entry->bytes();
    m_entries.erase(entry);
}

}  // namespace facet::engine
