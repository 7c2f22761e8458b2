#pragma once

// HTTP for Routes, on Debian's cpp-httplib, which is included in the .cpp alone: it is slow to compile.

#include "core/base/result.h"
#include "engine/serve/routes.h"

#include <memory>
#include <string>

namespace facet::engine::serve {

class HttpServer {
public:
    struct Settings {
        std::string host = "127.0.0.1";
        int port = 0;  ///< 0: any that is free
        std::string token;
        bool remoteAllowed = false;
    };

    /// Binds the port; from now on connections queue up.
    ///
    /// Errors  Unavailable: the address cannot be had.
    static core::Result<std::unique_ptr<HttpServer>> listen(const Settings& settings, const Routes& routes);
    ~HttpServer();

    int port() const { return m_port; }

    /// Serves until stop(), and then until the replies that are being written have ended.
    void run();

    /// Thread  any.
    void stop();

private:
    class Server;
    HttpServer(std::unique_ptr<Server> server, int port);

    std::unique_ptr<Server> m_server;
    int m_port;
};

}  // namespace facet::engine::serve
