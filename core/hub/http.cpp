#include "core/hub/http.h"

#include "core/base/text.h"
#include "core/hub/url.h"

#include <curl/curl.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <string_view>

namespace facet::core {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kBufferBytes = 512 << 10;
constexpr int kPollMs = 50;

std::string trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos)
        return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

/// "30 s", "200 ms".
std::string inSeconds(std::chrono::milliseconds time)
{
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                    : std::to_string(time.count()) + " ms";
}

struct HeaderList {
    HeaderList() = default;
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { ::curl_slist_free_all(list); }
    void add(const std::string& line) { list = ::curl_slist_append(list, line.c_str()); }

    curl_slist* list = nullptr;
};

}  // namespace

std::string HttpAnswer::header(const std::string& name) const
{
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

std::optional<int64_t> HttpAnswer::number(const std::string& name) const
{
    const std::string text = header(name);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

struct HttpClient::Handles {
    Handles()
    {
        static std::once_flag once;
        std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
        multi = ::curl_multi_init();
        easy = ::curl_easy_init();
    }
    ~Handles()
    {
        ::curl_easy_cleanup(easy);
        ::curl_multi_cleanup(multi);
    }
    Handles(const Handles&) = delete;
    Handles& operator=(const Handles&) = delete;

    CURLM* multi = nullptr;
    CURL* easy = nullptr;
};

/// What libcurl's callbacks see of a request.
struct HttpClient::Transfer {
    CURL* easy = nullptr;
    const OnHeaders* onHeaders = nullptr;
    HttpAnswer answer;
    Sink sink;
    bool hasAsked = false;
    std::optional<Error> error;  ///< of ours; libcurl only hears "stop"
    Clock::time_point lastByte = Clock::now();

    bool ask()
    {
        hasAsked = true;
        long status = 0;
        ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        if (!*onHeaders)
            return true;
        Result<Sink> wanted = (*onHeaders)(answer);
        if (wanted)
            sink = *std::move(wanted);
        else
            error = wanted.error();
        return !error;
    }

    bool take(std::span<const std::byte> bytes)
    {
        if (!hasAsked && !ask())
            return false;
        if (sink) {
            const Result<void> taken = sink(bytes);
            if (!taken)
                error = taken.error();
        } else if (answer.body.size() + bytes.size() > kMaxBodyBytes) {
            error = Error{ErrorCode::InvalidInput, "the answer is longer than any that the hub gives"};
        } else {
            answer.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
        lastByte = Clock::now();
        return !error;
    }

    void takeHeader(std::string_view line)
    {
        lastByte = Clock::now();
        if (line.starts_with("HTTP/")) {  // of "100 Continue" or of the answer itself
            answer.headers.clear();
            return;
        }
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos)
            return;
        std::string name(line.substr(0, colon));
        for (char& c : name)
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        answer.headers[name] = trimmed(line.substr(colon + 1));
    }

    static size_t onBody(char* data, size_t one, size_t count, void* self)
    {
        const auto bytes = std::as_bytes(std::span(data, one * count));
        return static_cast<Transfer*>(self)->take(bytes) ? bytes.size() : 0;
    }

    static size_t onHeader(char* data, size_t one, size_t count, void* self)
    {
        static_cast<Transfer*>(self)->takeHeader({data, one * count});
        return one * count;
    }
};

HttpClient::HttpClient(Limits limits, std::function<bool()> keepGoing)
    : m_limits(limits), m_keepGoing(std::move(keepGoing)), m_handles(std::make_unique<Handles>())
{
}

HttpClient::~HttpClient() = default;

namespace {

Error inWords(CURLcode code, const char* details, const std::string& url)
{
    const std::string host = hostOf(url);
    const std::string why = *details ? details : ::curl_easy_strerror(code);
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return {ErrorCode::InvalidInput, inQuotes(url) + " is no http or https address"};
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
            return {ErrorCode::Io, "the certificate of " + host + " is not to be trusted (" + why +
                                       "); if a proxy of your site opens TLS, name its certificate in "
                                       "SSL_CERT_FILE"};
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return {ErrorCode::Unavailable, "the connection to " + host + " was lost (" + why + ")"};
        default:
            return {ErrorCode::Unavailable, "cannot reach " + host + " (" + why + ")"};
    }
}

}  // namespace

Result<HttpAnswer> HttpClient::get(const HttpRequest& request, const OnHeaders& onHeaders)
{
    CURL* easy = m_handles->easy;
    Transfer transfer;
    transfer.easy = easy;
    transfer.onHeaders = &onHeaders;
    HeaderList headers;
    headers.add("Accept-Encoding: identity");  // sizes and ranges are of the file itself
    for (const std::string& line : request.headers)
        headers.add(line);
    std::array<char, CURL_ERROR_SIZE> details = {};

    ::curl_easy_reset(easy);
    ::curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.list);
    ::curl_easy_setopt(easy, CURLOPT_USERAGENT, "facet/" FACET_VERSION);
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBufferBytes);
    ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(m_limits.connect.count()));
    ::curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, details.data());
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::onBody);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::onHeader);
    ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    // As Python's libraries do it, for sites whose proxy opens TLS.
    for (const char* variable : {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"})
        if (const char* file = std::getenv(variable); file && *file)
            ::curl_easy_setopt(easy, CURLOPT_CAINFO, file);

    ::curl_multi_add_handle(m_handles->multi, easy);
    CURLcode code = CURLE_OK;
    int running = 1;
    while (running > 0 && !transfer.error) {
        if (const CURLMcode failed = ::curl_multi_perform(m_handles->multi, &running); failed != CURLM_OK) {
            transfer.error = Error{ErrorCode::Internal, ::curl_multi_strerror(failed)};
        } else if (running > 0 && !m_keepGoing()) {
            transfer.error = Error{ErrorCode::Cancelled, "cancelled"};
        } else if (running > 0 && Clock::now() - transfer.lastByte > m_limits.stall) {
            transfer.error = Error{ErrorCode::Unavailable,
                                   hostOf(request.url) + " sent nothing for " + inSeconds(m_limits.stall)};
        } else if (running > 0) {
            ::curl_multi_poll(m_handles->multi, nullptr, 0, kPollMs, nullptr);
        }
    }
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(m_handles->multi, &left))
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    if (code == CURLE_OK && !transfer.error && !transfer.hasAsked)
        transfer.ask();
    ::curl_multi_remove_handle(m_handles->multi, easy);

    if (transfer.error)
        return *transfer.error;
    if (code != CURLE_OK)
        return inWords(code, details.data(), request.url);
    return std::move(transfer.answer);
}

}  // namespace facet::core
