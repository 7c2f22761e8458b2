#include "core/hub/fetch.h"

#include "core/base/text.h"
#include "core/hub/refusal.h"
#include "core/hub/url.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace facet::core {
namespace {

/// "bytes 100-199/200".
struct ContentRange {
    int64_t first = -1;
    int64_t all = -1;
};

std::optional<ContentRange> parseContentRange(const std::string& text)
{
    constexpr std::string_view kUnit = "bytes ";
    const size_t dash = text.find('-');
    const size_t slash = text.find('/');
    if (!text.starts_with(kUnit) || dash == std::string::npos || slash == std::string::npos || dash > slash)
        return std::nullopt;
    const auto number = [&](size_t begin, size_t end) {
        int64_t value = -1;
        const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, value);
        return error == std::errc() && stop == text.data() + end ? value : -1;
    };
    return ContentRange{number(kUnit.size(), dash), number(slash + 1, text.size())};
}

/// One file's way over several requests.
class Fetching {
public:
    Fetching(HubClient& client, const std::string& id, const std::string& commit, const HubFile& file,
             PartialFile& partial, const FetchEvents& events)
        : m_client(client), m_id(id), m_commit(commit), m_file(file), m_partial(partial), m_events(events)
    {
    }

    Result<void> run()
    {
        if (m_partial.size() > m_file.size)
            if (const Result<void> emptied = m_partial.restart(); !emptied)
                return emptied.error();
        int64_t most = m_partial.size();
        int tryNumber = 1;
        bool wasWrong = false;
        for (;;) {
            if (m_partial.size() < m_file.size) {
                const std::optional<Error> problem = ask();
                if (problem && !m_mayTryAgain)
                    return *problem;
                if (m_partial.size() > most) {
                    most = m_partial.size();
                    tryNumber = 1;
                }
                if (problem) {
                    const Result<void> waited = m_client.waitBefore(++tryNumber, *problem, m_askedWait);
                    if (!waited)
                        return waited.error();
                    continue;
                }
            }
            const Result<std::string> name =
                m_partial.size() == m_file.size ? m_partial.deservedName(m_events.keepGoing) : std::string();
            if (!name)
                return name.error();
            if (*name == m_file.blob)
                return {};
            if (const Result<void> emptied = m_partial.restart(); !emptied)
                return emptied.error();
            m_events.onBytes(0, 0);
            const Error wrong{ErrorCode::Io, "what " + m_host + " sends as " + m_file.path + " of " + m_id +
                                                 " is not what the hub promises: its checksum is " + *name +
                                                 ", not " + m_file.blob +
                                                 "; something on the way changes or damages it"};
            if (wasWrong)
                return wrong;
            wasWrong = true;
            most = 0;
            const Result<void> waited = m_client.waitBefore(2, wrong);
            if (!waited)
                return waited.error();
        }
    }

private:
    /// One try. What went wrong, if anything did; m_mayTryAgain and m_askedWait say what to do about it.
    std::optional<Error> ask()
    {
        m_mayTryAgain = true;
        m_askedWait = {};
        const Result<void> read = m_partial.catchUp(m_events.keepGoing);
        if (!read)
            return final(read.error());
        std::vector<std::string> headers;
        if (m_mayResume && m_partial.size() > 0)
            headers.push_back("Range: bytes=" + std::to_string(m_partial.size()) + "-");
        m_mayResume = true;
        const Result<HubAnswer> answer =
            m_client.get("/" + percentEncoded(m_id, true) + "/resolve/" + m_commit + "/" +
                             percentEncoded(m_file.path, true),
                         headers, [this](const HttpAnswer& http) { return sinkFor(http); });
        if (!answer)
            return answer.error().code == ErrorCode::Unavailable ? answer.error() : final(answer.error());
        const int status = answer->http.status;
        if (status == 200 || status == 206) {
            if (m_partial.size() == m_file.size)
                return std::nullopt;
            return Error{ErrorCode::Unavailable, m_host + " ended before the file did"};
        }
        if (status == 416) {
            m_mayResume = false;
            return Error{ErrorCode::Unavailable,
                         m_host + " cannot go on from byte " + std::to_string(m_partial.size())};
        }
        const Error refused = refusal(*answer, {m_id, m_commit, m_file.path}, m_client.settings());
        m_askedWait = retryAfter(answer->http);
        // Storage refuses an address that is no longer valid, or not yet everywhere; the hub gives another
        // one.
        if (isPassing(status) || !answer->isFromHub)
            return refused;
        return final(refused);
    }

    Error final(const Error& error)
    {
        m_mayTryAgain = false;
        return error;
    }

    Result<HttpClient::Sink> sinkFor(const HttpAnswer& http)
    {
        if (http.status == 206) {
            const auto range = parseContentRange(http.header("content-range"));
            if (!range || range->first != m_partial.size() || range->all != m_file.size) {
                m_mayResume = false;
                return Error{ErrorCode::Unavailable, m_host + " sends another part than was asked for (" +
                                                         inQuotes(http.header("content-range")) + ")"};
            }
        } else if (http.status == 200) {
            const std::optional<int64_t> length = http.number("content-length");
            if (length && *length != m_file.size)
                return Error{ErrorCode::Unavailable, m_host + " sends " + std::to_string(*length) +
                                                         " bytes for " + m_file.path + ", which has " +
                                                         std::to_string(m_file.size)};
            if (const Result<void> emptied = m_partial.restart(); !emptied)
                return emptied.error();
        } else {
            return HttpClient::Sink();
        }
        return HttpClient::Sink([this](std::span<const std::byte> bytes) { return take(bytes); });
    }

    Result<void> take(std::span<const std::byte> bytes)
    {
        const int64_t lacking = m_file.size - m_partial.size();
        if (static_cast<int64_t>(bytes.size()) > lacking) {
            m_mayResume = false;
            return Error{
                ErrorCode::Unavailable,
                m_host + " sends more than the " + std::to_string(m_file.size) + " bytes of " + m_file.path};
        }
        Result<void> written = m_partial.append(bytes);
        m_events.onBytes(m_partial.size(), static_cast<int64_t>(bytes.size()));
        return written;
    }

    HubClient& m_client;
    const std::string& m_id;
    const std::string& m_commit;
    const HubFile& m_file;
    PartialFile& m_partial;
    const FetchEvents& m_events;
    const std::string m_host = hostOf(m_client.settings().endpoint);
    bool m_mayResume = true;
    bool m_mayTryAgain = true;
    std::chrono::seconds m_askedWait = {};
};

}  // namespace

Result<void> fetch(HubClient& client, const std::string& id, const std::string& commit, const HubFile& file,
                   PartialFile& partial, const FetchEvents& events)
{
    return Fetching(client, id, commit, file, partial, events).run();
}

}  // namespace facet::core
