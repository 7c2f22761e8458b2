#pragma once

// Who may talk to the server.

#include <string>
#include <string_view>

namespace facet::engine::serve {

/// 32 random bytes in hex.
std::string randomToken();

/// Whether "Bearer <token>" has the right token, in a time that does not depend on how much of it is right.
bool isAuthorized(std::string_view authorization, std::string_view token);

bool isLoopback(std::string_view host);

/// Whether the name in a request's Host header is one that a web page of somebody else's domain cannot have
/// made the browser use: localhost and loopback addresses; with `remoteAllowed` any address, this machine's
/// name and `boundHost`, too. A page that points its own domain at this machine (DNS rebinding) is so
/// refused.
bool isAllowedHost(std::string_view hostHeader, std::string_view boundHost, bool remoteAllowed);

}  // namespace facet::engine::serve
