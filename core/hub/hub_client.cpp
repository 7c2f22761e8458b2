#include "core/hub/hub_client.h"

#include "core/base/text.h"
#include "core/hub/refusal.h"
#include "core/hub/url.h"

#include <algorithm>
#include <thread>

namespace facet::core {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::chrono::milliseconds kLongestPause = std::chrono::seconds(30);
constexpr std::chrono::seconds kLongestWait{300};  // what rate limits of the hub count in
constexpr const char* kOfficialOrigin = "https://huggingface.co:443";

bool isPrintable(const std::string& text)
{
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

bool isPassing(int status)
{
    return status == 408 || status == 429 || status >= 500;
}

std::chrono::seconds retryAfter(const HttpAnswer& answer)
{
    return std::chrono::seconds(answer.number("retry-after").value_or(0));
}

HubClient::HubClient(HubSettings settings, std::function<bool()> keepGoing,
                     std::function<void(int, const std::string&)> onRetry)
    : m_settings(std::move(settings)),
      m_keepGoing(std::move(keepGoing)),
      m_onRetry(std::move(onRetry)),
      m_http({m_settings.connectTimeout, m_settings.stallTimeout}, m_keepGoing)
{
}

bool HubClient::isHub(const std::string& origin) const
{
    return origin == originOf(m_settings.endpoint) || origin == kOfficialOrigin;
}

Result<HubAnswer> HubClient::get(const std::string& path, const std::vector<std::string>& headers,
                                 const HttpClient::OnHeaders& onHeaders)
{
    if (!originOf(m_settings.endpoint))
        return Error{ErrorCode::InvalidInput, "HF_ENDPOINT is " + inQuotes(m_settings.endpoint) +
                                                  ", which is no http or https address"};
    if (!isPrintable(m_settings.token))
        return Error{ErrorCode::InvalidInput,
                     "the token of " + m_settings.tokenSource +
                         " has a space or a character that no token has; copy it again"};
    std::string url = m_settings.endpoint + path;
    for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
        const std::string origin = originOf(url).value_or("");
        HttpRequest request{url, headers};
        if (isHub(origin) && !m_settings.token.empty())
            request.headers.push_back("Authorization: Bearer " + m_settings.token);
        Result<HttpAnswer> answer = m_http.get(request, onHeaders);
        if (!answer)
            return answer.error();
        if (answer->status < 300 || answer->status >= 400)
            return HubAnswer{*std::move(answer), isHub(origin)};
        const std::optional<std::string> target = redirected(url, answer->header("location"));
        if (!target || (origin.starts_with("https:") && !target->starts_with("https:")))
            return Error{ErrorCode::Unavailable, hostOf(url) + " redirects to nowhere that can be used"};
        url = *target;
    }
    return Error{ErrorCode::Unavailable, hostOf(m_settings.endpoint) + " redirects in a circle"};
}

Result<nlohmann::json> HubClient::getJson(const std::string& path, const HubSubject& subject)
{
    for (int tryNumber = 1;; ++tryNumber) {
        const Result<HubAnswer> answer = get(path);
        if (!answer && answer.error().code != ErrorCode::Unavailable)
            return answer.error();
        if (answer && answer->http.status == 200) {
            Result<nlohmann::json> json = parseJson(answer->http.body);
            if (json)
                return json;
            return Error{ErrorCode::Io, hostOf(m_settings.endpoint) +
                                            " does not answer as the hub does: its text " +
                                            json.error().message};
        }
        const Error why = answer ? refusal(*answer, subject, m_settings) : answer.error();
        if (answer && !isPassing(answer->http.status))
            return why;
        const Result<void> waited =
            waitBefore(tryNumber + 1, why, answer ? retryAfter(answer->http) : std::chrono::seconds());
        if (!waited)
            return waited.error();
    }
}

Result<void> HubClient::waitBefore(int tryNumber, const Error& why, std::chrono::seconds asked)
{
    if (tryNumber > m_settings.tries)
        return m_settings.tries < 2 ? why
                                    : Error{why.code, why.message + "; gave up after " +
                                                          std::to_string(m_settings.tries) + " tries"};
    if (asked > kLongestWait)
        return Error{why.code,
                     why.message + "; it asks to come back in " + std::to_string(asked.count()) + " s"};
    m_onRetry(tryNumber, why.message);
    const std::chrono::milliseconds doubled = m_settings.pause * (1 << std::min(tryNumber - 2, 10));
    const auto end =
        std::chrono::steady_clock::now() +
        (asked.count() > 0 ? std::chrono::milliseconds(asked) : std::min(doubled, kLongestPause));
    for (;;) {
        if (!m_keepGoing())
            return Error{ErrorCode::Cancelled, "cancelled"};
        const auto left = end - std::chrono::steady_clock::now();
        if (left.count() <= 0)
            return {};
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(50)));
    }
}

}  // namespace facet::core
