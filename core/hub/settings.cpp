#include "core/hub/settings.h"

#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/models/hf_cache.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace facet::core {
namespace {

std::string variable(const char* name)
{
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool isTrue(std::string value)
{
    std::ranges::transform(value, value.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

/// A token as it is pasted: with spaces and line ends around it.
std::string trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos)
        return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

void readToken(HubSettings& settings)
{
    if (isTrue(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN")))
        return;
    settings.token = trimmed(variable("HF_TOKEN"));
    settings.tokenSource = "HF_TOKEN";
    if (!settings.token.empty())
        return;
    constexpr size_t kMaxTokenBytes = 4096;
    const std::filesystem::path file = environmentPath("HF_TOKEN_PATH").value_or(hubHome() / "token");
    const Result<std::string> text = readFile(file, kMaxTokenBytes);
    settings.token = text ? trimmed(*text) : "";
    settings.tokenSource = settings.token.empty() ? "" : file.string();
}

}  // namespace

HubSettings hubSettings()
{
    HubSettings settings;
    if (const std::string endpoint = trimmed(variable("HF_ENDPOINT")); !endpoint.empty())
        settings.endpoint = endpoint;
    while (settings.endpoint.ends_with('/'))
        settings.endpoint.pop_back();
    settings.cache = hubFolder();
    for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
        const std::string value = variable(name);
        if (value.empty())
            continue;
        if (isTrue(value))
            settings.offlineBy = name + ("=" + value);
        break;
    }
    const std::string timeout = variable("HF_HUB_DOWNLOAD_TIMEOUT");
    int seconds = 0;
    if (std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds).ec == std::errc() &&
        seconds > 0)
        settings.stallTimeout = std::chrono::seconds(seconds);
    readToken(settings);
    return settings;
}

}  // namespace facet::core
