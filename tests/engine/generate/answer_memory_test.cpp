// An answer that comes back with the next turn keeps the ids that it was written with, as long as it is the
// same.

#include "engine/generate/answer_memory.h"
#include "engine/generate/prompt.h"
#include "tests/support/check.h"

#include <QTest>

#include <algorithm>

using namespace facet;
using namespace facet::engine;

using Ids = std::vector<int64_t>;

static std::vector<core::Message> turns(const std::string& question, const std::string& answer)
{
    std::vector<core::Message> messages = {{"user", {core::TextPart{question}}}};
    if (!answer.empty()) {
        messages.push_back({"assistant", {core::TextPart{answer}}});
        messages.push_back({"user", {core::TextPart{"And where?"}}});
    }
    return messages;
}

class AnswerMemoryTest final : public QObject {
    Q_OBJECT

    const LoadedModel m_model =
        *openModel(std::filesystem::path(SOURCE_DIR) / "resources/demo-model", false, {});
    AnswerMemory m_memory{100'000};

    Ids idsOf(const std::string& question, const std::string& answer, bool withMemory)
    {
        PromptSettings settings;
        settings.answers = withMemory ? &m_memory : nullptr;
        return prepareChat(m_model, turns(question, answer), settings)->ids;
    }

    /// The text a byte at a time, which no tokenizer would do by itself.
    Ids letterByLetter(const std::string& text) const
    {
        Ids ids;
        for (const char letter : text)
            for (const int64_t id : m_model.tokenizer->encode(std::string(1, letter)))
                ids.push_back(id);
        return ids;
    }

private Q_SLOTS:
    void itsIdsAreKeptWhileItsTextIsUnchanged()
    {
        const std::string answer = "thestarisred";
        const Ids written = letterByLetter(answer);
        const Ids first = idsOf("Which?", "", true);
        m_memory.remember(first, answer, written);

        Ids expected = first;
        expected.insert(expected.end(), written.begin(), written.end());
        const Ids second = idsOf("Which?", answer, true);
        QVERIFY(second.size() > expected.size());
        QCOMPARE(Ids(second.begin(), second.begin() + int64_t(expected.size())), expected);
        // What follows is as it always is.
        const Ids plain = idsOf("Which?", answer, false);
        QVERIFY(plain != second);
        const size_t numAfter = second.size() - expected.size();
        QCOMPARE(Ids(second.end() - int64_t(numAfter), second.end()),
                 Ids(plain.end() - int64_t(numAfter), plain.end()));

        // White space around it is trimmed by the template, and makes no other text.
        QCOMPARE(idsOf("Which?", " " + answer + "\n", true), second);
        // Another text, and the same text as the answer to something else, are read as any text.
        QCOMPARE(idsOf("Which?", answer + "!", true), idsOf("Which?", answer + "!", false));
        QCOMPARE(idsOf("What?", answer, true), idsOf("What?", answer, false));
    }

    void theOldestAreForgotten()
    {
        AnswerMemory memory(10'000);
        for (int64_t i = 0; i < 100; ++i)
            memory.remember({i}, "answer " + std::to_string(i), Ids(20, i));
        QVERIFY(!memory.find({0}, "answer 0"));
        QCOMPARE(*memory.find({99}, "answer 99"), Ids(20, 99));
        memory.remember({99}, "answer 99", {1});
        QCOMPARE(*memory.find({99}, "answer 99"), Ids{1});
        memory.clear();
        QVERIFY(!memory.mayKnow("answer 99"));
    }
};

QTEST_GUILESS_MAIN(AnswerMemoryTest)
#include "answer_memory_test.moc"
