// data inspect and preview as a user runs them. What is right is counted by hand.

#include "tests/app/engine_program.h"

#include <QDir>
#include <QFile>

using namespace facet::app;

namespace {

/// A home with files in it.
struct Files {
    EngineProgram engine;

    QString write(const QString& name, const QByteArray& bytes) const
    {
        const QString path = engine.path(name);
        QFile file(path);
        if (!QDir().mkpath(QFileInfo(path).path()) || !file.open(QIODevice::WriteOnly) ||
            file.write(bytes) != bytes.size())
            qFatal("cannot write");
        return path;
    }

    /// What `data inspect` counted, and whether it read for that.
    nlohmann::json inspect(const QString& path, const QStringList& more = {}, bool* wasKept = nullptr) const
    {
        const Outcome outcome = engine.run(QStringList{"data", "inspect", path, "--json"} + more);
        if (outcome.exitCode != 0)
            qWarning("%s", outcome.error.constData());
        if (wasKept)
            *wasKept = outcome.error.contains("are as they were");
        return outcome.json();
    }

    bool isKept(const QString& path, const QStringList& more = {}) const
    {
        bool wasKept = false;
        inspect(path, more, &wasKept);
        return wasKept;
    }
};

QByteArray chat(const QByteArray& question, const QByteArray& answer)
{
    return R"({"messages":[{"role":"user","content":")" + question + R"("},{"role":"assistant","content":")" +
           answer + R"("}]})" + "\n";
}

QByteArray withPicture(const QByteArray& name)
{
    return R"({"image":")" + name +
           R"(","conversations":[{"from":"human","value":"<image>a"},{"from":"gpt","value":"b"}]})" + "\n";
}

}  // namespace

class DataTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void rowsAreCountedInTheirOrder()
    {
        const Files files;
        QByteArray rows;
        for (int i = 0; i < 9000; ++i)  // several threads' worth
            rows += i % 1000 == 500 ? QByteArray("{\"messages\": 5}\n") : chat("What?", "This.");
        const QString path = files.write("rows.jsonl", rows);
        verifyRefused(files.engine.run({"data", "inspect", path}), 2, "rows.jsonl line 501: messages is 5");
        const nlohmann::json counts = files.inspect(path, {"--skip-bad"});
        QCOMPARE(counts["format"].get<std::string>(), std::string("chat"));
        QCOMPARE(counts["rows"].get<int>(), 8991);
        QCOMPARE(counts["bad_rows"].get<int>(), 9);
        QCOMPARE(counts["problems"].size(), size_t{5});
        for (size_t i = 0; i < 5; ++i)
            QVERIFY(counts["problems"][i].get<std::string>().find("line " + std::to_string(1000 * i + 501) +
                                                                  ":") != std::string::npos);
        QVERIFY(!counts.contains("tokens"));
    }

    /// <bos> <start_of_turn> user \n a <end_of_turn> \n <start_of_turn> model \n b <end_of_turn> \n: 13
    /// tokens, two of which are learnt, where "a" and "b" are one token each.
    void tokensAreThoseOfTheTemplate()
    {
        const Files files;
        const QString path = files.write("rows.jsonl", chat("a", "b") + chat("a", "b b b") + chat("a", "b"));
        const nlohmann::json counts = files.inspect(path, {"-m", "demo", "--sequence-length", "14"});
        QCOMPARE(counts["length"]["least"].get<int>(), 13);
        QCOMPARE(counts["length"]["median"].get<int>(), 13);
        QVERIFY(counts["length"]["most"].get<int>() > 13);
        QCOMPARE(counts["tokens_in_loss"].get<int>(), 2 + 4 + 2);
        const nlohmann::json all = files.inspect(path, {"-m", "demo", "--train-on-all"});
        QVERIFY(all["tokens_in_loss"] > counts["tokens_in_loss"]);
        QCOMPARE(files.inspect(path, {"-m", "demo", "--sequence-length", "5"})["useless_rows"].get<int>(), 3);
    }

    void whatWasCountedIsKeptUntilSomethingChanges()
    {
        const Files files;
        const QString path = files.write("rows.jsonl", chat("a", "b"));
        bool wasKept = true;
        const nlohmann::json first = files.inspect(path, {"-m", "demo"}, &wasKept);
        QVERIFY(!wasKept);
        QVERIFY(files.inspect(path, {"-m", "demo"}, &wasKept) == first);
        QVERIFY(wasKept);
        QVERIFY(!files.isKept(path, {"-m", "demo", "--anew"}));
        // Other settings are read for.
        for (const QStringList& more :
             {QStringList(), QStringList{"-m", "demo", "--train-on-all"}, QStringList{"--skip-bad"},
              QStringList{"--pictures"}, QStringList{"-m", "demo", "--sequence-length", "9"},
              QStringList{"--format", "chat"}, QStringList{"--image-root", "/tmp"}}) {
            QVERIFY(!files.isKept(path, more));
            QVERIFY(files.isKept(path, more));
        }
        files.write("rows.jsonl", chat("a", "b") + chat("a", "b"));
        QCOMPARE(files.inspect(path, {"-m", "demo"}, &wasKept)["rows"].get<int>(), 2);
        QVERIFY(!wasKept);
        // Of the same size, at another time.
        files.write("rows.jsonl", chat("a", "b") + chat("c", "b"));
        QVERIFY(!files.isKept(path, {"-m", "demo"}));
        // Another model, whose template is one word longer.
        const QString model = files.engine.path("model");
        QVERIFY(QDir().mkpath(model));
        for (const QFileInfo& file : QDir(SOURCE_DIR "/resources/demo-model").entryInfoList(QDir::Files))
            QVERIFY(QFile::copy(file.filePath(), model + "/" + file.fileName()));
        QVERIFY(!files.isKept(path, {"-m", model}));
        QVERIFY(files.isKept(path, {"-m", model}));
        QFile tokenizer(model + "/tokenizer_config.json");
        QVERIFY(tokenizer.setPermissions(QFile::ReadOwner | QFile::WriteOwner) &&
                tokenizer.open(QIODevice::Append) && tokenizer.write("\n") == 1);
        tokenizer.close();
        QVERIFY(!files.isKept(path, {"-m", model}));
    }

    void missingPicturesAreLookedForAgain()
    {
        const Files files;
        QFile picture(QStringLiteral(SOURCE_DIR "/resources/demo-data/picture.png"));
        QVERIFY(picture.open(QIODevice::ReadOnly));
        const QByteArray bytes = picture.readAll();
        files.write("pictures/a.png", bytes);
        const QString path =
            files.write("rows.jsonl", withPicture("pictures/a.png") + withPicture("pictures/b.png"));
        const nlohmann::json counts = files.inspect(path);
        QCOMPARE(counts["pictures"].get<int>(), 2);
        QCOMPARE(counts["missing_pictures"].get<int>(), 1);
        QVERIFY(counts["problems"][0].get<std::string>().find("line 2: the picture") != std::string::npos);
        files.write("pictures/b.png", bytes);
        bool wasKept = true;
        QCOMPARE(files.inspect(path, {}, &wasKept)["missing_pictures"].get<int>(), 0);
        QVERIFY(!wasKept);
        QVERIFY(QFile::remove(files.engine.path("pictures/a.png")));
        QCOMPARE(files.inspect(path)["missing_pictures"].get<int>(), 1);
    }

    void aFolderIsReadAgainWhenOneOfItsTarsChanges()
    {
        const Files files;
        const QString path = files.write("rows.jsonl", chat("a", "b") + chat("a", "b"));
        const QString folder = files.engine.path("wds");
        QCOMPARE(files.engine.run({"data", "prepare", path, "--out", folder}).exitCode, 0);
        QCOMPARE(files.inspect(folder)["rows"].get<int>(), 2);
        QVERIFY(files.isKept(folder));
        verifyRefused(files.engine.run({"data", "inspect", folder, "--split", "val"}), 2,
                      "wds has no split \"val\", but train");
        verifyRefused(files.engine.run({"data", "inspect", "mock:text"}), 2, "data preview shows some of it");
        QFile tar(folder + "/shards/train_000000.tar");
        QVERIFY(tar.open(QIODevice::Append) && tar.write(QByteArray(512, '\0')) == 512);
        tar.close();
        QVERIFY(!files.isKept(folder));
    }

    void aPreviewShowsTokensAndWhatCounts()
    {
        const Files files;
        const QString path = files.write("rows.jsonl", chat("a", "b") + chat("a", "b"));
        const Outcome shown = files.engine.run({"data", "preview", path, "-m", "demo", "-n", "1"});
        QVERIFY2(shown.exitCode == 0, shown.error.constData());
        QVERIFY2(shown.out.startsWith("13 tokens, 2 in the loss"), shown.out.constData());
        QVERIFY2(shown.out.contains("<end_of_turn>"), shown.out.constData());
        const nlohmann::json json =
            files.engine.run({"data", "preview", path, "-m", "demo", "-n", "1", "--json"}).json();
        QCOMPARE(json["ids"].size(), size_t{13});
        QCOMPARE(json["ids"][0].get<int>(), 2);  // <bos>, once
        QCOMPARE(std::count(json["ids"].begin(), json["ids"].end(), 2), 1);
        QVERIFY(!QFile::exists(path + ".facet-index"));  // the first rows need none
    }
};

QTEST_GUILESS_MAIN(DataTest)
#include "data_test.moc"
