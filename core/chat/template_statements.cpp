#include "core/chat/template_statements.h"

#include <cstddef>

namespace facet::core {
namespace {

bool isSpace(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/// Where the statement that begins `rest` ends: behind its "}}", "%}" or "#}", quotes heeded.
size_t endOfStatement(std::string_view rest)
{
    const char closing = rest[1] == '{' ? '}' : rest[1];
    char quote = 0;
    for (size_t i = 2; i + 1 < rest.size(); ++i) {
        if (quote && rest[i] == '\\')
            ++i;
        else if (quote)
            quote = rest[i] == quote ? '\0' : quote;
        else if (closing != '#' && (rest[i] == '\'' || rest[i] == '"'))
            quote = rest[i];
        else if (rest[i] == closing && rest[i + 1] == '}')
            return i + 2;
    }
    return rest.size();
}

size_t beginOfStatement(std::string_view rest)
{
    for (size_t i = 0; i + 1 < rest.size(); ++i) {
        if (rest[i] == '{' && (rest[i + 1] == '{' || rest[i + 1] == '%' || rest[i + 1] == '#'))
            return i;
    }
    return rest.size();
}

uint64_t hashOf(std::string_view statement)
{
    uint64_t hash = 0xCBF29CE484222325u;
    char quote = 0;
    for (size_t i = 0; i < statement.size(); ++i) {
        char c = statement[i];
        if (!quote && isSpace(c))
            continue;
        if (quote && c == '\\' && i + 1 < statement.size()) {
            c = statement[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        } else if (c == quote) {
            quote = 0;
            c = '\'';  // both quotes mean the same
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
            c = '\'';
        }
        hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
    }
    return hash;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && isSpace(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isSpace(text.back()))
        text.remove_suffix(1);
    return text;
}

}  // namespace

std::vector<TemplateStatement> statementsOf(std::string_view source)
{
    std::vector<TemplateStatement> result;
    while (!source.empty()) {
        const size_t begin = beginOfStatement(source);
        if (const std::string_view between = trimmed(source.substr(0, begin)); !between.empty())
            result.push_back({between, hashOf(between)});
        source.remove_prefix(begin);
        if (source.empty())
            break;
        const size_t end = endOfStatement(source);
        result.push_back({source.substr(0, end), hashOf(source.substr(0, end))});
        source.remove_prefix(end);
    }
    return result;
}

}  // namespace facet::core
