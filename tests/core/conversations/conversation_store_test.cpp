#include "core/conversations/conversation_store.h"
#include "core/base/file.h"
#include "core/conversations/attachments.h"
#include "core/conversations/conversation_export.h"
#include "core/conversations/conversation_writer.h"
#include "tests/support/check.h"

#include <nlohmann/json.hpp>

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <future>

using namespace facet::core;

class ConversationStoreTest : public QObject {
    Q_OBJECT

    static ConversationStore openAt(const QTemporaryDir& folder)
    {
        auto store = ConversationStore::open(folder.filePath(QStringLiteral("c.db")).toStdString());
        if (!store)
            qFatal("%s", store.error().message.c_str());
        return std::move(*store);
    }

    static int64_t add(ConversationStore& store, int64_t conversation, int64_t parent, const char* role,
                       const char* text)
    {
        NewMessage message;
        message.conversation = conversation;
        message.parent = parent;
        message.role = role;
        message.text = text;
        return *store.addMessage(message);
    }

private Q_SLOTS:
    void whatIsKeptIsReadAgain()
    {
        QTemporaryDir folder;
        ConversationSettings settings{"gemma-3-4b-it", "Be short.", {}, false, {}};
        settings.sampling.temperature = 0.3;
        settings.sampling.seed = -7;
        int64_t id = 0;
        {
            ConversationStore store = openAt(folder);
            id = *store.addConversation("A title", settings);
            NewMessage user;
            user.conversation = id;
            user.role = "user";
            user.text = "größer 😀\nzwei";
            user.pictures = {{"abc.png", "a cat.png", 640, 480}};
            const int64_t question = *store.addMessage(user);
            NewMessage answer;
            answer.conversation = id;
            answer.parent = question;
            answer.role = "assistant";
            answer.state = MessageState::Writing;
            answer.sampling = settings.sampling;
            const int64_t message = *store.addMessage(answer);
            QVERIFY(store.appendText(message, "one "));
            QVERIFY(store.appendText(message, "two"));
            QVERIFY(store.finishMessage(message, MessageState::Complete, "",
                                        MessageStats{7, 2, 3, 0, 0.2, 96.4, "stop"}));
        }
        ConversationStore store = openAt(folder);
        const auto loaded = store.load(id);
        QVERIFY2(loaded, reason(loaded));
        QCOMPARE(loaded->title, std::string("A title"));
        QVERIFY(loaded->settings == settings);
        QCOMPARE(loaded->messages.size(), 2u);
        QCOMPARE(loaded->messages[0].text, std::string("größer 😀\nzwei"));
        QCOMPARE(loaded->messages[0].pictures[0].name, std::string("a cat.png"));
        QCOMPARE(loaded->messages[1].text, std::string("one two"));
        QVERIFY(loaded->messages[1].stats == (MessageStats{7, 2, 3, 0, 0.2, 96.4, "stop"}));
        QCOMPARE(loaded->leaf, loaded->messages[1].id);
        QVERIFY((*store.list())[0].hasPictures);
    }

    void anAnswerThatWasBeingWrittenIsKeptAsInterrupted()
    {
        QTemporaryDir folder;
        int64_t id = 0;
        {
            ConversationStore store = openAt(folder);
            id = *store.addConversation("x", {});
            NewMessage answer;
            answer.conversation = id;
            answer.role = "assistant";
            answer.state = MessageState::Writing;
            const int64_t message = *store.addMessage(answer);
            QVERIFY(store.appendText(message, "half a"));
        }
        ConversationStore store = openAt(folder);
        const auto loaded = store.load(id);
        QCOMPARE(loaded->messages[0].text, std::string("half a"));
        QCOMPARE(loaded->messages[0].state, MessageState::Interrupted);
    }

    void branchesAreFollowedToTheirEnds()
    {
        QTemporaryDir folder;
        ConversationStore store = openAt(folder);
        const int64_t id = *store.addConversation("x", {});
        const int64_t first = add(store, id, 0, "user", "q");
        const int64_t a = add(store, id, first, "assistant", "a");
        const int64_t more = add(store, id, a, "user", "more");
        const int64_t b = add(store, id, first, "assistant", "b");
        const Conversation loaded = *store.load(id);
        QCOMPARE(loaded.leaf, b);
        std::string path;
        for (const StoredMessage* message : branchTo(loaded, more))
            path += message->text + " ";
        QCOMPARE(path, std::string("q a more "));
        QCOMPARE(newestLeafBelow(loaded, a), more);
        QCOMPARE(newestLeafBelow(loaded, first), b);
    }

    void searchFindsWordsOfAllBranchesAndTitles()
    {
        QTemporaryDir folder;
        ConversationStore store = openAt(folder);
        const int64_t foxes = *store.addConversation("Animals", {});
        const int64_t first = add(store, foxes, 0, "user", "The quick brown fox");
        add(store, foxes, first, "assistant", "Über den Hund");
        add(store, foxes, first, "assistant", "another branch");
        *store.addConversation("100% sure", {});
        QCOMPARE(store.list("fox quick")->size(), 1u);
        QCOMPARE((*store.list("hun"))[0].found, std::string("Über den Hund"));
        QCOMPARE(store.list("uber")->size(), 1u);
        QCOMPARE(store.list("animal")->size(), 1u);
        QCOMPARE(store.list("100%")->size(), 1u);
        QCOMPARE(store.list("\" OR NEAR( *")->size(), 0u);
        QCOMPARE(store.list("cat")->size(), 0u);
        QVERIFY(store.setTrashed(foxes, true));
        QCOMPARE(store.list("fox")->size(), 0u);
        QCOMPARE(store.list()->size(), 1u);
    }

    void presetsAreKeptByName()
    {
        QTemporaryDir folder;
        ConversationStore store = openAt(folder);
        Sampling sampling;
        sampling.topK = 0;
        QVERIFY(store.savePreset({"Mine", "sys", sampling}));
        QVERIFY(store.savePreset({"Mine", "other", sampling}));
        QCOMPARE(store.presets()->size(), 1u);
        QVERIFY((*store.presets())[0] == (Preset{"Mine", "other", sampling}));
        QVERIFY(store.removePreset("Mine"));
        QVERIFY(store.presets()->empty());
    }

    void aFileFromBeforeThereWereAdaptersIsTakenOn()
    {
        QTemporaryDir folder;
        int64_t id = 0;
        {
            ConversationStore store = openAt(folder);
            id = *store.addConversation("old", {});
            add(store, id, 0, "user", "hello");
        }
        {
            auto database = sqlite::Database::open(folder.filePath(QStringLiteral("c.db")).toStdString());
            QVERIFY(
                database->execute("ALTER TABLE conversations DROP COLUMN adapters;"
                                  "ALTER TABLE messages DROP COLUMN adapters; PRAGMA user_version = 1"));
        }
        ConversationStore store = openAt(folder);
        auto conversation = store.load(id);
        QVERIFY(conversation);
        QCOMPARE(conversation->messages[0].text, std::string("hello"));
        QVERIFY(conversation->messages[0].adapters.empty());
        ConversationSettings settings = conversation->settings;
        settings.adapters = {{"/runs/a \"b\"", "a, step 1", -0.5}};
        QVERIFY(store.setSettings(id, settings));
        NewMessage answer;
        answer.conversation = id;
        answer.parent = conversation->leaf;
        answer.role = "assistant";
        answer.model = "tiny";
        answer.adapters = settings.adapters;
        QVERIFY(store.addMessage(answer));
        conversation = store.load(id);
        QVERIFY(conversation->settings == settings);
        QVERIFY(conversation->messages[1].adapters == settings.adapters);
        const PictureLink noLink = [](const Picture&) { return std::string(); };
        QVERIFY(exportMarkdown(*conversation, noLink).find("## tiny with a, step 1 × -0.5\n") !=
                std::string::npos);
        QVERIFY(exportJson(*conversation, noLink).find("\"scale\": -0.5") != std::string::npos);
    }

    void aFileFromALaterFacetIsRefusedAndLeftAlone()
    {
        QTemporaryDir folder;
        {
            ConversationStore store = openAt(folder);
        }
        {
            auto database = sqlite::Database::open(folder.filePath(QStringLiteral("c.db")).toStdString());
            QVERIFY(database->execute("PRAGMA user_version = 99"));
        }
        const auto store = ConversationStore::open(folder.filePath(QStringLiteral("c.db")).toStdString());
        QVERIFY(!store);
        QVERIFY2(store.error().message.find("later Facet (format 99") != std::string::npos,
                 store.error().message.c_str());
        QVERIFY(writeFileAtomically(folder.filePath(QStringLiteral("junk.db")).toStdString(),
                                    std::string(4096, 'x')));
        const auto junk = ConversationStore::open(folder.filePath(QStringLiteral("junk.db")).toStdString());
        QCOMPARE(junk.error().code, ErrorCode::InvalidInput);
    }

    void tasksRunInOrderAndAFailedOneUndoesOnlyItself()
    {
        QTemporaryDir folder;
        ConversationWriter writer(folder.filePath(QStringLiteral("c.db")).toStdString());
        std::vector<int> order;
        std::promise<void> whole;
        const auto note = [&](int which, bool isLast = false) {
            return [&, which, isLast](Result<void> done) {
                order.push_back(done ? which : -which);
                if (isLast)
                    whole.set_value();
            };
        };
        const auto addOne = [](const char* title) {
            return [title](ConversationStore& store) -> Result<void> {
                if (auto id = store.addConversation(title, {}); !id)
                    return id.error();
                return {};
            };
        };
        writer.post(addOne("a"), Durability::Process, note(1));
        writer.post(
            [&](ConversationStore& store) -> Result<void> {
                (void)*store.addConversation("never", {});
                return Error{ErrorCode::InvalidInput, "no"};
            },
            Durability::Process, note(2));
        writer.post(addOne("b"), Durability::Power, note(3, true));
        whole.get_future().wait();
        QCOMPARE(order, (std::vector<int>{1, -2, 3}));
        std::promise<size_t> count;
        writer.post(
            [&](ConversationStore& store) -> Result<void> {
                count.set_value(store.list()->size());
                return {};
            },
            Durability::Process, [](Result<void>) {});
        QCOMPARE(count.get_future().get(), 2u);
    }

    void aWriterThatCannotOpenTellsEachTask()
    {
        ConversationWriter writer("/proc/nowhere/c.db");
        std::promise<std::string> why;
        writer.post([](ConversationStore&) -> Result<void> { return {}; }, Durability::Process,
                    [&](Result<void> done) { why.set_value(done ? "" : done.error().message); });
        QVERIFY(!why.get_future().get().empty());
    }

    // The hash is what `sha256sum` says of the file.
    void picturesAreKeptOnceByTheirContent()
    {
        QTemporaryDir folder;
        const Attachments attachments(folder.filePath(QStringLiteral("attachments")).toStdString());
        const std::string path = std::string(SOURCE_DIR) + "/resources/demo-data/picture.png";
        const std::string bytes = *readFile(path, 1 << 24);
        const auto kept = attachments.keep(bytes, "one.png");
        QVERIFY2(kept, reason(kept));
        QProcess sum;
        sum.start(QStringLiteral("sha256sum"), {QString::fromStdString(path)});
        QVERIFY(sum.waitForFinished());
        QCOMPARE(kept->file, sum.readAllStandardOutput().left(64).toStdString() + ".png");
        QCOMPARE(attachments.keep(bytes, "two.png")->file, kept->file);
        QCOMPARE(*readFile(attachments.pathOf(*kept), 1 << 24), bytes);
        QCOMPARE(attachments.keep("no picture", "x.png").error().code, ErrorCode::InvalidInput);
    }

    void exportsCanBeReadByOthers()
    {
        QTemporaryDir folder;
        ConversationStore store = openAt(folder);
        const int64_t id = *store.addConversation("T", {"m", "sys\ntwo", {}, false, {}});
        NewMessage user;
        user.conversation = id;
        user.role = "user";
        user.text = "hi";
        user.pictures = {{"h.png", "a [b].png", 1, 2}};
        const int64_t question = *store.addMessage(user);
        NewMessage answer;
        answer.conversation = id;
        answer.parent = question;
        answer.role = "assistant";
        answer.text = "**yes**";
        answer.model = "m";
        (void)*store.addMessage(answer);
        const PictureLink link = [](const Picture& picture) { return "p/" + picture.file; };
        const Conversation conversation = *store.load(id);
        QCOMPARE(
            exportMarkdown(conversation, link),
            std::string(
                "# T\n\n> sys\n> two\n\n## You\n\n![a \\[b\\].png](<p/h.png>)\n\nhi\n\n## m\n\n**yes**\n"));
        const auto json = nlohmann::json::parse(exportJson(conversation, link));
        QCOMPARE(json["messages"].size(), 2u);
        QCOMPARE(json["messages"][0]["content"][0]["path"].get<std::string>(), std::string("p/h.png"));
        QCOMPARE(json["messages"][1]["content"][0]["text"].get<std::string>(), std::string("**yes**"));
    }
};

QTEST_GUILESS_MAIN(ConversationStoreTest)
#include "conversation_store_test.moc"
