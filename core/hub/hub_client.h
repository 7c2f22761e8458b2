#pragma once

// Requests to the hub: with the token, but to nobody else, and again where that may help.

#include "core/base/json.h"
#include "core/hub/http.h"
#include "core/hub/settings.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace facet::core {

/// What is asked for, for the sentences about a refusal.
struct HubSubject {
    std::string id;        ///< of a model; "" for the account
    std::string revision;  ///< "" if it plays no part
    std::string file;      ///< "" if it plays no part
};

struct HubAnswer {
    HttpAnswer http;
    bool isFromHub = true;  ///< false: from the host it redirected to
};

/// Thread  one at a time
class HubClient {
public:
    /// `keepGoing` is asked about twenty times per second; false cancels. `onRetry` is told of each wait
    /// before try n.
    HubClient(HubSettings settings, std::function<bool()> keepGoing,
              std::function<void(int tryNumber, const std::string& why)> onRetry);

    const HubSettings& settings() const { return m_settings; }

    /// Asks once, for a path such as "/api/whoami-v2", and follows redirects; the token goes along only while
    /// they stay on the hub. Any status is a success.
    ///
    /// Errors  as HttpClient::get
    Result<HubAnswer> get(const std::string& path, const std::vector<std::string>& headers = {},
                          const HttpClient::OnHeaders& onHeaders = {});

    /// Asks for JSON, and again while that may help.
    ///
    /// Errors  as get, and refusal()
    Result<nlohmann::json> getJson(const std::string& path, const HubSubject& subject);

    /// Waits before try `tryNumber`, as long as the answer asked for, else longer each time.
    ///
    /// Errors  Cancelled; `why` if there are no tries left or the wait would be too long
    Result<void> waitBefore(int tryNumber, const Error& why, std::chrono::seconds asked = {});

private:
    bool isHub(const std::string& origin) const;

    HubSettings m_settings;
    std::function<bool()> m_keepGoing;
    std::function<void(int, const std::string&)> m_onRetry;
    HttpClient m_http;
};

/// May the same request succeed a little later? (408, 429, 5xx)
bool isPassing(int status);

/// What Retry-After asks for; 0 if it does not, or with a date.
std::chrono::seconds retryAfter(const HttpAnswer& answer);

}  // namespace facet::core
