// What `data prepare` writes is read back as it was, whole or not at all.

#include "tests/core/data/prepare_case.h"

#include <QProcess>
#include <QTest>

#include <set>

using namespace facet::core;

class EnergonWriterTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->filePath("home").toUtf8());
    }

    void samplesComeBackBitForBit_data()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < static_cast<int>(prepareCases().size()); ++i)
            QTest::newRow(prepareCases()[static_cast<size_t>(i)].name) << i;
    }
    void samplesComeBackBitForBit()
    {
        QFETCH(const int, index);
        const PrepareCase& rows = prepareCases()[static_cast<size_t>(index)];
        const SampleSource source = openIndexed(writeRows(*m_home, rows, 23));
        const Result<PreparedFolder> prepared = prepareEnergonFolder(source, path("out"));
        QVERIFY2(prepared, reason(prepared));
        QCOMPARE(prepared->sampleType, std::string(rows.sampleType));
        const SampleSource back = openIndexed(path("out"));
        QCOMPARE(back.numSamples(), source.numSamples());
        for (int64_t i = 0; i < back.numSamples(); ++i)
            QCOMPARE(inWords(back.sample(i)), inWords(source.sample(i)));

        // And what was read back is written as before.
        const Result<PreparedFolder> again = prepareEnergonFolder(back, path("again"));
        QVERIFY2(again, reason(again));
        QCOMPARE(bytesOf("again/shards/train_000000.tar"), bytesOf("out/shards/train_000000.tar"));
    }

    void documentsWithPicturesComeBack()
    {
        const SampleSource source = openIndexed(writeRows(*m_home, prepareCases()[0], 3));
        QVERIFY(prepareEnergonFolder(source, path("vqa")));
        std::ofstream(path("vqa/.nv-meta/dataset.yaml"))
            << "sample_type:\n  __class__: InterleavedSample\nfield_map:\n  sequence: json[context],json\n";
        std::filesystem::remove_all(path("vqa/shards"));
        QVERIFY(QDir().mkpath(m_home->filePath("tmp")));
        const auto put = [&](const char* name, const QByteArray& bytes) {
            std::ofstream(path("tmp") / name, std::ios::binary) << bytes.toStdString();
        };
        put("0.json", R"(["first", "a.png", "", "then", "b.png"])");
        put("0.a.png", bytesOf("pictures/003.png"));
        put("0.b.png", bytesOf("pictures/004.png"));
        put("1.json", R"(["only words"])");
        std::filesystem::create_directories(path("vqa/shards"));
        QProcess tar;
        tar.setWorkingDirectory(m_home->filePath("tmp"));
        tar.start("tar", {"-cf", m_home->filePath("vqa/shards/train_000000.tar"), "0.json", "0.a.png",
                          "0.b.png", "1.json"});
        QVERIFY(tar.waitForFinished() && tar.exitCode() == 0);
        const SampleSource documents = openIndexed(path("vqa"));
        const Result<PreparedFolder> prepared = prepareEnergonFolder(documents, path("out"));
        QVERIFY2(prepared, reason(prepared));
        QCOMPARE(prepared->sampleType, std::string("InterleavedSample"));
        const SampleSource back = openIndexed(path("out"));
        QCOMPARE(back.numSamples(), 2);
        QVERIFY(inWords(back.sample(0)).starts_with("text(first)picture("));
        QCOMPARE(inWords(back.sample(0)), inWords(documents.sample(0)));
        QCOMPARE(inWords(back.sample(1)), inWords(documents.sample(1)));
    }

    void splitsHaveTheirSharesAndFollowTheSeed()
    {
        const SampleSource source = openIndexed(writeRows(*m_home, prepareCases()[5], 200));
        PrepareOptions options;
        options.splits = {{"train", 8}, {"val", 1.5}, {"test", 0.5}};
        options.shardBytes = 40'000;
        const auto textsOf = [&](const char* folder, const char* split) {
            SourceOptions open;
            open.energon.split = split;
            const SampleSource samples = openIndexed(path(folder), open);
            std::vector<std::string> texts;
            for (int64_t i = 0; i < samples.numSamples(); ++i)
                texts.push_back(inWords(samples.sample(i)));
            return texts;
        };
        const Result<PreparedFolder> first = prepareEnergonFolder(source, path("a"), options);
        QVERIFY2(first, reason(first));
        QCOMPARE(first->samplesOf,
                 (std::vector<std::pair<std::string, int64_t>>{{"train", 160}, {"val", 30}, {"test", 10}}));
        QVERIFY(first->numShards > 5);
        std::multiset<std::string> all;
        for (const char* split : {"train", "val", "test"}) {
            const std::vector<std::string> texts = textsOf("a", split);
            all.insert(texts.begin(), texts.end());
        }
        std::multiset<std::string> wanted;
        for (int64_t i = 0; i < source.numSamples(); ++i)
            wanted.insert(inWords(source.sample(i)));
        QVERIFY(all == wanted);

        QVERIFY(prepareEnergonFolder(source, path("b"), options));
        QVERIFY(textsOf("a", "val") == textsOf("b", "val"));
        options.seed = 5;
        QVERIFY(prepareEnergonFolder(source, path("c"), options));
        QVERIFY(textsOf("a", "val") != textsOf("c", "val"));
    }

    void nothingIsOverwrittenOrLeftBehind()
    {
        const SampleSource source = openIndexed(writeRows(*m_home, prepareCases()[0], 300));
        const auto refused = [&](const PrepareOptions& options, const char* words) {
            const Result<PreparedFolder> prepared = prepareEnergonFolder(source, path("new"), options);
            QVERIFY(!prepared);
            QVERIFY2(prepared.error().message.find(words) != std::string::npos, reason(prepared));
            QVERIFY(onlyMine());
        };
        const Result<PreparedFolder> taken = prepareEnergonFolder(source, path("pictures"));
        QVERIFY(!taken && taken.error().message.find("exists already") != std::string::npos);
        refused({.splits = {{"a/b", 1}}}, "letters, digits");
        refused({.splits = {{"train", 1}, {"val", 0}}}, "write val=0.1");
        refused({.splits = {{"train", 1}, {"val", 0.0001}}}, "none of the 300 samples");

        int calls = 0;
        const Result<PreparedFolder> cancelled =
            prepareEnergonFolder(source, path("new"), {}, [&](int64_t done, int64_t all) {
                ++calls;
                return done < all * 3 / 4;  // in the middle of writing
            });
        QVERIFY(!cancelled && cancelled.error().code == ErrorCode::Cancelled);
        QVERIFY(calls > 3);
        QVERIFY(onlyMine());
    }

    void badRowsAreNamedOrCounted()
    {
        const std::filesystem::path file = writeRows(*m_home, prepareCases()[0], 4);
        std::ofstream(file, std::ios::app)
            << R"({"image": "none.png", "conversations": [{"from": "human", "value": "<image>?"}, )"
            << R"({"from": "gpt", "value": "!"}]})"
            << "\n"
            << R"({"conversations": [{"from": "tool", "value": "?"}, {"from": "gpt", "value": "!"}]})"
            << "\n";
        const SampleSource source = openIndexed(file);
        const Result<PreparedFolder> refused = prepareEnergonFolder(source, path("out"));
        QVERIFY(!refused);
        QVERIFY2(
            refused.error().message.find("line 6: conversations[0].from is \"tool\"") != std::string::npos,
            reason(refused));
        const Result<PreparedFolder> prepared = prepareEnergonFolder(source, path("out"), {.skipBad = true});
        QVERIFY2(prepared, reason(prepared));
        QCOMPARE(prepared->samplesOf.front().second, 4);
        QCOMPARE(prepared->numSkipped, 2);
        QVERIFY(prepared->problems.back().find("none.png") != std::string::npos);
    }

private:
    std::filesystem::path path(const char* name) const { return m_home->filePath(name).toStdString(); }
    QByteArray bytesOf(const char* name) const
    {
        QFile file(m_home->filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("no such file");
    }
    bool onlyMine() const
    {
        for (const QString& name : QDir(m_home->path()).entryList(QDir::Dirs | QDir::NoDotAndDotDot))
            if (name != "pictures" && name != "home")
                return false;
        return true;
    }

    std::unique_ptr<QTemporaryDir> m_home;
};

QTEST_GUILESS_MAIN(EnergonWriterTest)
#include "energon_writer_test.moc"
