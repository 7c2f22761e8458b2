#pragma once

// The user's conversations in one SQLite file. Text that streams in is appended in small rows, so a commit
// costs what is new and not what is there; the rows are joined when the answer ends, or at the next opening.

#include "core/base/result.h"
#include "core/base/sqlite.h"
#include "core/conversations/conversation.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace facet::core {

enum class Durability {
    Process,  ///< outlives the death of this process
    Power,    ///< outlives the machine's, too: waits for the disk
};

struct NewMessage {
    int64_t conversation = 0;
    int64_t parent = 0;
    std::string role;
    std::string text;
    std::vector<Picture> pictures;
    MessageState state = MessageState::Complete;
    std::string model;
    std::optional<Sampling> sampling;
};

/// Thread  one at a time; see ConversationWriter.
/// Errors  all: Io with SQLite's reason. NotFound for an id that does not exist.
class ConversationStore {
public:
    /// Opens or makes the file. An answer that was being written when its program ended is kept as
    /// Interrupted.
    ///
    /// Errors  InvalidInput if the file is damaged or from a later Facet; it is never overwritten.
    static Result<ConversationStore> open(const std::filesystem::path& path);

    /// What follows up to commit() is kept whole or not at all.
    Result<void> begin(Durability durability);
    Result<void> commit();
    void rollBack();

    /// A part of that, which can be undone alone.
    Result<void> beginPart();
    void endPart(bool keep);

    Result<int64_t> addConversation(const std::string& title, const ConversationSettings& settings);
    Result<void> rename(int64_t conversation, const std::string& title);
    Result<void> setSettings(int64_t conversation, const ConversationSettings& settings);
    Result<void> setLeaf(int64_t conversation, int64_t message);

    /// A conversation in the trash is in no list; opening the store a month later removes it.
    Result<void> setTrashed(int64_t conversation, bool isTrashed);

    /// Also makes it the leaf.
    Result<int64_t> addMessage(const NewMessage& message);
    Result<void> appendText(int64_t message, std::string_view text);
    Result<void> finishMessage(int64_t message, MessageState state, const std::string& error,
                               const std::optional<MessageStats>& stats);

    /// The newest first. With words in `search`: those that have all of them in the title or in one message,
    /// of any branch; the last word may be a beginning.
    Result<std::vector<ConversationSummary>> list(const std::string& search = {});
    Result<Conversation> load(int64_t conversation);

    Result<std::vector<Preset>> presets();
    Result<void> savePreset(const Preset& preset);
    Result<void> removePreset(const std::string& name);

private:
    explicit ConversationStore(sqlite::Database database) : m_database(std::move(database)) {}

    Result<void> prepare();
    Result<void> recover();
    Result<void> touch(int64_t conversation);
    Result<std::string> joinText(int64_t message);
    Result<std::vector<ConversationSummary>> summaries(sqlite::Statement& statement);

    sqlite::Database m_database;
};

}  // namespace facet::core
