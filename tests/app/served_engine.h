#pragma once

// A real `facet-engine serve`, and raw HTTP to talk to it.

#include <nlohmann/json.hpp>

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QStringList>
#include <QTcpSocket>
#include <QTest>

#include <csignal>
#include <functional>
#include <memory>
#include <string>

namespace facet::app {

struct HttpReply {
    int status = 0;  ///< 0: none came
    std::string headers;
    std::string body;  ///< chunks put together

    nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
    std::string errorMessage() const
    {
        const nlohmann::json error = json();
        return error.is_object() && error.contains("error") ? error["error"].value("message", "") : "";
    }
    std::string errorParam() const
    {
        const nlohmann::json error = json();
        const bool has = error.is_object() && error.contains("error") && error["error"]["param"].is_string();
        return has ? error["error"]["param"].get<std::string>() : "";
    }
};

/// Puts a body together that came in chunks.
inline std::string unchunked(const std::string& raw)
{
    std::string body;
    for (size_t at = 0; at < raw.size();) {
        const size_t end = raw.find("\r\n", at);
        const size_t size = end == std::string::npos ? 0 : std::strtoul(raw.c_str() + at, nullptr, 16);
        if (size == 0)
            break;
        body += raw.substr(end + 2, size);
        at = end + 2 + size + 2;
    }
    return body;
}

class ServedEngine {
public:
    ServedEngine() = default;
    ~ServedEngine()
    {
        if (m_process.state() == QProcess::NotRunning)
            return;
        m_process.kill();
        m_process.waitForFinished();
    }

    /// Starts it and reads its first line; waits for `model`, if one is loaded at once.
    bool start(const QStringList& arguments, const std::string& ownToken = "")
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("OMP_NUM_THREADS"), QStringLiteral("2"));
        environment.insert(QStringLiteral("HF_HUB_OFFLINE"), QStringLiteral("1"));
        environment.remove(QStringLiteral("FACET_TOKEN"));
        if (!ownToken.empty())
            environment.insert(QStringLiteral("FACET_TOKEN"), QString::fromStdString(ownToken));
        m_process.setProcessEnvironment(environment);
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_process.start(QStringLiteral(FACET_ENGINE_PROGRAM),
                        QStringList{QStringLiteral("serve")} + arguments);
        while (!m_process.canReadLine())
            if (!m_process.waitForReadyRead(60'000))
                return false;
        firstLine = m_process.readLine().toStdString();
        const nlohmann::json line = nlohmann::json::parse(firstLine, nullptr, false);
        if (!line.is_object())
            return false;
        m_port = line.value("port", 0);
        token = ownToken.empty() ? line.value("token", "") : ownToken;
        return !arguments.contains(QStringLiteral("--model")) || waitUntilReady();
    }

    bool waitUntilReady(const std::string& id = "")
    {
        return waitUntil([&] {
            const nlohmann::json models = get("/facet/v1/models").json();
            for (const nlohmann::json& model : models["models"])
                if ((id.empty() || model["id"] == id) && model["state"] != "loading")
                    return model["state"] == "ready";
            return false;
        });
    }

    /// Asks again and again, with a deadline.
    static bool waitUntil(const std::function<bool()>& condition)
    {
        return QTest::qWaitFor(condition, 60'000);
    }

    int port() const { return m_port; }
    QProcess& process() { return m_process; }
    std::string token;
    std::string firstLine;

    std::unique_ptr<QTcpSocket> connect() const
    {
        auto socket = std::make_unique<QTcpSocket>();
        socket->connectToHost(QStringLiteral("127.0.0.1"), static_cast<quint16>(m_port));
        socket->waitForConnected(10'000);
        return socket;
    }

    /// The bytes of a request with all that it needs.
    std::string requestText(const std::string& method, const std::string& path, const std::string& body) const
    {
        return method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(m_port) +
               "\r\nAuthorization: Bearer " + token +
               "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\nConnection: close\r\n\r\n" + body;
    }

    static void write(QTcpSocket& socket, const std::string& bytes)
    {
        socket.write(bytes.data(), static_cast<qint64>(bytes.size()));
        while (socket.bytesToWrite() > 0 && socket.waitForBytesWritten(10'000)) {
        }
    }

    /// Reads until the connection closes.
    static HttpReply readAll(QTcpSocket& socket, int milliseconds = 60'000)
    {
        std::string bytes;
        QElapsedTimer timer;
        timer.start();
        while (timer.elapsed() < milliseconds) {
            bytes += socket.readAll().toStdString();
            if (socket.state() != QAbstractSocket::ConnectedState || !socket.waitForReadyRead(milliseconds)) {
                bytes += socket.readAll().toStdString();
                break;
            }
        }
        HttpReply reply;
        const size_t end = bytes.find("\r\n\r\n");
        if (!bytes.starts_with("HTTP/1.1 ") || end == std::string::npos)
            return reply;
        reply.status = std::atoi(bytes.c_str() + 9);
        reply.headers = bytes.substr(0, end + 2);
        reply.body = bytes.substr(end + 4);
        if (reply.headers.find("Transfer-Encoding: chunked") != std::string::npos)
            reply.body = unchunked(reply.body);
        return reply;
    }

    HttpReply raw(const std::string& bytes) const
    {
        const auto socket = connect();
        write(*socket, bytes);
        return readAll(*socket);
    }

    HttpReply get(const std::string& path) const { return raw(requestText("GET", path, "")); }
    HttpReply post(const std::string& path, const nlohmann::json& body) const
    {
        return raw(requestText("POST", path, body.dump()));
    }

    int64_t residentBytes() const
    {
        QFile file(QStringLiteral("/proc/%1/statm").arg(m_process.processId()));
        if (!file.open(QIODevice::ReadOnly))
            return 0;
        return file.readAll().split(' ').at(1).toLongLong() * 4096;
    }

    /// Sends TERM and gives the milliseconds until it was gone, and its exit code; -1 if it did not go.
    std::pair<qint64, int> terminate(int signal = SIGTERM)
    {
        QElapsedTimer timer;
        timer.start();
        ::kill(static_cast<pid_t>(m_process.processId()), signal);
        return m_process.waitForFinished(30'000) ? std::pair(timer.elapsed(), m_process.exitCode())
                                                 : std::pair(qint64{-1}, -1);
    }

private:
    QProcess m_process;
    int m_port = 0;
};

/// The data of a stream's events.
inline std::vector<std::string> eventsOf(const std::string& body)
{
    std::vector<std::string> events;
    for (size_t at = 0, end = 0; (end = body.find("\n\n", at)) != std::string::npos; at = end + 2)
        events.push_back(
            body.substr(at + std::string("data: ").size(), end - at - std::string("data: ").size()));
    return events;
}

/// The text that a stream's chunks add up to, of one choice.
inline std::string streamedText(const std::string& body, int index = 0)
{
    std::string text;
    for (const std::string& event : eventsOf(body)) {
        const nlohmann::json chunk = nlohmann::json::parse(event, nullptr, false);
        if (!chunk.is_object() || !chunk.contains("choices"))
            continue;
        for (const nlohmann::json& choice : chunk["choices"])
            if (choice["index"] == index)
                text += choice.contains("delta") ? choice["delta"].value("content", "")
                                                 : choice.value("text", "");
    }
    return text;
}

}  // namespace facet::app
