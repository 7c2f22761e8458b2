// The tokenizer on a small one of Gemma's kind. Expectations: golden/expected.json, made by Hugging Face's
// `tokenizers` (golden/make_tiny.py), or stated in the test.

#include "core/tokenizer/tokenizer.h"
#include "core/base/file.h"
#include "core/tokenizer/model_proto.h"
#include "core/tokenizer/tokenizer_json.h"
#include "core/tokenizer/utf8.h"
#include "core/tokenizer/vocabulary_cache.h"
#include "tests/support/check.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <random>

using namespace facet::core;
using Json = nlohmann::json;
using Ids = std::vector<int64_t>;

namespace {

const std::filesystem::path kGolden = SOURCE_DIR "/tests/core/tokenizer/golden";

std::string textOf(const std::filesystem::path& path)
{
    const Result<std::string> text = readFile(path, 1 << 24);
    return text ? *text : std::string();
}

Ids literal(const Tokenizer& tokenizer, std::string_view text)
{
    const TextSpan span{text, true};
    return tokenizer.encode(std::span(&span, 1));
}

bool has(const Ids& ids, int64_t id)
{
    return std::ranges::find(ids, id) != ids.end();
}

}  // namespace

class TokenizerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("FACET_HOME", m_folder.filePath("home").toUtf8());
        for (const char* kind : {"tokenizer.model", "tokenizer.json"}) {
            const std::filesystem::path folder = m_folder.filePath(kind).toStdString();
            std::filesystem::create_directories(folder);
            for (const char* name : {kind, "tokenizer_config.json"})
                std::filesystem::copy_file(kGolden / "tiny" / name, folder / name);
        }
    }

    void bothFileKindsGiveHuggingFacesIdsAndTexts_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::newRow("tokenizer.model") << "tokenizer.model";
        QTest::newRow("tokenizer.json") << "tokenizer.json";
        QTest::newRow("tokenizer.json, kept before") << "tokenizer.json";
    }

    void bothFileKindsGiveHuggingFacesIdsAndTexts()
    {
        QFETCH(QString, kind);
        const Result<Tokenizer> tokenizer = open(kind);
        QVERIFY2(tokenizer, reason(tokenizer));
        const Json golden = Json::parse(textOf(kGolden / "expected.json"), nullptr, false);
        QVERIFY(golden.size() > 20);
        for (const Json& each : golden) {
            const std::string text = each["text"].get<std::string>();
            QVERIFY2(tokenizer->encode(text) == each["ids"].get<Ids>(), text.c_str());
            QCOMPARE(tokenizer->decode(each["ids"].get<Ids>(), true), each["skipped"].get<std::string>());
            QCOMPARE(tokenizer->decode(each["ids"].get<Ids>(), false), each["all"].get<std::string>());
        }
    }

    void typedControlPiecesStayTextInALiteralSpan()
    {
        const Result<Tokenizer> tokenizer = open("tokenizer.json");
        QVERIFY2(tokenizer, reason(tokenizer));
        for (const char* name : {"<bos>", "<eos>", "<pad>", "<unk>", "<start_of_turn>", "<end_of_turn>",
                                 "<start_of_image>", "<end_of_image>", "<image_soft_token>"}) {
            const std::optional<int64_t> id = tokenizer->idOf(name);
            QVERIFY2(id && tokenizer->isControl(*id), name);
            QCOMPARE(tokenizer->encode(name), Ids{*id});
            QVERIFY2(!has(literal(*tokenizer, name), *id), name);
            QCOMPARE(tokenizer->decode(literal(*tokenizer, name), true), std::string(name));
        }
        // What is no control piece is read the same way in both.
        QCOMPARE(literal(*tokenizer, "\n\n<table>  x"), tokenizer->encode("\n\n<table>  x"));
    }

    void spansAreReadAsOneText()
    {
        const Result<Tokenizer> tokenizer = open("tokenizer.json");
        QVERIFY2(tokenizer, reason(tokenizer));
        const std::vector<TextSpan> spans = {{"<start_of_turn>user\n", false},
                                             {"\nfree", true},
                                             {"dom\xE6\x97", false},
                                             {"\xA5", true},
                                             {"<end_of_turn>", false}};
        QCOMPARE(tokenizer->encode(spans),
                 tokenizer->encode("<start_of_turn>user\n\nfreedom日<end_of_turn>"));
        // No control piece comes about across a border that a literal span has.
        const std::vector<TextSpan> halves = {{"<end_of", true}, {"_turn>", false}};
        QVERIFY(!has(tokenizer->encode(halves), *tokenizer->idOf("<end_of_turn>")));
        const std::vector<TextSpan> words = {{"<end_of", false}, {"_turn>", false}};
        QCOMPARE(tokenizer->encode(words), Ids{*tokenizer->idOf("<end_of_turn>")});
    }

    void brokenUtf8BecomesReplacementCharacters()
    {
        QCOMPARE(wellFormed("a\xFFz"), std::string("a\uFFFDz"));
        QCOMPARE(wellFormed("\xF0\x9F\x99"), std::string("\uFFFD"));                        // cut off
        QCOMPARE(wellFormed("\xED\xA0\x80"), std::string("\uFFFD\uFFFD\uFFFD"));            // a surrogate
        QCOMPARE(wellFormed("\xC0\xAF\xE0\x80"), std::string("\uFFFD\uFFFD\uFFFD\uFFFD"));  // overlong
        const Result<Tokenizer> tokenizer = open("tokenizer.model");
        QVERIFY2(tokenizer, reason(tokenizer));
        QCOMPARE(tokenizer->encode("a\xF0\x9F\x99"), tokenizer->encode("a\uFFFD"));
    }

    void streamingHandsOutWholeCharacters()
    {
        const Result<Tokenizer> tokenizer = open("tokenizer.model");
        QVERIFY2(tokenizer, reason(tokenizer));
        const std::string text = "naïve 🙂👍🏽 日本";
        const Ids ids = tokenizer->encode(text);
        QVERIFY(ids.size() > 20);  // most characters are in bytes
        StreamDecoder decoder(*tokenizer);
        std::string streamed;
        for (const int64_t id : ids) {
            const std::string piece = decoder.push(id);
            QVERIFY(isWellFormed(piece));
            QVERIFY(piece.find("\uFFFD") == std::string::npos);
            streamed += piece;
        }
        QCOMPARE(decoder.finish(), std::string());
        QCOMPARE(streamed, text);

        decoder.push(*tokenizer->idOf("<0xF0>"));
        decoder.push(*tokenizer->idOf("<0x9F>"));
        QCOMPARE(decoder.push(*tokenizer->idOf("a")), std::string("\uFFFD") + "a");
        decoder.push(*tokenizer->idOf("<0xF0>"));
        QCOMPARE(decoder.finish(), std::string("\uFFFD"));
    }

    void idsOutsideTheVocabularyAreNothing()
    {
        const Result<Tokenizer> tokenizer = open("tokenizer.json");
        QVERIFY2(tokenizer, reason(tokenizer));
        QCOMPARE(tokenizer->vocabSize(), *tokenizer->idOf("<image_soft_token>") + 1);
        for (const int64_t id : {int64_t{-1}, tokenizer->vocabSize(), INT64_MIN, INT64_MAX}) {
            QCOMPARE(tokenizer->bytesOf(id), std::string());
            QVERIFY(!tokenizer->isControl(id));
            QCOMPARE(tokenizer->decode(Ids{id}, false), std::string());
        }
        QVERIFY(!tokenizer->idOf("no such piece"));
        QCOMPARE(tokenizer->bytesOf(*tokenizer->idOf("<0x0A>")), std::string("\n"));
    }

    void aDamagedOrUnwritableCacheIsNoFailure()
    {
        QVERIFY2(open("tokenizer.json"), "fills the cache");
        const std::filesystem::path cache = VocabularyCache::ofUser().folder();
        const std::filesystem::path kept = *std::filesystem::directory_iterator(cache);
        std::string bytes = textOf(kept);
        bytes[bytes.size() / 2] ^= 1;
        QVERIFY(writeFileAtomically(kept, bytes));
        QVERIFY(!VocabularyCache(cache).find(kept.filename()));
        const Result<Tokenizer> rebuilt = open("tokenizer.json");
        QVERIFY2(rebuilt, reason(rebuilt));
        QVERIFY(VocabularyCache(cache).find(kept.filename()));

        qputenv("FACET_HOME", "/dev/null/nowhere");
        const Result<Tokenizer> uncached = open("tokenizer.json");
        qputenv("FACET_HOME", m_folder.filePath("home").toUtf8());
        QVERIFY2(uncached, reason(uncached));
    }

    void whatIsNotGemmasKindIsRefusedInWords_data()
    {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<QString>("complaint");
        QTest::newRow("model") << "\"type\":\"BPE\""
                               << "\"type\":\"WordPiece\""
                               << "WordPiece";
        QTest::newRow("normalizer") << "\"type\":\"Replace\",\"pattern\":{\"String\":\" \"}"
                                    << "\"type\":\"NFKC\""
                                    << "NFKC";
        QTest::newRow("lstrip") << "\"lstrip\":false"
                                << "\"lstrip\":true"
                                << "lstrip";
        QTest::newRow("two pieces of one id") << "\"<eos>\":1,"
                                              << "\"<eos>\":2,"
                                              << "same id";
        QTest::newRow("an id too far") << "\"<eos>\":1,"
                                       << "\"<eos>\":5000,"
                                       << "5000";
        QTest::newRow("a negative id") << "\"<eos>\":1,"
                                       << "\"<eos>\":-1,"
                                       << "negative";
        QTest::newRow("cut short") << "\"merges\":"
                                   << "\"merges\""
                                   << "JSON";
    }

    void whatIsNotGemmasKindIsRefusedInWords()
    {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(QString, complaint);
        std::string json = textOf(kGolden / "tiny" / "tokenizer.json");
        const size_t at = json.find(from.toStdString());
        QVERIFY(at != std::string::npos);
        json.replace(at, from.toStdString().size(), to.toStdString());
        const Result<Vocabulary> vocabulary = readTokenizerJson(json);
        QVERIFY(!vocabulary);
        QVERIFY2(vocabulary.error().message.find(complaint.toStdString()) != std::string::npos,
                 reason(vocabulary));
    }

    void aFolderWithoutTokenizerIsNotFound()
    {
        const Result<Tokenizer> tokenizer = Tokenizer::open(m_folder.filePath("nowhere").toStdString());
        QVERIFY(!tokenizer);
        QVERIFY(tokenizer.error().code == ErrorCode::NotFound);
    }

    // Sanitizers see what a mutation reads out of bounds; here it must only end.
    void mutatedFilesNeverCrash_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("tokenizer.model") << "tokenizer.model";
        QTest::newRow("tokenizer.json") << "tokenizer.json";
    }

    void mutatedFilesNeverCrash()
    {
        QFETCH(QString, name);
        const std::string original = textOf(kGolden / "tiny" / name.toStdString());
        const std::filesystem::path folder = m_folder.filePath("mutated-" + name).toStdString();
        std::filesystem::create_directories(folder);
        qputenv("FACET_HOME", "/dev/null/nowhere");
        std::mt19937 random(1);
        const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
        int numOpened = 0;
        for (int round = 0; round < 200; ++round) {
            std::string bytes = original;
            for (size_t i = 0, n = 1 + below(4); i < n; ++i) {
                const size_t at = below(bytes.size());
                if (const size_t kind = below(3); kind == 0)
                    bytes[at] = static_cast<char>(below(256));
                else if (kind == 1)
                    bytes.erase(at, 1 + below(8));
                else
                    bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
            }
            QVERIFY(writeFileAtomically(folder / name.toStdString(), bytes));
            const Result<Tokenizer> tokenizer = Tokenizer::open(folder);
            if (!tokenizer) {
                QVERIFY(!tokenizer.error().message.empty());
                continue;
            }
            ++numOpened;
            tokenizer->decode(tokenizer->encode("<bos>The free  software\n\n日本<end_of_turn>"), false);
        }
        qputenv("FACET_HOME", m_folder.filePath("home").toUtf8());
        qInfo("%d of 200 mutations could still be opened", numOpened);
    }

private:
    Result<Tokenizer> open(const QString& kind) const
    {
        return Tokenizer::open(m_folder.filePath(kind).toStdString());
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TokenizerTest)
#include "tokenizer_test.moc"
