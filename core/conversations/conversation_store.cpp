#include "core/conversations/conversation_store.h"

#include "core/base/json.h"
#include "core/conversations/conversation_json.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace facet::core {

using sqlite::Database;
using sqlite::Statement;

static constexpr int64_t kSchema = 2;
static constexpr int64_t kTrashMs = int64_t{30} * 24 * 3600 * 1000;

static const char* const kTables = R"(
CREATE TABLE conversations(
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, model TEXT NOT NULL, system_prompt TEXT NOT NULL,
    sampling TEXT NOT NULL, is_completion INTEGER NOT NULL, leaf INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, trashed_at INTEGER);
CREATE TABLE messages(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
    parent INTEGER NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL, sampling TEXT, stats TEXT, created_at INTEGER NOT NULL);
CREATE INDEX messages_of ON messages(conversation);
CREATE INDEX messages_under_way ON messages(state) WHERE state = 'writing';
CREATE TABLE chunks(
    id INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE, text TEXT NOT NULL);
CREATE INDEX chunks_of ON chunks(message);
CREATE TABLE pictures(
    message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE, position INTEGER NOT NULL, file TEXT NOT NULL,
    name TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, PRIMARY KEY(message, position));
CREATE TABLE presets(name TEXT PRIMARY KEY, system_prompt TEXT NOT NULL, sampling TEXT NOT NULL);
CREATE VIRTUAL TABLE message_words USING fts5(text, tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER messages_forget AFTER DELETE ON messages BEGIN DELETE FROM message_words WHERE rowid = old.id; END;
PRAGMA user_version = 1;
)";

/// From format 1 to 2. A Facet of format 1 says that it does not know what comes after it.
static const char* const kAdapters = R"(
ALTER TABLE conversations ADD COLUMN adapters TEXT NOT NULL DEFAULT '[]';
ALTER TABLE messages ADD COLUMN adapters TEXT NOT NULL DEFAULT '[]';
PRAGMA user_version = 2;
)";

static int64_t nowMs()
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

static Error missing(const char* what, int64_t id)
{
    return {ErrorCode::NotFound, std::string("there is no ") + what + " " + std::to_string(id)};
}

static MessageState stateOf(const std::string& name)
{
    for (const MessageState state : {MessageState::Complete, MessageState::Writing, MessageState::Stopped,
                                     MessageState::Failed, MessageState::Interrupted})
        if (name == nameOf(state))
            return state;
    return MessageState::Interrupted;
}

Result<ConversationStore> ConversationStore::open(const std::filesystem::path& path)
{
    Result<Database> database = Database::open(path);
    if (!database)
        return database.error();
    ConversationStore store(std::move(*database));
    if (Result<void> prepared = store.prepare(); !prepared)
        return prepared.error();
    if (Result<void> recovered = store.recover(); !recovered)
        return recovered.error();
    return store;
}

Result<void> ConversationStore::prepare()
{
    if (Result<void> set = m_database.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
        !set)
        return set;
    Statement version(m_database, "PRAGMA user_version");
    if (!version.step())
        return m_database.error();
    const int64_t schema = version.integer(0);
    if (schema > kSchema)
        return Error{ErrorCode::InvalidInput, "the conversations were written by a later Facet (format " +
                                                  std::to_string(schema) + ", this one knows " +
                                                  std::to_string(kSchema) + "): use that one"};
    if (schema == kSchema)
        return {};
    return m_database.execute(std::string("BEGIN;") + (schema < 1 ? kTables : "") + kAdapters + "COMMIT;");
}

Result<void> ConversationStore::recover()
{
    std::vector<int64_t> broken;
    Statement writing(m_database, "SELECT id FROM messages WHERE state = 'writing'");
    while (writing.step())
        broken.push_back(writing.integer(0));
    if (Result<void> begun = begin(Durability::Power); !begun)
        return begun;
    for (const int64_t message : broken)
        if (Result<void> done = finishMessage(message, MessageState::Interrupted, {}, {}); !done)
            return done;
    Statement trash(m_database, "DELETE FROM conversations WHERE trashed_at < ?");
    if (Result<void> done = trash.bind(nowMs() - kTrashMs).run(); !done)
        return done;
    return commit();
}

Result<void> ConversationStore::begin(Durability durability)
{
    return m_database.execute(durability == Durability::Power
                                  ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
                                  : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
}

Result<void> ConversationStore::commit()
{
    return m_database.execute("COMMIT");
}

void ConversationStore::rollBack()
{
    // Nothing to do if SQLite has rolled back by itself, as it does when the disk is full.
    (void)m_database.execute("ROLLBACK");
}

Result<void> ConversationStore::beginPart()
{
    return m_database.execute("SAVEPOINT part");
}

void ConversationStore::endPart(bool keep)
{
    // If the savepoint is gone, so is the transaction, and commit() says so.
    (void)m_database.execute(keep ? "RELEASE part" : "ROLLBACK TO part; RELEASE part");
}

Result<int64_t> ConversationStore::addConversation(const std::string& title,
                                                   const ConversationSettings& settings)
{
    const int64_t now = nowMs();
    Statement insert(
        m_database,
        "INSERT INTO conversations(title, model, system_prompt, sampling, is_completion, adapters, "
        "created_at, updated_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(title).bind(settings.model).bind(settings.systemPrompt).bind(dump(toJson(settings.sampling)));
    insert.bind(int64_t{settings.isCompletion}).bind(dump(toJson(settings.adapters))).bind(now).bind(now);
    if (Result<void> done = insert.run(); !done)
        return done.error();
    return m_database.lastInsertedId();
}

Result<void> ConversationStore::rename(int64_t conversation, const std::string& title)
{
    Statement update(m_database, "UPDATE conversations SET title = ? WHERE id = ?");
    return update.bind(title).bind(conversation).run();
}

Result<void> ConversationStore::setSettings(int64_t conversation, const ConversationSettings& settings)
{
    Statement update(
        m_database,
        "UPDATE conversations SET model = ?, system_prompt = ?, sampling = ?, is_completion = ?, "
        "adapters = ? WHERE id = ?");
    update.bind(settings.model).bind(settings.systemPrompt).bind(dump(toJson(settings.sampling)));
    update.bind(int64_t{settings.isCompletion}).bind(dump(toJson(settings.adapters)));
    return update.bind(conversation).run();
}

Result<void> ConversationStore::setLeaf(int64_t conversation, int64_t message)
{
    Statement update(m_database, "UPDATE conversations SET leaf = ? WHERE id = ?");
    return update.bind(message).bind(conversation).run();
}

Result<void> ConversationStore::setTrashed(int64_t conversation, bool isTrashed)
{
    Statement update(m_database, "UPDATE conversations SET trashed_at = ? WHERE id = ?");
    if (isTrashed)
        update.bind(nowMs());
    else
        update.bindNull();
    return update.bind(conversation).run();
}

Result<void> ConversationStore::touch(int64_t conversation)
{
    Statement update(m_database, "UPDATE conversations SET updated_at = ? WHERE id = ?");
    return update.bind(nowMs()).bind(conversation).run();
}

Result<int64_t> ConversationStore::addMessage(const NewMessage& message)
{
    Statement insert(
        m_database,
        "INSERT INTO messages(conversation, parent, role, text, state, model, adapters, sampling, "
        "created_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(message.conversation).bind(message.parent).bind(message.role).bind(message.text);
    insert.bind(std::string_view(nameOf(message.state))).bind(message.model);
    insert.bind(dump(toJson(message.adapters)));
    if (message.sampling)
        insert.bind(dump(toJson(*message.sampling)));
    else
        insert.bindNull();
    if (Result<void> done = insert.bind(nowMs()).run(); !done)
        return done.error();
    const int64_t id = m_database.lastInsertedId();
    int64_t position = 0;
    for (const Picture& picture : message.pictures) {
        Statement add(m_database, "INSERT INTO pictures VALUES(?, ?, ?, ?, ?, ?)");
        add.bind(id)
            .bind(position++)
            .bind(picture.file)
            .bind(picture.name)
            .bind(picture.width)
            .bind(picture.height);
        if (Result<void> done = add.run(); !done)
            return done.error();
    }
    if (message.state != MessageState::Writing) {
        Statement words(m_database, "INSERT INTO message_words(rowid, text) VALUES(?, ?)");
        if (Result<void> done = words.bind(id).bind(message.text).run(); !done)
            return done.error();
    }
    if (Result<void> done = setLeaf(message.conversation, id); !done)
        return done.error();
    if (Result<void> done = touch(message.conversation); !done)
        return done.error();
    return id;
}

Result<void> ConversationStore::appendText(int64_t message, std::string_view text)
{
    Statement insert(m_database, "INSERT INTO chunks(message, text) VALUES(?, ?)");
    return insert.bind(message).bind(text).run();
}

Result<std::string> ConversationStore::joinText(int64_t message)
{
    Statement begin(m_database, "SELECT text FROM messages WHERE id = ?");
    if (!begin.bind(message).step())
        return missing("message", message);
    std::string text = begin.text(0);
    Statement chunks(m_database, "SELECT text FROM chunks WHERE message = ? ORDER BY id");
    chunks.bind(message);
    while (chunks.step())
        text += chunks.text(0);
    return text;
}

Result<void> ConversationStore::finishMessage(int64_t message, MessageState state, const std::string& error,
                                              const std::optional<MessageStats>& stats)
{
    const Result<std::string> text = joinText(message);
    if (!text)
        return text.error();
    Statement update(m_database,
                     "UPDATE messages SET text = ?, state = ?, error = ?, stats = ? WHERE id = ?");
    update.bind(*text).bind(std::string_view(nameOf(state))).bind(error);
    if (stats)
        update.bind(dump(toJson(*stats)));
    else
        update.bindNull();
    if (Result<void> done = update.bind(message).run(); !done)
        return done;
    Statement drop(m_database, "DELETE FROM chunks WHERE message = ?");
    if (Result<void> done = drop.bind(message).run(); !done)
        return done;
    Statement words(m_database, "INSERT OR REPLACE INTO message_words(rowid, text) VALUES(?, ?)");
    if (Result<void> done = words.bind(message).bind(*text).run(); !done)
        return done;
    Statement owner(m_database, "SELECT conversation FROM messages WHERE id = ?");
    return owner.bind(message).step() ? touch(owner.integer(0)) : missing("message", message);
}

/// What the user typed as a query of FTS5: each word in quotation marks, so that nothing in it is an
/// operator.
static std::string queryFor(const std::string& search)
{
    std::string query;
    size_t begin = 0;
    while ((begin = search.find_first_not_of(" \t\n", begin)) != std::string::npos) {
        const size_t end = std::min(search.find_first_of(" \t\n", begin), search.size());
        std::string word = search.substr(begin, end - begin);
        std::erase(word, '"');
        if (!word.empty())
            query += (query.empty() ? "\"" : " \"") + word + "\"";
        begin = end;
    }
    return query.empty() ? query : query + "*";
}

Result<std::vector<ConversationSummary>> ConversationStore::summaries(Statement& statement)
{
    std::vector<ConversationSummary> rows;
    m_database.forgetFailure();
    while (statement.step())
        rows.push_back({statement.integer(0), statement.text(1), statement.text(2), statement.integer(3) != 0,
                        statement.integer(4), statement.text(5)});
    if (m_database.hasFailed())
        return m_database.error();
    return rows;
}

#define FACET_SUMMARY                                                                                    \
    "c.id, c.title, c.model, EXISTS(SELECT 1 FROM pictures p JOIN messages m ON m.id = p.message WHERE " \
    "m.conversation = c.id), c.updated_at"

Result<std::vector<ConversationSummary>> ConversationStore::list(const std::string& search)
{
    const std::string query = queryFor(search);
    if (query.empty()) {
        Statement all(
            m_database,
            "SELECT " FACET_SUMMARY
            ", '' FROM conversations c WHERE trashed_at IS NULL ORDER BY c.updated_at DESC, c.id DESC");
        return summaries(all);
    }
    // One row for each message that was found; the first of a conversation, which is the best, stands for it.
    Statement found(
        m_database,
        "SELECT " FACET_SUMMARY
        ", snippet(message_words, 0, '', '', '…', 12) FROM message_words "
        "JOIN messages f ON f.id = message_words.rowid JOIN conversations c ON c.id = f.conversation "
        "WHERE message_words MATCH ? AND trashed_at IS NULL ORDER BY rank LIMIT 500");
    found.bind(query);
    Result<std::vector<ConversationSummary>> rows = summaries(found);
    if (!rows)
        return rows;
    std::string pattern;
    for (const char c : search)
        pattern += c == '%' || c == '_' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    Statement titles(m_database,
                     "SELECT " FACET_SUMMARY
                     ", '' FROM conversations c WHERE trashed_at IS NULL AND title LIKE ? ESCAPE '\\'");
    titles.bind("%" + pattern + "%");
    Result<std::vector<ConversationSummary>> named = summaries(titles);
    if (!named)
        return named;
    std::set<int64_t> seen;
    for (ConversationSummary& row : *rows)
        named->push_back(std::move(row));
    std::erase_if(*named, [&](const ConversationSummary& row) { return !seen.insert(row.id).second; });
    std::stable_sort(named->begin(), named->end(),
                     [](const auto& a, const auto& b) { return a.updatedAtMs > b.updatedAtMs; });
    return named;
}

#undef FACET_SUMMARY

/// None where the text is broken: nobody is kept from their words by that.
static std::vector<UsedAdapter> adaptersOf(const std::string& text)
{
    const Result<nlohmann::json> json = parseJson(text);
    Result<std::vector<UsedAdapter>> adapters = json ? adaptersFromJson(*json) : json.error();
    return adapters ? std::move(*adapters) : std::vector<UsedAdapter>();
}

Result<Conversation> ConversationStore::load(int64_t id)
{
    Statement head(
        m_database,
        "SELECT title, model, system_prompt, sampling, is_completion, leaf, created_at, updated_at, "
        "adapters FROM conversations WHERE id = ?");
    if (!head.bind(id).step())
        return missing("conversation", id);
    Conversation conversation;
    conversation.id = id;
    conversation.title = head.text(0);
    conversation.settings.model = head.text(1);
    conversation.settings.systemPrompt = head.text(2);
    // A tolerant reader: a broken setting must not keep anyone from their text.
    if (const Result<nlohmann::json> json = parseJson(head.text(3)); json)
        if (const Result<Sampling> sampling = samplingFromJson(*json); sampling)
            conversation.settings.sampling = *sampling;
    conversation.settings.isCompletion = head.integer(4) != 0;
    conversation.leaf = head.integer(5);
    conversation.createdAtMs = head.integer(6);
    conversation.updatedAtMs = head.integer(7);
    conversation.settings.adapters = adaptersOf(head.text(8));

    std::map<int64_t, size_t> places;
    Statement rows(
        m_database,
        "SELECT id, parent, role, text, state, error, model, sampling, stats, created_at, adapters FROM "
        "messages WHERE conversation = ? ORDER BY id");
    rows.bind(id);
    while (rows.step()) {
        StoredMessage message;
        message.id = rows.integer(0);
        message.parent = rows.integer(1);
        message.role = rows.text(2);
        message.text = rows.text(3);
        message.state = stateOf(rows.text(4));
        message.error = rows.text(5);
        message.model = rows.text(6);
        if (!rows.isNull(7))
            if (const Result<nlohmann::json> json = parseJson(rows.text(7)); json)
                if (const Result<Sampling> sampling = samplingFromJson(*json); sampling)
                    message.sampling = *sampling;
        if (!rows.isNull(8))
            if (const Result<nlohmann::json> json = parseJson(rows.text(8)); json)
                if (const Result<MessageStats> stats = statsFromJson(*json); stats)
                    message.stats = *stats;
        message.createdAtMs = rows.integer(9);
        message.adapters = adaptersOf(rows.text(10));
        places[message.id] = conversation.messages.size();
        conversation.messages.push_back(std::move(message));
    }
    Statement chunks(
        m_database,
        "SELECT k.message, k.text FROM chunks k JOIN messages m ON m.id = k.message WHERE m.conversation = ? "
        "ORDER BY k.id");
    chunks.bind(id);
    while (chunks.step())
        conversation.messages[places.at(chunks.integer(0))].text += chunks.text(1);
    Statement pictures(
        m_database,
        "SELECT p.message, p.file, p.name, p.width, p.height FROM pictures p JOIN messages m ON m.id = "
        "p.message WHERE m.conversation = ? ORDER BY p.message, p.position");
    pictures.bind(id);
    while (pictures.step())
        conversation.messages[places.at(pictures.integer(0))].pictures.push_back(
            {pictures.text(1), pictures.text(2), pictures.integer(3), pictures.integer(4)});
    return conversation;
}

Result<std::vector<Preset>> ConversationStore::presets()
{
    std::vector<Preset> presets;
    Statement rows(m_database,
                   "SELECT name, system_prompt, sampling FROM presets ORDER BY name COLLATE NOCASE");
    m_database.forgetFailure();
    while (rows.step()) {
        Preset preset{rows.text(0), rows.text(1), {}};
        if (const Result<nlohmann::json> json = parseJson(rows.text(2)); json)
            if (const Result<Sampling> sampling = samplingFromJson(*json); sampling)
                preset.sampling = *sampling;
        presets.push_back(std::move(preset));
    }
    if (m_database.hasFailed())
        return m_database.error();
    return presets;
}

Result<void> ConversationStore::savePreset(const Preset& preset)
{
    Statement insert(m_database, "INSERT OR REPLACE INTO presets VALUES(?, ?, ?)");
    return insert.bind(preset.name).bind(preset.systemPrompt).bind(dump(toJson(preset.sampling))).run();
}

Result<void> ConversationStore::removePreset(const std::string& name)
{
    Statement drop(m_database, "DELETE FROM presets WHERE name = ?");
    return drop.bind(name).run();
}

}  // namespace facet::core
