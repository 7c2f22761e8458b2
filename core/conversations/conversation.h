#pragma once

// A conversation as it is kept: a tree of messages. An edit or another try adds a branch; nothing is
// overwritten.

#include "core/conversations/sampling.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace facet::core {

/// A picture of a message. Its file lies in the attachments folder under its content's hash.
struct Picture {
    std::string file;  ///< "3f2a….png", within the folder
    std::string name;  ///< as the user's file was called
    int64_t width = 0;
    int64_t height = 0;

    bool operator==(const Picture&) const = default;
};

enum class MessageState {
    Complete,
    Writing,      ///< the answer is under way
    Stopped,      ///< the user stopped it
    Failed,       ///< see Message::error
    Interrupted,  ///< the window ended while it was written
};

struct MessageStats {
    int promptTokens = 0;
    int completionTokens = 0;
    int cachedTokens = 0;
    int imageTokens = 0;
    double timeToFirstTokenSeconds = 0;
    double decodeTokensPerSecond = 0;
    std::string finishReason;

    bool operator==(const MessageStats&) const = default;
};

/// An adapter that takes part in answers.
struct UsedAdapter {
    std::string path;  ///< its folder
    std::string name;  ///< to show: "receipts-4b-lora, step 600"
    double scale = 1;  ///< its alpha is multiplied by this

    bool operator==(const UsedAdapter&) const = default;
};

struct StoredMessage {
    int64_t id = 0;
    int64_t parent = 0;  ///< 0: the first of a branch
    std::string role;    ///< "user", "assistant"
    std::string text;
    std::vector<Picture> pictures;
    MessageState state = MessageState::Complete;
    std::string error;                  ///< a sentence, when failed
    std::string model;                  ///< who wrote it
    std::vector<UsedAdapter> adapters;  ///< with which adapters
    std::optional<Sampling> sampling;   ///< with which settings
    std::optional<MessageStats> stats;
    int64_t createdAtMs = 0;  ///< since 1970, UTC
};

struct ConversationSettings {
    std::string model;
    std::string systemPrompt;
    Sampling sampling;
    bool isCompletion = false;  ///< a base model goes on with the text
    std::vector<UsedAdapter> adapters;

    bool operator==(const ConversationSettings&) const = default;
};

/// What a list shows.
struct ConversationSummary {
    int64_t id = 0;
    std::string title;
    std::string model;
    bool hasPictures = false;
    int64_t updatedAtMs = 0;
    std::string found;  ///< the place that a search found, "" if it was the title or nothing was searched
};

struct Conversation {
    int64_t id = 0;
    std::string title;
    ConversationSettings settings;
    std::vector<StoredMessage> messages;  ///< of all branches, by id
    int64_t leaf = 0;                     ///< the end of the branch that is shown; 0 if there is no message
    int64_t createdAtMs = 0;
    int64_t updatedAtMs = 0;
};

/// Settings under a name.
struct Preset {
    std::string name;
    std::string systemPrompt;
    Sampling sampling;

    bool operator==(const Preset&) const = default;
};

/// "complete", "writing", ...
const char* nameOf(MessageState state);

/// The messages from the first to `leaf`.
std::vector<const StoredMessage*> branchTo(const Conversation& conversation, int64_t leaf);

/// The end of the newest branch through `message`.
int64_t newestLeafBelow(const Conversation& conversation, int64_t message);

}  // namespace facet::core
