#include "engine/serve/http_server.h"

#include "core/base/text.h"
#include "engine/serve/access.h"

#include <httplib.h>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace facet::engine::serve {
namespace {

using core::api::ErrorBody;
using core::api::makeError;
using Clock = std::chrono::steady_clock;

constexpr size_t kMaxBodyBytes = size_t{128} << 20;
constexpr size_t kMaxHeaderBytes = size_t{1} << 20;
constexpr int kMaxConnections = 256;
constexpr int kMaxRequestsPerConnection = 1000;
constexpr std::chrono::milliseconds kSlice{50};    // how soon stop() is noticed
constexpr std::chrono::seconds kIdle{10};          // of a connection between requests, and within one
constexpr std::chrono::minutes kWholeRequest{10};  // from a request's first byte to its last
constexpr std::chrono::milliseconds kLinger{500};  // for a client that is still sending what we refused

/// A client's socket, as httplib reads and writes it. Its own is hidden in the library, and does not tell a
/// handler that the client is gone.
class Connection final : public httplib::Stream {
public:
    Connection(int socket, const std::atomic<bool>& stops) : m_socket(socket), m_stops(stops) {}

    /// Waits for the first byte of the next request.
    bool waitForRequest()
    {
        m_deadline = Clock::now() + kWholeRequest;
        m_headerBytes = 0;
        m_isInBody = false;
        return m_begin < m_end || waitFor(POLLIN);
    }

    /// The headers are read; what comes now has a limit of its own.
    void beginBody() { m_isInBody = true; }

    /// Also true for one that only says that it will send no more: no client of an API does so before it has
    /// its reply.
    bool isClientGone() const
    {
        pollfd poll = {m_socket, POLLRDHUP, 0};
        return ::poll(&poll, 1, 0) > 0;
    }

    /// Lets the client read what we wrote although we did not read all that it sent: closing at once would
    /// take the reply back.
    void linger()
    {
        ::shutdown(m_socket, SHUT_WR);
        const auto end = Clock::now() + kLinger;
        while (Clock::now() < end) {
            pollfd poll = {m_socket, POLLIN, 0};
            if (::poll(&poll, 1, int(kSlice.count())) > 0 &&
                ::recv(m_socket, m_buffer.data(), m_buffer.size(), 0) <= 0)
                return;
        }
    }

    bool mustClose = false;  ///< what follows on this connection is not a request

    bool is_readable() const override { return true; }
    bool is_writable() const override { return !isClientGone(); }

    ssize_t read(char* data, size_t size) override
    {
        if (m_begin == m_end) {
            if (!waitFor(POLLIN))
                return -1;
            const ssize_t count = ::recv(m_socket, m_buffer.data(), m_buffer.size(), 0);
            if (count <= 0)
                return count;
            m_begin = 0;
            m_end = static_cast<size_t>(count);
        }
        const size_t count = std::min(size, m_end - m_begin);
        std::copy_n(m_buffer.data() + m_begin, count, data);
        m_begin += count;
        m_headerBytes += m_isInBody ? 0 : count;
        if (m_headerBytes > kMaxHeaderBytes)
            return -1;
        return static_cast<ssize_t>(count);
    }

    ssize_t write(const char* data, size_t size) override
    {
        if (!waitFor(POLLOUT))
            return -1;
        const ssize_t count = ::send(m_socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        return count < 0 && errno == EAGAIN ? 0 : count;  // httplib goes on with what is left
    }

    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return m_socket; }

private:
    bool waitFor(short event) const
    {
        const auto end = std::min(Clock::now() + kIdle, m_deadline);
        while (Clock::now() < end) {
            pollfd poll = {m_socket, event, 0};
            const int ready = ::poll(&poll, 1, int(kSlice.count()));
            if (ready > 0)
                return true;
            if (ready < 0 && errno != EINTR)
                return false;
            if (m_stops && event == POLLIN)
                return false;
        }
        return false;
    }

    const int m_socket;
    const std::atomic<bool>& m_stops;
    Clock::time_point m_deadline = Clock::time_point::max();
    std::array<char, 16384> m_buffer{};
    size_t m_begin = 0, m_end = 0;
    size_t m_headerBytes = 0;  // httplib limits each header but not how many there are
    bool m_isInBody = false;
};

/// The connection that this thread serves.
thread_local Connection* t_connection = nullptr;

/// A thread for each connection: a stream keeps one busy for minutes.
class ConnectionThreads final : public httplib::TaskQueue {
public:
    void enqueue(std::function<void()> task) override
    {
        {
            const std::lock_guard lock(m_mutex);
            ++m_numRunning;
        }
        const auto work = [this, task] {
            task();
            const std::lock_guard lock(m_mutex);
            --m_numRunning;
            m_ended.notify_all();
        };
        try {
            std::thread(work).detach();
        } catch (const std::system_error&) {
            work();  // no thread can be had: this client is served before the next is let in
        }
    }

    void shutdown() override
    {
        std::unique_lock lock(m_mutex);
        m_ended.wait(lock, [this] { return m_numRunning == 0; });
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_ended;
    int m_numRunning = 0;
};

bool hasBody(const httplib::Request& request)
{
    return request.has_header("Transfer-Encoding") ||
           (request.has_header("Content-Length") && request.get_header_value("Content-Length") != "0");
}

/// What this connection brings after the reply is not a request.
void closeAfter(const httplib::Request& request, httplib::Response& response)
{
    t_connection->mustClose = true;
    if (request.get_header_value("Connection") != "close")  // httplib says so itself then
        response.set_header("Connection", "close");
}

ErrorBody tooLarge()
{
    return makeError(413, "the body has more than " + std::to_string(kMaxBodyBytes >> 20) + " MiB");
}

/// httplib reads "-5" as 2^64 - 5, and reads away what is too long, however long that takes.
std::optional<ErrorBody> lengthRefusal(const httplib::Request& request)
{
    if (!request.has_header("Content-Length"))
        return std::nullopt;
    const std::string text = request.get_header_value("Content-Length");
    size_t length = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (problem == std::errc::invalid_argument || end != text.data() + text.size() ||
        request.get_header_value_count("Content-Length") != 1)
        return makeError(400, "Content-Length is " + core::inQuotes(text) + ", not one number of bytes");
    if (problem != std::errc() || length > kMaxBodyBytes)
        return tooLarge();
    if (request.has_header("Transfer-Encoding"))
        return makeError(400, "the request has both Transfer-Encoding and Content-Length: send one of them");
    return std::nullopt;
}

void send(const Reply& reply, httplib::Response& response)
{
    response.status = reply.status;
    if (!reply.allow.empty())
        response.set_header("Allow", reply.allow);
    response.set_header("Cache-Control", "no-store");
    if (!reply.stream) {
        response.set_content(reply.json, "application/json");
        t_connection->mustClose |= reply.isClientGone;
        return;
    }
    response.set_chunked_content_provider(
        "text/event-stream", [stream = reply.stream](size_t, httplib::DataSink& sink) {
            bool isWritten = true;
            stream([&](const std::string& events) {
                return isWritten = isWritten && sink.write(events.data(), events.size());
            });
            if (isWritten)
                sink.done();
            return isWritten;
        });
}

/// Refuses a request without having read its body.
void refuse(const ErrorBody& error, const httplib::Request& request, httplib::Response& response)
{
    send(replyOf(error), response);
    if (hasBody(request))
        closeAfter(request, response);
}

}  // namespace

class HttpServer::Server final : public httplib::Server {
public:
    Server(Settings settings, const Routes& routes) : m_settings(std::move(settings)), m_routes(routes)
    {
        new_task_queue = [] { return new ConnectionThreads; };
        set_payload_max_length(kMaxBodyBytes);
        set_keep_alive_max_count(kMaxRequestsPerConnection);  // for the header that says so
        set_keep_alive_timeout(kIdle.count());
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
            return route(request, response) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
        });
        Post(".*", [this](const httplib::Request& request, httplib::Response& response,
                          const httplib::ContentReader& reader) { post(request, response, reader); });
        set_error_handler(Handler(explain));
        set_exception_handler(
            [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
                send(replyOf(makeError(500, "the engine failed at this request")), response);
            });
    }

    void stopSoon()
    {
        m_stops = true;
        // Before it listens, httplib's stop() does nothing.
        for (int i = 0; i < 100 && !is_running(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        stop();
    }

private:
    /// Whoever may not be here, and whatever has no body to read.
    bool route(const httplib::Request& request, httplib::Response& response) const
    {
        t_connection->beginBody();
        if (std::optional<ErrorBody> refusal = refusalOf(request)) {
            refuse(*refusal, request, response);
            return true;
        }
        const std::string methods = m_routes.methodsOf(request.path);
        if (request.method == "POST" && methods.find("POST") != std::string::npos)
            return false;
        send(m_routes.handle(callOf(request)), response);
        if (hasBody(request))
            closeAfter(request, response);
        return true;
    }

    std::optional<ErrorBody> refusalOf(const httplib::Request& request) const
    {
        if (request.get_header_value_count("Host") != 1 ||
            !isAllowedHost(request.get_header_value("Host"), m_settings.host, m_settings.remoteAllowed))
            return makeError(403, "the Host header " + core::inQuotes(request.get_header_value("Host")) +
                                      " is none of this engine's names: use localhost or 127.0.0.1");
        if (!isAuthorized(request.get_header_value("Authorization"), m_settings.token))
            return makeError(
                401,
                "the token is missing or wrong: send \"Authorization: Bearer TOKEN\" with the one "
                "that the engine printed or FACET_TOKEN set",
                "", "invalid_api_key");
        if (request.is_multipart_form_data())
            return makeError(400, "the body is a form: send JSON");
        return lengthRefusal(request);
    }

    void post(const httplib::Request& request, httplib::Response& response,
              const httplib::ContentReader& reader) const
    {
        std::string body;
        bool isTooLarge = false;
        const bool isWhole = reader([&](const char* data, size_t size) {
            isTooLarge = body.size() + size > kMaxBodyBytes;
            if (!isTooLarge)
                body.append(data, size);
            return !isTooLarge;
        });
        if (!isWhole) {
            send(replyOf(isTooLarge || response.status == 413
                             ? tooLarge()
                             : makeError(400, "the body broke off, or is not encoded as its headers say")),
                 response);
            closeAfter(request, response);
            return;
        }
        Call call = callOf(request);
        call.body = std::move(body);
        send(m_routes.handle(call), response);
    }

    static Call callOf(const httplib::Request& request)
    {
        return {request.method, request.path, "",
                [connection = t_connection] { return connection->isClientGone(); }};
    }

    /// What httplib itself refuses gets a body, too.
    static void explain(const httplib::Request& request, httplib::Response& response)
    {
        if (!response.body.empty())
            return;
        send(replyOf(makeError(response.status, "this is no request that the engine can read")), response);
        closeAfter(request, response);
    }

    bool process_and_close_socket(socket_t socket) override
    {
        const int yes = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        Connection connection(socket, m_stops);
        t_connection = &connection;
        const bool isTooMany = ++m_numConnections > kMaxConnections;
        for (int left = isTooMany ? 1 : kMaxRequestsPerConnection; left > 0 && connection.waitForRequest();
             --left) {
            if (isTooMany) {
                refuseConnection(connection);
                break;
            }
            bool isClosed = false;
            if (!process_request(connection, left == 1, isClosed, nullptr) || isClosed ||
                connection.mustClose || m_stops)
                break;
        }
        connection.linger();
        --m_numConnections;
        t_connection = nullptr;
        ::close(socket);
        return true;
    }

    static void refuseConnection(Connection& connection)
    {
        const std::string json = replyOf(makeError(429, "there are " + std::to_string(kMaxConnections) +
                                                            " connections already: try again in a while"))
                                     .json;
        const std::string reply =
            "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: " +
            std::to_string(json.size()) + "\r\n\r\n" + json;
        connection.write(reply.data(), reply.size());
    }

    const Settings m_settings;
    const Routes& m_routes;
    std::atomic<bool> m_stops = false;
    std::atomic<int> m_numConnections = 0;
};

HttpServer::HttpServer(std::unique_ptr<Server> server, int port) : m_server(std::move(server)), m_port(port)
{
}

HttpServer::~HttpServer() = default;

core::Result<std::unique_ptr<HttpServer>> HttpServer::listen(const Settings& settings, const Routes& routes)
{
    auto server = std::make_unique<Server>(settings, routes);
    int port = settings.port;
    const bool isBound = port > 0 ? server->bind_to_port(settings.host, port)
                                  : (port = server->bind_to_any_port(settings.host)) > 0;
    if (!isBound)
        return core::Error{core::ErrorCode::Unavailable,
                           "cannot listen on " + settings.host + " port " + std::to_string(settings.port) +
                               ": the address is not this machine's, or something else listens there"};
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(server), port));
}

void HttpServer::run()
{
    m_server->listen_after_bind();
}

void HttpServer::stop()
{
    m_server->stopSoon();
}

}  // namespace facet::engine::serve
