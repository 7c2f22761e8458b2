#include "core/hub/url.h"

#include <curl/curl.h>

#include <memory>

namespace facet::core {
namespace {

struct UrlDeleter {
    void operator()(CURLU* url) const { ::curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

Url parsed(const std::string& text)
{
    Url url(::curl_url());
    if (url && ::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        url.reset();
    return url;
}

std::string part(const Url& url, CURLUPart which, unsigned flags = 0)
{
    char* text = nullptr;
    if (!url || ::curl_url_get(url.get(), which, &text, flags) != CURLUE_OK)
        return {};
    std::string copy = text;
    ::curl_free(text);
    return copy;
}

}  // namespace

std::optional<std::string> originOf(const std::string& url)
{
    const Url parts = parsed(url);
    const std::string scheme = part(parts, CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https")
        return std::nullopt;
    std::string host = part(parts, CURLUPART_HOST);
    for (char& c : host)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return scheme + "://" + host + ":" + part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string hostOf(const std::string& url)
{
    return part(parsed(url), CURLUPART_HOST);
}

std::optional<std::string> redirected(const std::string& base, const std::string& location)
{
    const Url url = parsed(base);
    if (!url || location.empty() ||
        ::curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
        return std::nullopt;
    std::string target = part(url, CURLUPART_URL);
    return originOf(target) ? std::optional(target) : std::nullopt;
}

std::string percentEncoded(std::string_view text, bool keepSlashes)
{
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '.' || c == '_' || c == '~' || (keepSlashes && c == '/');
        const auto byte = static_cast<unsigned char>(c);
        if (isPlain)
            encoded += c;
        else
            encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
    return encoded;
}

}  // namespace facet::core
