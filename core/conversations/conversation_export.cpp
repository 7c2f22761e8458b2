#include "core/conversations/conversation_export.h"

#include "core/conversations/conversation_json.h"

#include <cstdio>

namespace facet::core {

/// In the label of a link, brackets and line ends would end it.
static std::string asLabel(const std::string& name)
{
    std::string label;
    for (const char c : name)
        label +=
            c == '[' || c == ']' || c == '\\' ? std::string("\\") + c : std::string(1, c == '\n' ? ' ' : c);
    return label;
}

static std::string heading(const StoredMessage& message, bool isCompletion)
{
    if (message.role == "user")
        return isCompletion ? "Text" : "You";
    std::string text = message.model.empty() ? "Answer" : message.model;
    const char* link = " with ";
    for (const UsedAdapter& adapter : message.adapters) {
        char scale[32];
        std::snprintf(scale, sizeof scale, " × %g", adapter.scale);
        text += link + adapter.name + scale;
        link = " and ";
    }
    return text;
}

std::string exportMarkdown(const Conversation& conversation, const PictureLink& link)
{
    const auto& settings = conversation.settings;
    std::string text = "# " + conversation.title + "\n";
    if (!settings.systemPrompt.empty()) {
        text += "\n> ";
        for (const char c : settings.systemPrompt)
            text += c == '\n' ? std::string("\n> ") : std::string(1, c);
        text += "\n";
    }
    for (const StoredMessage* message : branchTo(conversation, conversation.leaf)) {
        text += "\n## " + heading(*message, settings.isCompletion) + "\n\n";
        for (const Picture& picture : message->pictures)
            text += "![" + asLabel(picture.name) + "](<" + link(picture) + ">)\n\n";
        text += message->text + "\n";
        if (message->state == MessageState::Failed)
            text += "\n*" + message->error + "*\n";
        else if (message->state != MessageState::Complete)
            text += std::string("\n*") + nameOf(message->state) + "*\n";
    }
    return text;
}

static nlohmann::json toJson(const StoredMessage& message, const PictureLink& link)
{
    nlohmann::json content = nlohmann::json::array();
    for (const Picture& picture : message.pictures)
        content.push_back({{"type", "image"},
                           {"path", link(picture)},
                           {"name", picture.name},
                           {"width", picture.width},
                           {"height", picture.height}});
    content.push_back({{"type", "text"}, {"text", message.text}});
    nlohmann::json json = {{"id", message.id},
                           {"parent", message.parent},
                           {"role", message.role},
                           {"content", content},
                           {"state", nameOf(message.state)},
                           {"model", message.model},
                           {"created_at_ms", message.createdAtMs}};
    if (!message.error.empty())
        json["error"] = message.error;
    if (!message.adapters.empty())
        json["adapters"] = toJson(message.adapters);
    if (message.sampling)
        json["sampling"] = toJson(*message.sampling);
    if (message.stats)
        json["stats"] = toJson(*message.stats);
    return json;
}

std::string exportJson(const Conversation& conversation, const PictureLink& link)
{
    nlohmann::json messages = nlohmann::json::array();
    for (const StoredMessage& message : conversation.messages)
        messages.push_back(toJson(message, link));
    return dump({{"format", "facet-conversation"},
                 {"version", 1},
                 {"title", conversation.title},
                 {"model", conversation.settings.model},
                 {"system_prompt", conversation.settings.systemPrompt},
                 {"sampling", toJson(conversation.settings.sampling)},
                 {"mode", conversation.settings.isCompletion ? "completion" : "chat"},
                 {"created_at_ms", conversation.createdAtMs},
                 {"updated_at_ms", conversation.updatedAtMs},
                 {"leaf", conversation.leaf},
                 {"messages", messages}},
                2) +
           "\n";
}

}  // namespace facet::core
