// Rows that are held out never train, and are the same ones whatever else a job says. What is held out is
// told by the rows' own words: row N asks "question N.".

#include "engine/data/job_data.h"
#include "tests/support/check.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace facet;
using namespace facet::engine;

namespace {

constexpr int kNumRows = 60;

/// Numbers of rows.
using Rows = std::multiset<int>;

jobs::DataSource sourceOf(const std::string& path)
{
    jobs::DataSource source;
    source.path = path;
    return source;
}

}  // namespace

class ValidationRowsTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    const std::filesystem::path m_model = SOURCE_DIR "/resources/demo-model";
    const core::Result<core::Tokenizer> m_tokenizer = core::Tokenizer::open(m_model);
    const core::Result<core::ChatTemplate> m_template = core::ChatTemplate::open(m_model);
    const core::Result<core::ModelFolder> m_config = core::ModelFolder::open(m_model);

    std::string write(const QString& name, int first, int count) const
    {
        QByteArray rows;
        for (int row = first; row < first + count; ++row)
            rows +=
                QStringLiteral(
                    R"({"messages":[{"role":"user","content":"question %1."},{"role":"assistant","content":"yes"}]})")
                    .arg(row)
                    .toUtf8() +
                "\n";
        QFile file(m_folder.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(rows) != rows.size())
            qFatal("cannot write");
        return file.fileName().toStdString();
    }

    jobs::Job job(const std::string& path) const
    {
        jobs::Job job;
        job.data.sources = {sourceOf(path)};
        job.sequenceLength = 64;
        return job;
    }

    core::Result<std::unique_ptr<JobData>> open(const jobs::Job& job) const
    {
        return JobData::open(job, {&*m_tokenizer, &*m_template, m_config->config, 96}, [](const auto&) {});
    }

    /// The numbers in packs' questions.
    Rows rowsIn(const std::vector<Pack>& packs) const
    {
        Rows rows;
        for (const Pack& pack : packs)
            for (const TrainingSample& sample : pack) {
                const std::string text = m_tokenizer->decode(sample.ids, true);
                const std::string words = "question ";
                rows.insert(std::stoi(text.substr(text.find(words) + words.size())));
            }
        return rows;
    }

    /// Of one round.
    Rows trained(JobData& data) const
    {
        const auto packs = data.packs(0, data.packsPerRound());
        if (!packs)
            qFatal("%s", core::reason(packs));
        return rowsIn(*packs);
    }

    Rows heldOut(JobData& data, int64_t count = kNumRows) const
    {
        const auto packs = data.validation(0, count);
        if (!packs)
            qFatal("%s", core::reason(packs));
        return rowsIn(*packs);
    }

    static Rows all(int count = kNumRows)
    {
        Rows rows;
        for (int row = 0; row < count; ++row)
            rows.insert(row);
        return rows;
    }

    static Rows together(Rows a, const Rows& b)
    {
        a.insert(b.begin(), b.end());
        return a;
    }

    std::string complaint(const jobs::Job& job) const
    {
        const auto data = open(job);
        return data ? "" : data.error().message;
    }

private Q_SLOTS:
    void initTestCase() { QVERIFY(m_tokenizer && m_template && m_config); }

    void aHeldOutRowNeverTrains()
    {
        jobs::Job wanted = job(write("rows.jsonl", 0, kNumRows));
        wanted.data.validationFraction = 0.25;
        for (const bool packing : {false, true}) {
            wanted.packing = packing;
            const auto data = open(wanted);
            QVERIFY2(data, core::reason(data));
            const Rows training = trained(**data), validating = heldOut(**data);
            QVERIFY(validating.size() >= 5 && validating.size() <= 25);
            QCOMPARE(std::ssize(validating), (*data)->numValidationPacks());
            QVERIFY(together(training, validating) == all());
        }
    }

    void theSameRowsAreHeldOutWhateverElseIsSaid()
    {
        const std::string path = write("rows.jsonl", 0, kNumRows);
        jobs::Job wanted = job(path);
        wanted.data.validationFraction = 0.25;
        wanted.data.validationSeed = 99;
        const Rows expected = heldOut(**open(wanted));

        jobs::Job other = wanted;
        other.data.maxSamples = 7;
        other.data.shuffleSeed = 5;
        other.seed = 6;
        const auto data = open(other);
        QVERIFY(heldOut(**data) == expected);
        const Rows few = trained(**data);
        QCOMPARE(few.size(), size_t{7});
        for (const int row : few)
            QVERIFY(!expected.contains(row));

        // Beside another source, and of a file that was made longer.
        other.data.sources = {sourceOf(write("more.jsonl", 1000, 40)), sourceOf(path)};
        for (const int row : heldOut(**open(other), 1000))
            QVERIFY(row >= 1000 || expected.contains(row));
        other.data.sources = {sourceOf(write("longer.jsonl", 0, 2 * kNumRows))};
        const Rows longer = heldOut(**open(other), 1000);
        for (const int row : expected)
            QVERIFY(longer.contains(row));

        other = wanted;
        other.data.validationSeed = 100;
        QVERIFY(heldOut(**open(other)) != expected);
    }

    void aSplitOrAFileValidatesWholly()
    {
        jobs::Job wanted = job(write("train.jsonl", 0, 10));
        const std::string other = write("validation.jsonl", 500, 6);
        wanted.data.maxSamples = 3;
        for (const bool isSplit : {true, false}) {
            wanted.data.validationSplit = isSplit ? "val" : "";
            wanted.data.validationPath = isSplit ? "" : other;
            const auto data = open(wanted);
            QVERIFY2(data, core::reason(data));
            QVERIFY(heldOut(**data) == (Rows{500, 501, 502, 503, 504, 505}));
            QVERIFY(trained(**data) == (Rows{0, 1, 2}));
            // The first few stand for all: not the file's first.
            QCOMPARE(heldOut(**data, 2).size(), size_t{2});
        }
    }

    void changedRowsChangeTheirFingerprint()
    {
        const std::string rows = write("print.jsonl", 0, 3000);
        jobs::Job wanted = job(rows);
        wanted.data.validationPath = write("print_val.jsonl", 5000, 6);
        const auto before = open(wanted);
        const std::string training = (*before)->fingerprint(),
                          validation = (*before)->validationFingerprint();
        QVERIFY(!validation.empty() && validation != training);

        // One digit of one row, so that no size changes.
        const auto change = [&](const std::string& path, const QByteArray& from, const QByteArray& to) {
            QFile file(QString::fromStdString(path));
            if (!file.open(QIODevice::ReadWrite))
                qFatal("cannot open");
            QByteArray all = file.readAll();
            all.replace(from, to);
            file.seek(0);
            file.write(all);
        };
        change(wanted.data.validationPath, "question 5003.", "question 5903.");
        const auto otherValidation = open(wanted);
        QCOMPARE((*otherValidation)->fingerprint(), training);
        QVERIFY((*otherValidation)->validationFingerprint() != validation);
        change(wanted.data.validationPath, "question 5903.", "question 5003.");
        change(rows, "question 1777.", "question 1778.");
        const auto otherTraining = open(wanted);
        QVERIFY((*otherTraining)->fingerprint() != training);
        QCOMPARE((*otherTraining)->validationFingerprint(), validation);

        wanted.data.validationPath = "";
        QCOMPARE((*open(wanted))->validationFingerprint(), std::string());
        wanted.data.validationFraction = 0.25;
        const std::string fraction = (*open(wanted))->validationFingerprint();
        wanted.data.validationSeed = 5;
        QVERIFY((*open(wanted))->validationFingerprint() != fraction);
    }

    void whatCannotValidateIsSaid()
    {
        jobs::Job wanted = job(write("few.jsonl", 0, 2));
        wanted.data.validationFraction = 0.001;
        QVERIFY(complaint(wanted).starts_with("data.validation.fraction 0.001 holds out none"));
        wanted.data.validationFraction = 0;
        wanted.data.validationSplit = "test";
        QVERIFY(complaint(wanted).find("does not say \"train\"") != std::string::npos);
        wanted.data.sources.front().path = "mock:text";
        QVERIFY(complaint(wanted).find("mock:text has no splits") != std::string::npos);
        wanted.data.validationSplit = "";
        wanted.data.validationPath = "/nowhere/val.jsonl";
        QVERIFY(complaint(wanted).find("/nowhere/val.jsonl") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(ValidationRowsTest)
#include "validation_rows_test.moc"
