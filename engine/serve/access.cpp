#include "engine/serve/access.h"

#include <arpa/inet.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace facet::engine::serve {
namespace {

std::string lowered(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

/// "[::1]:8080" -> "::1", "localhost:80" -> "localhost".
std::string hostOf(std::string_view header)
{
    if (header.starts_with('[')) {
        const size_t end = header.find(']');
        return end == std::string_view::npos ? "" : lowered(header.substr(1, end - 1));
    }
    return lowered(header.substr(0, header.find(':')));
}

bool isAddress(const std::string& host)
{
    in6_addr ignored{};
    return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

std::string randomToken()
{
    std::array<unsigned char, 32> bytes{};
    // For so few bytes getrandom() gives all or fails for lack of a kernel that has it.
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        std::abort();
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string token;
    for (const unsigned char byte : bytes) {
        token += kDigits[byte >> 4];
        token += kDigits[byte & 15];
    }
    return token;
}

bool isAuthorized(std::string_view authorization, std::string_view token)
{
    constexpr std::string_view kScheme = "bearer ";
    if (token.empty() || lowered(authorization.substr(0, kScheme.size())) != kScheme)
        return false;
    const std::string_view given = authorization.substr(kScheme.size());
    unsigned difference = given.size() == token.size() ? 0 : 1;
    for (size_t i = 0; i < given.size(); ++i)
        difference |= static_cast<unsigned char>(given[i] ^ token[i % token.size()]);
    return difference == 0;
}

bool isLoopback(std::string_view host)
{
    const std::string name = lowered(host);
    in_addr address{};
    if (::inet_pton(AF_INET, name.c_str(), &address) == 1)
        return ::ntohl(address.s_addr) >> 24 == 127;
    return name == "localhost" || name == "::1";
}

bool isAllowedHost(std::string_view hostHeader, std::string_view boundHost, bool remoteAllowed)
{
    const std::string host = hostOf(hostHeader);
    if (isLoopback(host))
        return true;
    if (!remoteAllowed)
        return false;
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return isAddress(host) || host == lowered(boundHost) || host == lowered(name.data());
}

}  // namespace facet::engine::serve
