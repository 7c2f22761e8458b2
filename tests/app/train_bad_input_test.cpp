// What a user can get wrong in a fine-tune: each is refused in one sentence that names it, and a run that
// cannot go on loses nothing.

#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"

#include <QFile>

#include <fstream>

using namespace facet;
using namespace facet::app;

namespace {

const char* const kGood =
    R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})";

/// A job of two steps on given rows.
struct Job {
    EngineProgram engine;
    QString file = engine.path("job.json");
    core::RunFolder run = {engine.path("home/runs/bad").toStdString()};

    explicit Job(const QByteArray& rows = QByteArray(kGood) + "\n" + kGood)
    {
        write("rows.jsonl", rows);
        write("job.json", R"({"name": "bad", "model": "demo", "lora": {"targets": ["q_proj"]},
            "data": {"sources": [{"path": "rows.jsonl"}]}, "sequence_length": 128, "batch": {"global": 2},
            "steps": 2, "precision": "fp32", "saving": {"every_minutes": 0}})");
    }

    void write(const QString& name, const QByteArray& bytes) const
    {
        QFile out(engine.path(name));
        if (!out.open(QIODevice::WriteOnly) || out.write(bytes) != bytes.size())
            qFatal("cannot write");
    }

    Outcome train(const QStringList& more = {}) const
    {
        return engine.run(QStringList{"train", file, "--device", "cpu"} + more);
    }
};

/// The last line of stderr is the error, and has these words in it.
void verifyFails(const Outcome& outcome, const QByteArray& words)
{
    const QByteArray last = outcome.error.trimmed().split('\n').last();
    QVERIFY2(outcome.exitCode == 1 || outcome.exitCode == 2, outcome.error.constData());
    QVERIFY2(last.startsWith("facet-engine: "), outcome.error.constData());
    QVERIFY2(last.contains(words), outcome.error.constData());
}

}  // namespace

class TrainBadInputTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void badRowsAreNamed_data()
    {
        QTest::addColumn<QByteArray>("rows");
        QTest::addColumn<QByteArray>("words");
        QTest::newRow("no rows") << QByteArray() << QByteArray("rows.jsonl is empty");
        QTest::newRow("white space") << QByteArray("\n \n") << QByteArray("rows.jsonl");
        QTest::newRow("no answer") << QByteArray(R"({"messages":[{"role":"user","content":"a"}]})")
                                   << QByteArray(
                                          "rows.jsonl line 1: the conversation has no turn of the assistant");
        QTest::newRow("an empty conversation")
            << QByteArray(R"({"messages":[]})") << QByteArray("rows.jsonl line 1");
        QTest::newRow("a missing picture")
            << QByteArray(
                   R"({"image":"gone.png","conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]})")
            << QByteArray("gone.png");
        QTest::newRow("more markers than pictures")
            << QByteArray(
                   R"({"image":"a.png","conversations":[{"from":"human","value":"<image><image>a"},{"from":"gpt","value":"b"}]})")
            << QByteArray("the row has 1 pictures and 2 times \"<image>\"");
        QTest::newRow("no JSON") << QByteArray(kGood) + "\n{\"messages\": ["
                                 << QByteArray("rows.jsonl line 2");
        QTest::newRow("too long to have an answer left")
            << QByteArray(R"({"messages":[{"role":"user","content":")" + QByteArray("word ").repeated(300) +
                          R"("},{"role":"assistant","content":"b"}]})")
            << QByteArray("no row has anything to learn in its first 128 tokens");
    }
    void badRowsAreNamed()
    {
        QFETCH(const QByteArray, rows);
        QFETCH(const QByteArray, words);
        verifyFails(Job(rows).train(), words);
    }

    void badPicturesAreNamed()
    {
        const Job job(
            R"({"image":"broken.jpg","conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]})");
        QFile picture(QStringLiteral(SOURCE_DIR "/tests/core/image/golden/pictures/baseline.jpg"));
        QVERIFY(picture.open(QIODevice::ReadOnly));
        job.write("broken.jpg", picture.readAll().left(150));
        verifyFails(job.train(), "broken.jpg");
        QCOMPARE(core::readStatus(job.run)->state, core::RunState::Failed);
    }

    /// A picture that lies in a tar file is named by that file and its sample.
    void aBrokenPictureInATarIsNamedAndCanBeLeftOut()
    {
        QFile picture(QStringLiteral(SOURCE_DIR "/tests/core/image/golden/pictures/baseline.jpg"));
        QVERIFY(picture.open(QIODevice::ReadOnly));
        const QByteArray whole = picture.readAll();
        QByteArray rows;
        const QString row =
            R"({"image":"%1.jpg","conversations":[{"from":"human","value":"<image>a"},{"from":"gpt","value":"b"}]})";
        for (int i = 0; i < 3; ++i)
            rows += row.arg(i).toUtf8() + "\n";
        const Job job(rows);
        for (const char* name : {"0.jpg", "1.jpg", "2.jpg"})
            job.write(name, whole);
        const QString folder = job.engine.path("wds");
        const QStringList prepare = {"data", "prepare", job.engine.path("rows.jsonl"), "--out"};
        const Outcome prepared = job.engine.run(prepare + QStringList{folder});
        QVERIFY2(prepared.exitCode == 0, prepared.error.constData());
        QFile tar(folder + "/shards/train_000000.tar");
        QVERIFY(tar.open(QIODevice::ReadWrite));
        QByteArray bytes = tar.readAll();
        const qsizetype second = bytes.indexOf(whole, bytes.indexOf(whole) + 1);
        QVERIFY(second > 0);
        bytes.replace(second + whole.size() / 2, whole.size() / 2, QByteArray(whole.size() / 2, '\0'));
        QVERIFY(tar.seek(0) && tar.write(bytes) == bytes.size());
        tar.close();

        // None is put into a tar in the first place.
        job.write("1.jpg", whole.left(whole.size() / 2));
        verifyFails(job.engine.run(prepare + QStringList{folder + "2"}), "rows.jsonl line 2: ");
        const Outcome less = job.engine.run(prepare + QStringList{folder + "2", "--skip-bad", "--json"});
        QCOMPARE(less.json()["bad_rows"].get<int>(), 1);

        const QByteArray place = "wds/shards/train_000000.tar sample 000000001: its picture at byte ";
        const QStringList source = {"data.sources.0.path=" + folder, "sequence_length=256", "batch.global=3"};
        verifyFails(job.train(source), place);
        const Outcome told = job.train(source + QStringList{"data.skip_bad=true", "--new-name", "rest"});
        QVERIFY2(told.exitCode == 0, told.error.constData());
        QVERIFY2(told.error.contains("left out: ") && told.error.contains(place), told.error.constData());

        verifyFails(job.engine.run({"data", "inspect", folder, "--pictures"}), place);
        const Outcome counted =
            job.engine.run({"data", "inspect", folder, "--pictures", "--skip-bad", "--json"});
        QVERIFY2(counted.exitCode == 0, counted.error.constData());
        QCOMPARE(counted.json()["rows"].get<int>(), 2);
        QCOMPARE(counted.json()["bad_rows"].get<int>(), 1);
        QVERIFY(counted.json()["problems"][0].get<std::string>().find(place.toStdString()) !=
                std::string::npos);
    }

    void badSettingsAreNamed_data()
    {
        QTest::addColumn<QString>("setting");
        QTest::addColumn<QByteArray>("words");
        QTest::newRow("rank 0") << "lora.rank=0" << QByteArray("lora.rank is 0");
        QTest::newRow("rank too large") << "lora.rank=1000000" << QByteArray("lora.rank is 1000000");
        QTest::newRow("alpha that is no number") << "lora.alpha=nan" << QByteArray("lora.alpha is \"nan\"");
        QTest::newRow("alpha NaN") << "lora.alpha=NaN" << QByteArray("lora.alpha is \"NaN\"");
        QTest::newRow("alpha of 1e999") << "lora.alpha=1e999" << QByteArray("lora.alpha");
        QTest::newRow("targets that match nothing")
            << "lora.targets=[\"qq_proj\"]" << QByteArray("lora.targets");
        QTest::newRow("longer than the model reads")
            << "sequence_length=4096" << QByteArray("more than the model's 2048 positions");
        QTest::newRow("a batch that cannot be cut") << "batch.micro=3" << QByteArray("batch.global is 2");
        QTest::newRow("patience without validation")
            << "early_stopping.patience=2" << QByteArray("early_stopping.patience is 2");
        QTest::newRow("no such file") << "data.sources.0.path=/nowhere.jsonl" << QByteArray("/nowhere.jsonl");
        QTest::newRow("no such adapter") << "lora.init_adapter=/nowhere" << QByteArray("/nowhere");
    }
    void badSettingsAreNamed()
    {
        QFETCH(const QString, setting);
        QFETCH(const QByteArray, words);
        verifyFails(Job().train({setting}), words);
    }

    void aCheckpointThatIsCutShortIsNamed_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("state") << "trainer_state.json";
        QTest::newRow("optimizer") << "trainer_state.safetensors";
    }
    void aCheckpointThatIsCutShortIsNamed()
    {
        QFETCH(const QString, name);
        const Job job;
        const Outcome first = job.train();
        QVERIFY2(first.exitCode == 0, first.error.constData());
        const std::filesystem::path file = job.run.checkpoint(2) / name.toStdString();
        std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
        verifyFails(job.train({"--resume", "steps=4"}), name.toUtf8());
        QCOMPARE(std::filesystem::exists(file), true);  // nothing is thrown away
    }

    void anotherModelIsRefused()
    {
        const Job job;
        const Outcome first = job.train();
        QVERIFY2(first.exitCode == 0, first.error.constData());
        // The demo model with one number changed.
        const std::filesystem::path other = job.engine.path("other").toStdString();
        std::filesystem::copy(SOURCE_DIR "/resources/demo-model", other);
        std::fstream weights(other / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
        uint64_t headerBytes = 0;
        weights.read(reinterpret_cast<char*>(&headerBytes), sizeof headerBytes);
        weights.seekp(static_cast<std::streamoff>(sizeof headerBytes + headerBytes));
        weights.write("\x12\x34", 2);
        weights.close();
        const QString model = "model.base=" + QString::fromStdString(other.string());
        verifyFails(job.train({"--resume", "steps=4", model}), "was trained with another base model");
        const Outcome told = job.train({"--resume", "steps=4", "--accept-changes", model});
        QVERIFY2(told.exitCode == 0, told.error.constData());
    }

    void aFolderThatCannotBeWrittenIsNamed()
    {
        const Job job;
        job.write("file", "not a folder");
        verifyFails(job.train({"dir=" + job.engine.path("file/run")}), "file/run");
        // Root may write everywhere but here.
        verifyFails(job.train({"dir=/proc/facet"}), "/proc/facet");
    }
};

QTEST_GUILESS_MAIN(TrainBadInputTest)
#include "train_bad_input_test.moc"
