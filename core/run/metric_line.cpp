#include "core/run/metric_line.h"

#include <charconv>
#include <limits>

namespace facet::core {
namespace {

class Cursor {
public:
    explicit Cursor(std::string_view text) : m_at(text.data()), m_end(text.data() + text.size()) {}

    bool take(char wanted)
    {
        skipSpace();
        if (m_at == m_end || *m_at != wanted)
            return false;
        ++m_at;
        return true;
    }

    /// A string without escapes, which no name of ours has.
    bool takeString(std::string_view& string)
    {
        if (!take('"'))
            return false;
        const char* begin = m_at;
        while (m_at != m_end && *m_at != '"' && *m_at != '\\')
            ++m_at;
        if (m_at == m_end || *m_at == '\\')
            return false;
        string = {begin, static_cast<size_t>(m_at - begin)};
        ++m_at;
        return true;
    }

    bool takeNumber(double& number)
    {
        skipSpace();
        if (m_end - m_at >= 4 && std::string_view(m_at, 4) == "null") {
            m_at += 4;
            number = std::numeric_limits<double>::quiet_NaN();
            return true;
        }
        // from_chars reads "inf" and "nan", which JSON has not.
        if (m_at == m_end || (*m_at != '-' && (*m_at < '0' || *m_at > '9')))
            return false;
        const auto [end, error] = std::from_chars(m_at, m_end, number);
        if (error != std::errc())
            return false;
        m_at = end;
        return true;
    }

    bool isAtEnd()
    {
        skipSpace();
        return m_at == m_end;
    }

private:
    void skipSpace()
    {
        while (m_at != m_end && (*m_at == ' ' || *m_at == '\t' || *m_at == '\r'))
            ++m_at;
    }

    const char* m_at;
    const char* m_end;
};

}  // namespace

bool readNumberLine(std::string_view text, NumberLine& line)
{
    line.members.clear();
    line.step = -1;
    line.time = 0;
    bool hasKind = false;
    Cursor cursor(text);
    if (!cursor.take('{'))
        return false;
    do {
        std::string_view name;
        if (!cursor.takeString(name) || !cursor.take(':'))
            return false;
        if (name == "event") {
            std::string_view kind;
            if (!cursor.takeString(kind) || (kind != "metric" && kind != "validation"))
                return false;
            line.kind = kind == "metric" ? NumberLine::Kind::Metric : NumberLine::Kind::Validation;
            hasKind = true;
            continue;
        }
        double value = 0;
        if (!cursor.takeNumber(value))
            return false;
        if (name == "step")
            line.step = value >= 0 && value < 9e15 ? static_cast<int64_t>(value) : -1;
        else if (name == "time")
            line.time = value;
        else
            line.members.emplace_back(name, value);
    } while (cursor.take(','));
    return cursor.take('}') && cursor.isAtEnd() && hasKind && line.step >= 0;
}

}  // namespace facet::core
