#pragma once

// One request of HTTP at a time, on libcurl.

#include "core/base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace facet::core {

struct HttpRequest {
    std::string url;
    std::vector<std::string> headers;  ///< "Name: value"
};

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in small letters; of equal ones the last
    std::string body;                            ///< "" if a sink took it; at most kMaxBodyBytes

    /// "" if it is absent.
    std::string header(const std::string& name) const;
    std::optional<int64_t> number(const std::string& name) const;
};

inline constexpr size_t kMaxBodyBytes = 64 << 20;

/// Keeps connections open between its requests. Redirects are answers like others: the caller decides who
/// gets a second request, and with which headers.
///
/// Thread  one at a time
class HttpClient {
public:
    struct Limits {
        std::chrono::milliseconds connect;
        std::chrono::milliseconds stall;  ///< without a byte
    };

    /// Takes pieces of a body as they come; an error of it ends the request and is its result.
    using Sink = std::function<Result<void>(std::span<const std::byte>)>;

    /// Asked once the headers are there: where does the body go? An empty sink: into HttpAnswer::body.
    using OnHeaders = std::function<Result<Sink>(const HttpAnswer&)>;

    /// `keepGoing` is asked about twenty times per second; false cancels.
    HttpClient(Limits limits, std::function<bool()> keepGoing);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Errors  Cancelled; Unavailable: not reached, lost, stalled, so that another try may help; Io: a
    /// certificate that is
    ///         not to be trusted; InvalidInput: no address; those of the sink
    Result<HttpAnswer> get(const HttpRequest& request, const OnHeaders& onHeaders = {});

private:
    struct Handles;
    struct Transfer;

    Limits m_limits;
    std::function<bool()> m_keepGoing;
    std::unique_ptr<Handles> m_handles;
};

}  // namespace facet::core
