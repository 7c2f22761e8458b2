#include "jobs/slurm/shell_words.h"

#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;

bool isPlain(std::string_view text, std::string_view alsoPlain)
{
    return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
        return (c < 128 && std::isalnum(c)) || alsoPlain.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

/// Length of "$NAME" or "${NAME}" at the start of a path, 0 if it starts otherwise.
size_t variableLength(std::string_view path)
{
    if (path.empty() || path[0] != '$')
        return 0;
    const bool isBraced = path.size() > 1 && path[1] == '{';
    const size_t begin = isBraced ? 2 : 1;
    size_t end = begin;
    while (end < path.size() && (std::isalnum(static_cast<unsigned char>(path[end])) || path[end] == '_'))
        ++end;
    if (!isVariableName(path.substr(begin, end - begin)))
        return 0;
    if (isBraced && (end == path.size() || path[end] != '}'))
        return 0;
    end += isBraced ? 1 : 0;
    // "$HOME" of "$HOMEland" or "$HOME-2" is not what was meant.
    return end == path.size() || path[end] == '/' ? end : 0;
}

}  // namespace

bool isVariableName(std::string_view name)
{
    return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) && isPlain(name, "_");
}

std::string shellWord(std::string_view text)
{
    if (isPlain(text, "_./:@%+=-,") && text[0] != '=')
        return std::string(text);
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string shellPath(std::string_view path)
{
    const auto rest = [](std::string_view text) { return text.empty() ? std::string() : shellWord(text); };
    if (path.starts_with("~/"))
        return "\"$HOME\"" + rest(path.substr(1));
    if (const size_t length = variableLength(path); length > 0)
        return "\"" + std::string(path.substr(0, length)) + "\"" + rest(path.substr(length));
    return shellWord(path);
}

std::string shellMount(std::string_view mount)
{
    std::string words;
    for (size_t colon = mount.find(':'); colon != std::string_view::npos; colon = mount.find(':')) {
        words += shellPath(mount.substr(0, colon)) + ":";
        mount.remove_prefix(colon + 1);
    }
    return words + shellPath(mount);
}

std::string sbatchValue(std::string_view value)
{
    if (isPlain(value, "_./:@%+=-,[]*&|()!~^{}"))
        return std::string(value);
    std::string quoted = "\"";
    for (const char c : value)
        quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return quoted + "\"";
}

std::string withoutPatterns(std::string_view name)
{
    std::string plain;
    for (const char c : name)
        plain += c == '%' ? "%%" : std::string(1, c);
    return plain;
}

core::Result<void> checkOneLine(std::string_view text)
{
    if (text.find_first_of("\r\n") != std::string_view::npos)
        return Error{ErrorCode::InvalidInput,
                     inQuotes(text) + " has a line break, which a batch script cannot hold there"};
    if (std::ranges::any_of(text, [](unsigned char c) { return c < 32 || c == 127; }))
        return Error{ErrorCode::InvalidInput,
                     inQuotes(text) + " has a control character, which a batch script cannot hold there"};
    return {};
}

core::Result<void> checkExtraFlag(std::string_view flag)
{
    const std::string_view name = flag.substr(0, flag.find('='));
    if (name.size() < 4 || !name.starts_with("--") || !isPlain(name, "-"))
        return Error{
            ErrorCode::InvalidInput,
            inQuotes(flag) + " is no option such as --reservation=NAME; one a line, in its long form"};
    constexpr std::array ours = {
        "--job-name",  "--account",       "--partition",       "--qos",           "--time",
        "--nodes",     "--gpus-per-node", "--ntasks-per-node", "--cpus-per-task", "--mem",
        "--exclusive", "--constraint",    "--exclude",         "--array",         "--dependency",
        "--signal",    "--requeue",       "--no-requeue",      "--output",        "--error",
        "--open-mode", "--mail-type",     "--mail-user",       "--comment",       "--segment"};
    if (std::ranges::find(ours, name) != ours.end())
        return Error{ErrorCode::InvalidInput, std::string(name) + " has a field of its own; set that"};
    return {};
}

}  // namespace facet::jobs
