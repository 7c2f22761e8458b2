#include "core/base/environment.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace facet::core {

std::optional<std::filesystem::path> environmentPath(const char* variable)
{
    const char* value = std::getenv(variable);
    if (!value || !*value)
        return std::nullopt;
    const std::string_view text = value;
    if (text == "~")
        return homeFolder();
    if (text.starts_with("~/"))
        return homeFolder() / text.substr(2);
    std::error_code failed;
    std::filesystem::path path = std::filesystem::absolute(text, failed);
    return failed ? std::filesystem::path(text) : path;
}

std::filesystem::path homeFolder()
{
    if (const char* home = std::getenv("HOME"); home && *home)
        return home;
    const struct passwd* user = ::getpwuid(::getuid());
    return user && user->pw_dir ? user->pw_dir : "/";
}

}  // namespace facet::core
