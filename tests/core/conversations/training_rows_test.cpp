// Conversations of the studio become rows that core/data reads again.

#include "core/conversations/training_rows.h"
#include "core/base/file.h"
#include "core/conversations/conversation_store.h"
#include "core/data/sample_source.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

namespace {

/// Conversations as the chat makes them.
struct Chats {
    QTemporaryDir folder;
    ConversationStore store = *ConversationStore::open(folder.filePath("c.db").toStdString());
    Attachments attachments{folder.filePath("attachments").toStdString()};

    int64_t begin(const ConversationSettings& settings = {})
    {
        return *store.addConversation("A chat", settings);
    }

    int64_t add(int64_t conversation, int64_t parent, const char* role, const char* text,
                MessageState state = MessageState::Complete, const char* finishReason = "stop",
                std::vector<Picture> pictures = {})
    {
        NewMessage message;
        message.conversation = conversation;
        message.parent = parent;
        message.role = role;
        message.text = text;
        message.pictures = std::move(pictures);
        message.state = MessageState::Writing;
        const int64_t id = *store.addMessage(message);
        MessageStats stats;
        stats.finishReason = finishReason;
        if (!store.finishMessage(id, state, "", stats))
            qFatal("the store does not take a message");
        return id;
    }

    std::filesystem::path file() const { return folder.filePath("out/my chats.jsonl").toStdString(); }

    Result<TrainingRows> write(const std::vector<int64_t>& ids)
    {
        std::vector<Conversation> conversations;
        for (const int64_t id : ids)
            conversations.push_back(*store.load(id));
        std::filesystem::create_directories(file().parent_path());
        return writeTrainingRows(conversations, attachments, file());
    }
};

std::string inWords(const Result<DataSample>& sample)
{
    if (!sample)
        return sample.error().message;
    std::string words;
    for (const Message& message : sample->messages) {
        words += message.role + ":";
        for (const ContentPart& part : message.content)
            if (const auto* text = std::get_if<TextPart>(&part))
                words += text->text;
            else
                words += "[picture]";
        words += "|";
    }
    return words;
}

}  // namespace

class TrainingRowsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theShownBranchesBecomeRows()
    {
        Chats chats;
        const std::string bytes = *readFile(SOURCE_DIR "/resources/demo-data/picture.png", 1 << 24);
        const Picture picture = *chats.attachments.keep(bytes, "mine.png");

        const int64_t seen = chats.begin({"m", "Be short.", {}, false, {}});
        const int64_t question =
            chats.add(seen, 0, "user", "What is \"this\"?\n", MessageState::Complete, "", {picture, picture});
        chats.add(seen, question, "assistant", "Another try.");
        const int64_t answer = chats.add(seen, question, "assistant", "Größe 😀");
        const int64_t more = chats.add(seen, answer, "user", "And now?");
        const int64_t cut = chats.add(seen, more, "assistant", "It is a", MessageState::Complete, "length");
        const int64_t last = chats.add(seen, cut, "user", "Go on");
        chats.add(seen, last, "assistant", "house.");

        const int64_t plain = chats.begin();
        const int64_t hello = chats.add(plain, 0, "user", "Hello");
        const int64_t hi = chats.add(plain, hello, "assistant", "Hi");
        const int64_t again = chats.add(plain, hi, "user", "Again");
        chats.add(plain, again, "assistant", "Hi ag", MessageState::Stopped);

        const int64_t unanswered = chats.begin();
        chats.add(unanswered, 0, "user", "Anybody?");
        const int64_t failed = chats.begin();
        chats.add(failed, chats.add(failed, 0, "user", "?"), "assistant", "x", MessageState::Failed);
        const int64_t completion = chats.begin({"m", "", {}, true, {}});
        chats.add(completion, chats.add(completion, 0, "user", "Once"), "assistant", " upon a time");

        const Result<TrainingRows> rows = chats.write({seen, plain, unanswered, failed, completion});
        QVERIFY2(rows, reason(rows));
        QCOMPARE(rows->numRows, 2);
        QCOMPARE(rows->numPictures, 2);
        QCOMPARE(rows->numLeftOut, 3);

        // Another folder: paths are relative to the file.
        const std::filesystem::path moved = chats.folder.filePath("moved").toStdString();
        std::filesystem::rename(chats.file().parent_path(), moved);
        Result<SampleSource> source = SampleSource::open(moved / "my chats.jsonl");
        QVERIFY2(source, reason(source));
        QCOMPARE(source->format(), std::string("chat"));
        QVERIFY(source->buildIndex());
        QCOMPARE(source->numSamples(), 2);
        QCOMPARE(
            inWords(source->sample(0)),
            std::string("system:Be short.|user:[picture][picture]What is \"this\"?\n|assistant:Größe 😀|"));
        QCOMPARE(inWords(source->sample(1)), std::string("user:Hello|assistant:Hi|"));
        const Result<std::string> read = readSource(source->sample(0)->pictureSources().front());
        QVERIFY2(read, reason(read));
        QVERIFY(*read == bytes);
    }

    void withoutAWholeAnswerThereIsNoFile()
    {
        Chats chats;
        const int64_t unanswered = chats.begin();
        chats.add(unanswered, 0, "user", "Anybody?");
        const Result<TrainingRows> rows = chats.write({unanswered});
        QVERIFY(!rows);
        QVERIFY2(rows.error().message.find("nothing to learn") != std::string::npos, reason(rows));
        QVERIFY(std::filesystem::is_empty(chats.file().parent_path()));
    }
};

QTEST_GUILESS_MAIN(TrainingRowsTest)
#include "training_rows_test.moc"
