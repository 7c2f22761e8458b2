// The tokenizer against Hugging Face's `tokenizers` on Gemma 3's real file.

#include "core/tokenizer/tokenizer.h"
#include "tests/support/check.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

using namespace facet::core;

namespace {

const QString kShared = QStringLiteral(SOURCE_DIR "/../shared/data/gemma3_tokenizer");
const QString kPython = QStringLiteral(SOURCE_DIR "/.venv/bin/python");

/// Reads what peer_strings.py writes.
class Reader {
public:
    explicit Reader(QByteArray bytes) : m_bytes(std::move(bytes)) {}
    bool atEnd() const { return m_at >= m_bytes.size(); }
    int32_t number()
    {
        int32_t value = 0;
        std::memcpy(&value, m_bytes.constData() + m_at, sizeof value);
        m_at += qsizetype{sizeof value};
        return value;
    }
    std::string text()
    {
        const int32_t length = number();
        std::string value(m_bytes.constData() + m_at, static_cast<size_t>(length));
        m_at += length;
        return value;
    }
    std::vector<int64_t> ids()
    {
        std::vector<int64_t> value(static_cast<size_t>(number()));
        for (int64_t& id : value)
            id = number();
        return value;
    }

private:
    QByteArray m_bytes;
    qsizetype m_at = 0;
};

std::string shown(const std::vector<int64_t>& ids)
{
    std::string text;
    for (const int64_t id : ids)
        text += std::to_string(id) + " ";
    return text;
}

}  // namespace

class TokenizerPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!QFileInfo::exists(kShared + "/tokenizer.json.xz"))
            QSKIP("no ../shared/data/gemma3_tokenizer: Gemma 3's real tokenizer.json is not on this machine");
        if (!QFileInfo::exists(kPython))
            QSKIP("no .venv/bin/python with Hugging Face's tokenizers");
        QProcess xz;
        xz.setStandardOutputFile(file("tokenizer.json"));
        xz.start("xz", {"-dc", kShared + "/tokenizer.json.xz"});
        QVERIFY(xz.waitForFinished(60'000) && xz.exitCode() == 0);
        QVERIFY(QFile::copy(kShared + "/tokenizer_config.json", file("tokenizer_config.json")));
        qputenv("FACET_HOME", file("home").toUtf8());
    }

    void hundredThousandStringsGiveHuggingFacesIds()
    {
        QProcess python;
        python.setProcessChannelMode(QProcess::ForwardedChannels);
        python.start(kPython, {QStringLiteral(SOURCE_DIR "/tests/core/tokenizer/peer_strings.py"),
                               file("tokenizer.json"), "100000", "1", file("strings.bin")});
        QVERIFY(python.waitForFinished(300'000));
        QCOMPARE(python.exitCode(), 0);

        const Result<Tokenizer> tokenizer = Tokenizer::open(m_folder.path().toStdString());
        QVERIFY2(tokenizer, reason(tokenizer));
        QCOMPARE(tokenizer->vocabSize(), 262'145);
        QFile strings(file("strings.bin"));
        QVERIFY(strings.open(QIODevice::ReadOnly));
        Reader reader(strings.readAll());
        int numStrings = 0;
        int numDifferent = 0;
        for (; !reader.atEnd(); ++numStrings) {
            const std::string text = reader.text();
            const std::vector<int64_t> expected = reader.ids();
            const std::vector<int64_t> actual = tokenizer->encode(text);
            if (actual != expected && ++numDifferent <= 5)
                qWarning("%s\n  expected %s\n  actual   %s",
                         QByteArray::fromStdString(text).toPercentEncoding(" <>").constData(),
                         shown(expected).c_str(), shown(actual).c_str());
            QVERIFY(text.find("<end_of_turn>") == std::string::npos || !literalHasTurnEnd(*tokenizer, text));
        }
        QCOMPARE(numStrings, 100'000);
        QCOMPARE(numDifferent, 0);
    }

    void aKeptVocabularyOpensFaster()
    {
        QElapsedTimer timer;
        QVERIFY(QDir(file("home")).removeRecursively());
        timer.start();
        const Result<Tokenizer> first = Tokenizer::open(m_folder.path().toStdString());
        const qint64 firstMs = timer.restart();
        const Result<Tokenizer> second = Tokenizer::open(m_folder.path().toStdString());
        const qint64 secondMs = timer.elapsed();
        QVERIFY2(first, reason(first));
        QVERIFY2(second, reason(second));
        qInfo("tokenizer.json taken apart in %lld ms, from the cache in %lld ms", firstMs, secondMs);
        QVERIFY(secondMs < firstMs);
        QCOMPARE(second->encode("hello  <end_of_turn>"), first->encode("hello  <end_of_turn>"));
    }

private:
    static bool literalHasTurnEnd(const Tokenizer& tokenizer, const std::string& text)
    {
        const TextSpan span{text, true};
        const std::vector<int64_t> ids = tokenizer.encode(std::span(&span, 1));
        return std::ranges::find(ids, 106) != ids.end();
    }
    QString file(const QString& name) const { return m_folder.filePath(name); }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TokenizerPeerTest)
#include "tokenizer_peer_test.moc"
