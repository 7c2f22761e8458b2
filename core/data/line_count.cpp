#include "core/data/line_count.h"

#include <algorithm>

namespace facet::core {
namespace {

constexpr size_t kStep = 4 << 20;  // bytes; a quarter of a millisecond

int64_t newlinesIn(std::string_view text)
{
    return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

int64_t LineCount::before(std::string_view text, size_t offset)
{
    const size_t step = offset / kStep;
    int64_t lines = 0;
    {
        const std::lock_guard lock(m_mutex);
        for (size_t done = m_before.size(); done <= step; ++done)
            m_before.push_back(m_before.back() + newlinesIn(text.substr((done - 1) * kStep, kStep)));
        lines = m_before[step];
    }
    return lines + newlinesIn(text.substr(step * kStep, offset - step * kStep));
}

}  // namespace facet::core
