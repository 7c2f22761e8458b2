#include "core/data/row_format.h"

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/chat/message_json.h"

#include <algorithm>
#include <array>
#include <utility>

namespace facet::core {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<RowFormat, std::string_view>, 7> kNames = {{
    {RowFormat::Chat, "chat"},
    {RowFormat::ShareGpt, "sharegpt"},
    {RowFormat::Llava, "llava"},
    {RowFormat::Alpaca, "alpaca"},
    {RowFormat::PromptCompletion, "prompt_completion"},
    {RowFormat::InputOutput, "input_output"},
    {RowFormat::Text, "text"},
}};
constexpr std::string_view kMarker = "<image>";

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

std::string keysOf(const json& row)
{
    if (!row.is_object())
        return shown(row);
    std::string keys;
    size_t count = 0;
    for (const auto& [key, value] : row.items())
        if (++count <= 8)
            keys += (keys.empty() ? "" : ", ") + inQuotes(key);
    return keys.empty() ? "no keys" : "the keys " + keys + (count > 8 ? ", ..." : "");
}

/// Sure is a format by its own keys; the others are only tried where nothing is sure.
std::optional<RowFormat> formatOf(const json& row)
{
    if (row.is_array())
        return RowFormat::Chat;
    if (!row.is_object())
        return std::nullopt;
    if (row.contains("messages"))
        return RowFormat::Chat;
    if (row.contains("conversations"))
        return row.contains("image") ? RowFormat::Llava : RowFormat::ShareGpt;
    if (row.contains("instruction"))
        return RowFormat::Alpaca;
    if (row.contains("prompt") && row.contains("completion"))
        return RowFormat::PromptCompletion;
    if (row.contains("input") && row.contains("output"))
        return RowFormat::InputOutput;
    if (row.contains("text"))
        return RowFormat::Text;
    return std::nullopt;
}

/// The text under a key.
Result<std::string> textUnder(const json& object, const char* key, const std::string& where, bool isNeeded)
{
    const auto found = object.find(key);
    if (found == object.end() || found->is_null())
        return isNeeded ? Result<std::string>(refused(where + key + " is missing; a text is needed"))
                        : std::string();
    if (!found->is_string())
        return refused(where + key + " is " + shown(*found) + "; a text is needed");
    return found->get<std::string>();
}

/// A path as it is read: a relative one starts at `root`; a place in a tar file and an address stay.
std::string resolved(const std::string& source, const std::filesystem::path& root)
{
    constexpr std::string_view kFile = "file://";
    if (source.starts_with(kFile))
        return source.substr(kFile.size());
    const bool isPath = source.find("://") == std::string::npos && !source.starts_with("data:") &&
                        !source.starts_with("tar:");
    return isPath && std::filesystem::path(source).is_relative() ? (root / source).string() : source;
}

/// Paths under "images" and "image", made absolute.
Result<std::vector<std::string>> picturesOf(const json& row, const std::filesystem::path& root)
{
    std::vector<std::string> paths;
    if (!row.is_object())
        return paths;
    for (const char* key : {"image", "images"}) {
        const auto found = row.find(key);
        if (found == row.end() || found->is_null())
            continue;
        const json list = found->is_array() ? *found : json::array({*found});
        for (size_t i = 0; i < list.size(); ++i) {
            const json& each = list[i];
            const bool isObject = each.is_object() && each.contains("path") && each["path"].is_string();
            if (!each.is_string() && !isObject)
                return refused(std::string(key) + (found->is_array() ? "[" + std::to_string(i) + "]" : "") +
                               " is " + shown(each) + "; the path of a picture is needed");
            paths.push_back(isObject ? each["path"].get<std::string>() : each.get<std::string>());
        }
    }
    for (std::string& path : paths)
        path = resolved(path, root);
    return paths;
}

/// Puts pictures where markers are, or in front of the first question.
class PicturePlacer {
public:
    explicit PicturePlacer(std::vector<std::string> paths) : m_paths(std::move(paths)) {}

    /// Text with markers becomes parts. Without pictures, "<image>" is a word like another.
    std::vector<ContentPart> place(const std::string& text)
    {
        if (m_paths.empty())
            return {TextPart{text}};
        std::vector<ContentPart> parts;
        std::string_view rest = text;
        for (size_t at = rest.find(kMarker); at != std::string_view::npos; at = rest.find(kMarker)) {
            if (at > 0)
                parts.emplace_back(TextPart{std::string(rest.substr(0, at))});
            if (m_numMarkers < m_paths.size())
                parts.emplace_back(ImagePart{m_paths[m_numMarkers]});
            ++m_numMarkers;
            rest.remove_prefix(at + kMarker.size());
        }
        if (!rest.empty() || parts.empty())
            parts.emplace_back(TextPart{std::string(rest)});
        return parts;
    }

    Result<void> finish(std::vector<Message>& messages) const
    {
        if (m_paths.empty())
            return {};
        if (m_numMarkers > 0 && m_numMarkers != m_paths.size())
            return refused("the row has " + std::to_string(m_paths.size()) + " pictures and " +
                           std::to_string(m_numMarkers) + " times \"<image>\"; their numbers must be equal");
        if (m_numMarkers > 0)
            return {};
        for (Message& message : messages) {
            if (message.role != "user")
                continue;
            std::vector<ContentPart> parts;
            for (const std::string& path : m_paths)
                parts.emplace_back(ImagePart{path});
            message.content.insert(message.content.begin(), parts.begin(), parts.end());
            return {};
        }
        return refused("the row has pictures, but no message of the user that they could belong to");
    }

private:
    std::vector<std::string> m_paths;
    size_t m_numMarkers = 0;
};

/// Gives {"type": "image"} parts without a path the pictures of the row, in order.
Result<bool> fillParts(json& messages, const std::vector<std::string>& pictures)
{
    size_t next = 0;
    bool hasParts = false;
    for (json& message : messages) {
        if (!message.is_object() || !message.contains("content") || !message["content"].is_array())
            continue;
        for (json& part : message["content"]) {
            if (!part.is_object() || part.value("type", json()) != "image")
                continue;
            hasParts = true;
            const auto isPath = [&](const char* key) { return part.contains(key) && part[key].is_string(); };
            if (isPath("path") || isPath("url") || isPath("image"))
                continue;
            if (next == pictures.size())
                return refused("the row has more parts of type \"image\" than its " +
                               std::to_string(pictures.size()) + " pictures; their numbers must be equal");
            part["path"] = pictures[next++];
        }
    }
    if (hasParts && next != pictures.size())
        return refused("the row has " + std::to_string(pictures.size()) + " pictures and " +
                       std::to_string(next) +
                       " parts of type \"image\" without a path; their numbers must be equal");
    return hasParts;
}

/// Reads a list of messages; `where` is its name in the row.
Result<std::vector<Message>> chatMessages(json messages, const std::string& where,
                                          const std::vector<std::string>& pictures,
                                          const std::filesystem::path& root)
{
    if (!messages.is_array())
        return refused(where + " is " + shown(messages) + "; a list of messages is needed");
    const Result<bool> hasParts = fillParts(messages, pictures);
    if (!hasParts)
        return hasParts.error();
    Result<std::vector<Message>> read = messagesFromJson(messages);
    if (!read)
        return read;
    for (Message& message : *read)
        for (ContentPart& part : message.content)
            if (auto* image = std::get_if<ImagePart>(&part))
                image->source = resolved(image->source, root);
    if (*hasParts || pictures.empty())
        return read;
    PicturePlacer placer(pictures);
    for (Message& message : *read) {
        std::vector<ContentPart> parts;
        for (const ContentPart& part : message.content)
            if (const auto* text = std::get_if<TextPart>(&part))
                for (ContentPart& each : placer.place(text->text))
                    parts.push_back(std::move(each));
            else
                parts.push_back(part);
        message.content = std::move(parts);
    }
    if (const Result<void> placed = placer.finish(*read); !placed)
        return placed.error();
    return read;
}

std::string ourRole(const std::string& from)
{
    if (from == "human" || from == "user")
        return "user";
    if (from == "gpt" || from == "assistant" || from == "model" || from == "chatgpt" || from == "bot")
        return "assistant";
    return from == "system" ? "system" : "";
}

Result<std::vector<Message>> shareGptMessages(const json& row, PicturePlacer& placer)
{
    std::vector<Message> messages;
    const Result<std::string> system = textUnder(row, "system", "", false);
    if (!system)
        return system.error();
    if (!system->empty())
        messages.push_back({"system", {TextPart{*system}}});
    const json& turns = row["conversations"];
    if (!turns.is_array())
        return refused("conversations is " + shown(turns) + "; a list is needed");
    for (size_t i = 0; i < turns.size(); ++i) {
        const std::string where = "conversations[" + std::to_string(i) + "].";
        // Some write role and content here.
        const bool isOpenAi = turns[i].is_object() && !turns[i].contains("from") && turns[i].contains("role");
        const char* const fromKey = isOpenAi ? "role" : "from";
        const Result<std::string> from =
            turns[i].is_object()
                ? textUnder(turns[i], fromKey, where, true)
                : Result<std::string>(refused("conversations[" + std::to_string(i) + "] is " +
                                              shown(turns[i]) + "; an object is needed"));
        if (!from)
            return from.error();
        const std::string role = ourRole(*from);
        if (role.empty())
            return refused(where + fromKey + " is " + inQuotes(*from) +
                           "; Gemma 3 knows human, gpt and system: rename it, or leave such rows out");
        const Result<std::string> value = textUnder(turns[i], isOpenAi ? "content" : "value", where, true);
        if (!value)
            return value.error();
        messages.push_back({role, placer.place(*value)});
    }
    return messages;
}

Result<std::vector<Message>> alpacaMessages(const json& row, PicturePlacer& placer)
{
    std::vector<Message> messages;
    const Result<std::string> system = textUnder(row, "system", "", false);
    const Result<std::string> instruction = textUnder(row, "instruction", "", true);
    const Result<std::string> input = textUnder(row, "input", "", false);
    const Result<std::string> output = textUnder(row, "output", "", true);
    for (const Result<std::string>* each : {&system, &instruction, &input, &output})
        if (!*each)
            return each->error();
    if (!system->empty())
        messages.push_back({"system", {TextPart{*system}}});
    if (const auto history = row.find("history"); history != row.end() && !history->is_null()) {
        if (!history->is_array())
            return refused("history is " + shown(*history) + "; a list of [question, answer] is needed");
        for (size_t i = 0; i < history->size(); ++i) {
            const json& pair = (*history)[i];
            if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
                return refused("history[" + std::to_string(i) + "] is no [question, answer] of two texts");
            messages.push_back({"user", placer.place(pair[0].get<std::string>())});
            messages.push_back({"assistant", {TextPart{pair[1].get<std::string>()}}});
        }
    }
    const std::string question = input->empty() ? *instruction : *instruction + "\n\n" + *input;
    messages.push_back({"user", placer.place(question)});
    messages.push_back({"assistant", {TextPart{*output}}});
    return messages;
}

Result<std::vector<Message>> pairMessages(const json& row, const char* question, const char* answer,
                                          PicturePlacer& placer)
{
    const Result<std::string> prompt = textUnder(row, question, "", true);
    if (!prompt)
        return prompt.error();
    const Result<std::string> completion = textUnder(row, answer, "", true);
    if (!completion)
        return completion.error();
    return std::vector<Message>{{"user", placer.place(*prompt)}, {"assistant", {TextPart{*completion}}}};
}

/// Every row needs something to learn from.
Result<DataSample> checked(Result<std::vector<Message>> messages)
{
    if (!messages)
        return messages.error();
    for (size_t i = 0; i < messages->size(); ++i)
        if (const std::string& role = (*messages)[i].role; ourRole(role).empty())
            return refused("message " + std::to_string(i + 1) + " has the role " + inQuotes(role) +
                           "; Gemma 3 knows system, user and assistant: rename it, or leave such rows out");
    const bool hasAnswer = std::ranges::any_of(*messages, [](const Message& message) {
        return message.role == "assistant" || message.role == "model";
    });
    if (!hasAnswer)
        return refused("the conversation has no turn of the assistant: there is nothing to learn from it");
    return DataSample{*std::move(messages), {}};
}

}  // namespace

std::string_view nameOf(RowFormat format)
{
    for (const auto& [each, name] : kNames)
        if (each == format)
            return name;
    return "";
}

std::optional<RowFormat> rowFormat(std::string_view name)
{
    for (const auto& [format, each] : kNames)
        if (each == name)
            return format;
    return std::nullopt;
}

Result<RowFormat> sniffRows(std::span<const json> rows)
{
    std::optional<RowFormat> format;
    for (const json& row : rows) {
        if (row.is_object() && row.contains("chosen") && row.contains("rejected"))
            return refused(
                "these are preferences (chosen, rejected), which are not trained on; keep the chosen answers "
                "as prompt and completion");
        std::optional<RowFormat> each = formatOf(row);
        if (!each)
            return refused(
                "a row has " + keysOf(row) +
                "; known are messages, conversations, instruction, prompt and completion, input and output, "
                "text");
        // LLaVA's files have rows without a picture, too.
        if (format && *format != *each && (*format == RowFormat::Llava || *each == RowFormat::Llava) &&
            (*format == RowFormat::ShareGpt || *each == RowFormat::ShareGpt))
            each = RowFormat::Llava;
        else if (format && *format != *each)
            return refused("rows are of two kinds, " + std::string(nameOf(*format)) + " and " +
                           std::string(nameOf(*each)) + "; put them into two files");
        format = each;
    }
    if (!format)
        return refused("there are no rows");
    return *format;
}

Result<DataSample> sampleFromRow(const json& row, RowFormat format, const std::filesystem::path& imageRoot)
{
    const std::optional<RowFormat> actual = formatOf(row);
    const bool isConversation = actual == RowFormat::ShareGpt || actual == RowFormat::Llava;
    const bool isMeant =
        actual == format || (isConversation && (format == RowFormat::ShareGpt || format == RowFormat::Llava));
    if (!isMeant && !(row.is_object() && format != RowFormat::Chat && !isConversation))
        return refused("the row has " + keysOf(row) + ", which is not the format " +
                       std::string(nameOf(format)));
    Result<std::vector<std::string>> pictures = picturesOf(row, imageRoot);
    if (!pictures)
        return pictures.error();
    if (format == RowFormat::Text) {
        Result<std::string> text = textUnder(row, "text", "", true);
        if (!text)
            return text.error();
        if (text->empty())
            return refused("text is empty");
        return DataSample{{}, {TextPart{*std::move(text)}}};
    }
    if (format == RowFormat::Chat)
        return checked(
            chatMessages(row.is_array() ? row : row["messages"], "messages", *pictures, imageRoot));
    const auto listOf = [&](const char* key) { return row.contains(key) && row[key].is_array(); };
    if (format == RowFormat::PromptCompletion && (listOf("prompt") || listOf("completion"))) {
        if (!listOf("prompt") || !listOf("completion"))
            return refused("prompt and completion are not both texts or both lists of messages");
        json all = row["prompt"];
        all.insert(all.end(), row["completion"].begin(), row["completion"].end());
        return checked(chatMessages(std::move(all), "prompt + completion", *pictures, imageRoot));
    }

    PicturePlacer placer(*std::move(pictures));
    Result<std::vector<Message>> messages =
        format == RowFormat::Alpaca             ? alpacaMessages(row, placer)
        : format == RowFormat::PromptCompletion ? pairMessages(row, "prompt", "completion", placer)
        : format == RowFormat::InputOutput      ? pairMessages(row, "input", "output", placer)
                                                : shareGptMessages(row, placer);
    if (!messages)
        return messages.error();
    if (const Result<void> placed = placer.finish(*messages); !placed)
        return placed.error();
    return checked(std::move(messages));
}

}  // namespace facet::core
