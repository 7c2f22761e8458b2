#include "core/chat/chat_template.h"

#include "core/base/file.h"
#include "core/chat/known_templates.h"
#include "core/chat/template_statements.h"
#include "core/gguf/gguf_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace facet::core {
namespace {

using Json = nlohmann::json;
using PartKind = PromptPart::Kind;

constexpr size_t kMaxBytes = 64 << 20;

/// The file's text; nothing if there is no such file.
Result<std::optional<std::string>> readIfThere(const std::filesystem::path& path)
{
    Result<std::string> text = readFile(path, kMaxBytes);
    if (text)
        return std::optional(std::move(*text));
    if (text.error().code == ErrorCode::NotFound)
        return std::optional<std::string>();
    return text.error();
}

/// A template by itself, or the one called "default" in a list of {"name", "template"}.
Result<std::optional<std::string>> templateIn(const Json& value, const std::string& where)
{
    if (value.is_null())
        return std::optional<std::string>();
    if (value.is_string())
        return std::optional(value.get<std::string>());
    if (!value.is_array())
        return Error{ErrorCode::InvalidInput, where + " is neither a string nor a list of named templates"};
    std::string names;
    for (const Json& each : value) {
        if (!each.is_object() || !each.contains("name") || !each["name"].is_string() ||
            !each.contains("template") || !each["template"].is_string())
            return Error{ErrorCode::InvalidInput, where + " has an entry without a name or a template"};
        if (each["name"] == "default" || value.size() == 1)
            return std::optional(each["template"].get<std::string>());
        names += (names.empty() ? "" : ", ") + each["name"].get<std::string>();
    }
    return Error{ErrorCode::InvalidInput,
                 where + " has templates of these names, none of them \"default\": " + names};
}

/// The template under "chat_template" of a JSON file.
Result<std::optional<std::string>> templateOfJson(const std::filesystem::path& path)
{
    const Result<std::optional<std::string>> text = readIfThere(path);
    if (!text)
        return text.error();
    if (!*text)
        return std::optional<std::string>();
    const Json json = Json::parse(**text, nullptr, false);
    if (!json.is_object())
        return Error{ErrorCode::InvalidInput, path.string() + " is no JSON object"};
    const auto found = json.find("chat_template");
    if (found == json.end())
        return std::optional<std::string>();
    return templateIn(*found, "\"chat_template\" in " + path.string());
}

std::vector<uint64_t> hashesOf(const std::vector<TemplateStatement>& statements)
{
    std::vector<uint64_t> hashes;
    for (const TemplateStatement& statement : statements)
        hashes.push_back(statement.hash);
    return hashes;
}

bool isGemma3(std::span<const uint64_t> hashes)
{
    return std::ranges::equal(hashes, kGemma3Statements);
}

bool isEarlyGemma3(std::vector<uint64_t> hashes)
{
    for (const auto& [index, hash] : kGemma3EarlyStatements) {
        if (index >= hashes.size() || hashes[index] != hash)
            return false;
        hashes[index] = kGemma3Statements[index];
    }
    return isGemma3(hashes);
}

bool isDemoModels(std::span<const uint64_t> hashes)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (const uint64_t each : hashes)
        for (int byte = 0; byte < 8; ++byte)
            hash = (hash ^ (each >> (8 * byte) & 0xFF)) * 0x100000001B3u;
    return hash == kDemoTemplate;
}

/// Whether Python's str.strip(), which is Jinja's `trim`, takes this character away.
bool isPythonSpace(char32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

/// The character at the front if it is white space, and its length; all of them have at most three bytes.
size_t spaceInFront(std::string_view text)
{
    const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(text[i])); };
    if (text.empty())
        return 0;
    if (byte(0) < 0x80)
        return isPythonSpace(byte(0)) ? 1 : 0;
    if (text.size() >= 2 && byte(0) == 0xC2)
        return isPythonSpace(byte(1)) ? 2 : 0;
    if (text.size() >= 3 && byte(0) >= 0xE1 && byte(0) <= 0xE3)
        return isPythonSpace((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)) ? 3 : 0;
    return 0;
}

std::string trimmed(std::string_view text)
{
    while (const size_t length = spaceInFront(text))
        text.remove_prefix(length);
    for (size_t length = 1; length <= 3 && length <= text.size();) {
        if (spaceInFront(text.substr(text.size() - length)) == length) {
            text.remove_suffix(length);
            length = 1;
        } else {
            ++length;
        }
    }
    return std::string(text);
}

/// Appends, and keeps stretches of the template's own words whole.
void addWords(std::vector<PromptPart>& parts, std::string_view words)
{
    if (!parts.empty() && parts.back().kind == PartKind::Template)
        parts.back().text += words;
    else
        parts.push_back({PartKind::Template, std::string(words)});
}

Result<std::string> systemText(const Message& message)
{
    if (message.content.empty())
        return std::string();
    for (const ContentPart& part : message.content) {
        if (const auto* image = std::get_if<ImagePart>(&part))
            return Error{ErrorCode::InvalidInput, "the system message has the picture " + image->source +
                                                      "; put it into the first message of the user"};
    }
    return std::get<TextPart>(message.content.front()).text;
}

/// "user" or "model", in which a message of the conversation is written.
Result<std::string_view> turnRole(const Message& message, size_t index, bool isUsersTurn)
{
    const bool isUser = message.role == "user";
    const bool isModel = message.role == "assistant" || message.role == "model";
    const std::string place =
        "message " + std::to_string(index + 1) + " has the role \"" + message.role + "\"";
    if (!isUser && !isModel && message.role != "system")
        return Error{ErrorCode::InvalidInput,
                     place + "; Gemma 3 knows \"system\", \"user\" and \"assistant\""};
    if (message.role == "system")
        return Error{ErrorCode::InvalidInput, place + "; only the first message may be the system's"};
    if (isUser != isUsersTurn)
        return Error{ErrorCode::InvalidInput,
                     place + ", but it is the turn of \"" + (isUsersTurn ? "user" : "assistant") +
                         "\": after the system message, user and assistant alternate"};
    return isUser ? std::string_view("user") : std::string_view("model");
}

/// For each statement of `mine`, whether it is part of a longest common subsequence with `known`; then the
/// same for `known`.
std::pair<std::vector<bool>, std::vector<bool>> common(const std::vector<uint64_t>& mine,
                                                       std::span<const uint64_t> known)
{
    std::vector<std::vector<size_t>> length(mine.size() + 1, std::vector<size_t>(known.size() + 1, 0));
    for (size_t i = mine.size(); i-- > 0;) {
        for (size_t j = known.size(); j-- > 0;)
            length[i][j] =
                mine[i] == known[j] ? length[i + 1][j + 1] + 1 : std::max(length[i + 1][j], length[i][j + 1]);
    }
    std::pair<std::vector<bool>, std::vector<bool>> result(mine.size(), known.size());
    for (size_t i = 0, j = 0; i < mine.size() && j < known.size();) {
        if (mine[i] == known[j])
            result.first[i++] = result.second[j++] = true;
        else if (length[i + 1][j] >= length[i][j + 1])
            ++i;
        else
            ++j;
    }
    return result;
}

std::string oneLine(std::string_view statement)
{
    constexpr size_t kMaxShown = 160;
    std::string line;
    for (const char c : statement.substr(0, kMaxShown))
        line += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    return statement.size() > kMaxShown ? line + " ..." : line;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::open(const std::filesystem::path& modelFolder)
{
    if (isGgufFile(modelFolder)) {
        const Result<GgufFile> file = GgufFile::open(modelFolder);
        if (!file)
            return file.error();
        return fromSource(std::string(file->text("tokenizer.chat_template").value_or("")));
    }
    Result<std::optional<std::string>> source = readIfThere(modelFolder / "chat_template.jinja");
    if (source && !*source)
        source = templateOfJson(modelFolder / "chat_template.json");
    if (source && !*source)
        source = templateOfJson(modelFolder / "tokenizer_config.json");
    if (!source)
        return source.error();
    return fromSource(source->value_or(""));
}

ChatTemplate ChatTemplate::fromSource(std::string source)
{
    ChatTemplate result;
    const std::vector<uint64_t> hashes = hashesOf(statementsOf(source));
    if (hashes.empty())
        return result;
    if (isGemma3(hashes) || isDemoModels(hashes)) {
        result.m_kind = Kind::Gemma3;
    } else if (isEarlyGemma3(hashes)) {
        result.m_kind = Kind::Gemma3;
        result.m_systemSeparator = "\n";
    } else {
        result.m_kind = Kind::Unknown;
    }
    result.m_source = std::move(source);
    return result;
}

std::string ChatTemplate::difference() const
{
    if (m_kind != Kind::Unknown)
        return {};
    constexpr size_t kMaxShown = 40;
    const std::vector<TemplateStatement> statements = statementsOf(m_source);
    // A template of ten thousand statements is not compared to its end.
    const std::vector<TemplateStatement> compared(
        statements.begin(), statements.begin() + std::min<ptrdiff_t>(2000, std::ssize(statements)));
    const auto [isShared, isKept] = common(hashesOf(compared), kGemma3Statements);

    std::string text = "--- Gemma 3\n+++ this model\n";
    for (size_t i = 0; i < kGemma3Sections.size(); ++i) {
        const size_t begin = kGemma3Sections[i].begin;
        const size_t end =
            i + 1 < kGemma3Sections.size() ? kGemma3Sections[i + 1].begin : kGemma3Statements.size();
        const auto numMissing = std::count(isKept.begin() + static_cast<ptrdiff_t>(begin),
                                           isKept.begin() + static_cast<ptrdiff_t>(end), false);
        if (numMissing > 0)
            text += "- " + std::to_string(numMissing) + " of " + std::to_string(end - begin) +
                    " statements that " + std::string(kGemma3Sections[i].what) + "\n";
    }
    size_t numShown = 0;
    for (size_t i = 0; i < compared.size(); ++i) {
        if (!isShared[i] && ++numShown <= kMaxShown)
            text += "+ " + oneLine(compared[i].source) + "\n";
    }
    if (numShown > kMaxShown)
        text += "+ and " + std::to_string(numShown - kMaxShown) + " more\n";
    return text;
}

Result<std::vector<PromptPart>> ChatTemplate::render(const std::vector<Message>& messages,
                                                     bool addGenerationPrompt, bool evenIfUnknown) const
{
    if (m_kind == Kind::None)
        return Error{ErrorCode::InvalidInput,
                     "this model has no chat template: it is a base model, which completes text (--raw)"};
    if (m_kind == Kind::Unknown && !evenIfUnknown)
        return Error{ErrorCode::InvalidInput,
                     "this model's chat template is not one of Gemma 3's; see how it differs "
                     "with `facet-engine inspect`, or ask for Gemma 3's all the same"};
    size_t next = !messages.empty() && messages.front().role == "system" ? 1 : 0;
    if (next == messages.size())
        return Error{ErrorCode::InvalidInput, "the conversation has no message of the user"};

    std::vector<PromptPart> parts;
    addWords(parts, "<bos>");
    for (bool isUsersTurn = true; next < messages.size(); ++next, isUsersTurn = !isUsersTurn) {
        const Result<std::string_view> role = turnRole(messages[next], next, isUsersTurn);
        if (!role)
            return role.error();
        addWords(parts, "<start_of_turn>" + std::string(*role) + "\n");
        if (next == 1 && isUsersTurn) {
            const Result<std::string> system = systemText(messages.front());
            if (!system)
                return system.error();
            parts.push_back({PartKind::Text, *system});
            addWords(parts, m_systemSeparator);
        }
        for (const ContentPart& part : messages[next].content) {
            if (const auto* text = std::get_if<TextPart>(&part))
                parts.push_back({PartKind::Text, trimmed(text->text)});
            else
                parts.push_back({PartKind::Image, std::get<ImagePart>(part).source});
        }
        addWords(parts, "<end_of_turn>\n");
    }
    if (addGenerationPrompt)
        addWords(parts, "<start_of_turn>model\n");
    return parts;
}

std::string renderedText(std::string_view text)
{
    return trimmed(text);
}

std::string asText(const std::vector<PromptPart>& parts)
{
    std::string text;
    for (const PromptPart& part : parts)
        text += part.kind == PartKind::Image ? "<start_of_image>" : part.text;
    return text;
}

}  // namespace facet::core
