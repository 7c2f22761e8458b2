// The samples of a job: the same from an Energon folder as from a file, blended by their weights, and the
// same again for whoever begins in the middle.

#include "engine/data/job_data.h"

#include "core/base/file.h"
#include "core/gemma3/config_json.h"
#include "tests/core/data/prepare_case.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <map>
#include <set>

using namespace facet;
using namespace facet::engine;

namespace {

const std::filesystem::path kModel = SOURCE_DIR "/resources/demo-model";

/// Reads rows as the demo model does.
struct Reader {
    core::Tokenizer tokenizer;
    core::ChatTemplate chatTemplate;
    core::gemma3::Config config;

    SampleReader view() const { return {&tokenizer, &chatTemplate, config, 32}; }
};

Reader demoReader()
{
    return {*core::Tokenizer::open(kModel), *core::ChatTemplate::open(kModel),
            *core::gemma3::parseConfig(*core::readFile(kModel / "config.json", 1 << 20), false)};
}

jobs::DataSource sourceAt(const std::filesystem::path& path, double weight = 1)
{
    jobs::DataSource source;
    source.path = path.string();
    source.weight = weight;
    return source;
}

bool areEqual(const TrainingSample& a, const TrainingSample& b)
{
    if (a.ids != b.ids || a.isTarget != b.isTarget || a.seed != b.seed ||
        a.pixels_3SS.size() != b.pixels_3SS.size())
        return false;
    for (size_t i = 0; i < a.pixels_3SS.size(); ++i)
        if (!at::equal(a.pixels_3SS[i], b.pixels_3SS[i]))
            return false;
    return true;
}

bool areEqual(const std::vector<Pack>& a, const std::vector<Pack>& b)
{
    return std::ranges::equal(a, b, [](const Pack& one, const Pack& other) {
        return std::ranges::equal(one, other, [](const auto& x, const auto& y) { return areEqual(x, y); });
    });
}

}  // namespace

class JobDataTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_folder->filePath("home").toUtf8());
        m_job = {};
        m_job.sequenceLength = 256;
        m_said.clear();
    }

    void anEnergonFolderGivesWhatItsRowsGive_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<bool>("packing");
        QTest::newRow("questions") << 0 << false;
        QTest::newRow("captions, packed") << 2 << true;
        QTest::newRow("text") << 3 << false;
        QTest::newRow("some with pictures, packed") << 6 << true;
    }
    void anEnergonFolderGivesWhatItsRowsGive()
    {
        QFETCH(const int, kind);
        QFETCH(const bool, packing);
        m_job.packing = packing;
        const core::PrepareCase& rows = core::prepareCases()[static_cast<size_t>(kind)];
        const std::filesystem::path file = core::writeRows(*m_folder, rows, 20);
        QVERIFY(core::prepareEnergonFolder(core::openIndexed(file), path("wds"), {.shardBytes = 4000}));
        m_job.data.validationFraction = 0.2;
        m_job.data.maxSamples = 12;
        const auto fromFile = open({sourceAt(file)});
        const auto fromFolder = open({sourceAt(path("wds"))});
        QCOMPARE(fromFolder->packsPerRound(), fromFile->packsPerRound());
        const std::vector<Pack> packs = take(*fromFile, 0, 40);
        QCOMPARE(std::ssize(packs), 40);
        QVERIFY(areEqual(take(*fromFolder, 0, 40), packs));
        QVERIFY(areEqual(*fromFolder->validation(0, 100), *fromFile->validation(0, 100)));
        QVERIFY(!fromFile->validation(0, 100)->empty());

        // Whoever resumes gets the same samples from there on.
        QVERIFY(areEqual(take(*open({sourceAt(path("wds"))}), 33, 7), {packs.begin() + 33, packs.end()}));
        QVERIFY(areEqual(take(*fromFolder, 3, 7), {packs.begin() + 3, packs.begin() + 10}));
    }

    void excludedSamplesAndOtherSplitsStayOut()
    {
        const std::filesystem::path file = core::writeRows(*m_folder, core::prepareCases()[3], 40);
        core::PrepareOptions options;
        options.splits = {{"train", 3}, {"val", 1}};
        options.shardBytes = 5000;
        QVERIFY(core::prepareEnergonFolder(core::openIndexed(file), path("wds"), options));
        const std::set<std::string> train = textsOf({sourceAt(path("wds"))});
        jobs::DataSource val = sourceAt(path("wds"));
        val.split = "val";
        const std::set<std::string> other = textsOf({val});
        QCOMPARE(train.size(), size_t{30});
        QCOMPARE(other.size(), size_t{10});
        for (const std::string& text : other)
            QVERIFY(!train.contains(text));

        // What validates is that split, wholly.
        m_job.data.validationSplit = "val";
        const auto data = open({sourceAt(path("wds"))});
        std::set<std::string> validating;
        const auto packs = data->validation(0, 100);
        QVERIFY2(packs, core::reason(packs));
        for (const Pack& pack : *packs)
            validating.insert(textOf(pack[0]));
        QVERIFY(validating == other);
        QCOMPARE(data->packsPerRound(), 30);
        m_job.data.validationSplit = "";

        // A tar file and a single sample, as energon's documents write them.
        const core::SampleSource before = core::openIndexed(path("wds"));
        const std::string place = before.placeOf(before.numSamples() - 1);
        const std::string key = place.substr(place.rfind(' ') + 1);
        const std::string shard =
            place.substr(place.find("shards/"), place.find(" sample") - place.find("shards/"));
        const std::filesystem::path splits = path("wds") / ".nv-meta/split.yaml";
        std::string yaml = *core::readFile(splits, 1 << 20);
        yaml.replace(yaml.find("exclude: []"), 11,
                     "exclude: [shards/train_000000.tar, " + shard + "/" + key + "]");
        QVERIFY(core::writeFileAtomically(splits, yaml));
        const std::set<std::string> left = textsOf({sourceAt(path("wds"))});
        QVERIFY(left.size() < 29 && !left.empty());
        QVERIFY(std::ranges::includes(train, left));
        QVERIFY(!left.contains(*std::ranges::find_if(train, [&](const std::string& text) {
            return text.find("row " + std::to_string(std::stoi(key)) + "\n") != std::string::npos;
        })));
    }

    /// By counting draws: each source gives its share at every moment, and all of its rows before any again.
    void weightsAreSharesWhateverTheSizes()
    {
        m_job.data.shuffleSeed = 7;
        const std::vector<jobs::DataSource> sources =
            texts({{"big", 90, 3}, {"small", 10, 1}, {"none", 50, 0}});
        const auto data = open(sources);
        QCOMPARE(data->packsPerRound(), 150);  // as many samples as there are rows
        std::map<std::string, int> drawn;
        int small = 0;
        for (int i = 0; i < 360; ++i) {
            const std::string text = textOf(take(*data, i, 1)[0][0]);
            ++drawn[text];
            small += text.find("small") != std::string::npos ? 1 : 0;
            QVERIFY(std::abs(small - 0.25 * (i + 1)) <= 1);
        }
        QCOMPARE(drawn.size(), size_t{100});
        for (const auto& [text, count] : drawn)
            QCOMPARE(count, text.find("small") != std::string::npos ? 9 : 3);

        m_job.data.shuffleSeed = 8;
        QVERIFY(!areEqual(take(*open(sources), 0, 20), take(*data, 0, 20)));
        m_job.data.shuffleSeed = 7;
        QVERIFY(areEqual(take(*open(sources), 200, 20), take(*data, 200, 20)));
    }

    void packsOfABlendKeepTheShares()
    {
        m_job.packing = true;
        m_job.sequenceLength = 120;
        const auto data = open(texts({{"big", 60, 3}, {"small", 20, 1}}));
        std::map<std::string, int> drawn;
        const int64_t round = data->packsPerRound();
        for (const Pack& pack : take(*data, 0, round)) {
            int64_t length = 0;
            for (const TrainingSample& sample : pack) {
                ++drawn[textOf(sample)];
                length += std::ssize(sample.ids);
            }
            QVERIFY(length <= 120);
        }
        // The weights are as the sizes: each row once in a round.
        QCOMPARE(drawn.size(), size_t{80});
        for (const auto& [text, count] : drawn)
            QCOMPARE(count, 1);

        drawn.clear();
        const auto even = open(texts({{"big", 60, 1}, {"small", 20, 1}}));
        for (const Pack& pack : take(*even, 0, even->packsPerRound()))
            for (const TrainingSample& sample : pack)
                ++drawn[textOf(sample).find("small") != std::string::npos ? "small" : "big"];
        QCOMPARE(drawn["small"], 40);
        QCOMPARE(drawn["big"], 40);
        QVERIFY(!areEqual(take(*even, 0, 5), take(*even, even->packsPerRound(), 5)));  // planned anew
    }

    /// data.num_workers: what comes when, and what is said of it, is the same.
    void anyNumberOfWorkersGivesTheSame()
    {
        const std::filesystem::path file = path("rows.jsonl");
        std::string text;
        for (int row = 0; row < 30; ++row) {
            nlohmann::json fields = {{"prompt", "How many?"}, {"completion", std::to_string(row)}};
            if (row % 7 == 3)
                fields["completion"] = row;  // no text
            text += fields.dump() + "\n";
        }
        QVERIFY(core::writeFileAtomically(file, text));
        m_job.data.skipBad = true;
        std::vector<Pack> packs;
        std::vector<std::string> said;
        for (const int64_t numWorkers : {1, 0, 2, 16}) {
            m_job.data.numWorkers = numWorkers;
            m_said.clear();
            const std::vector<Pack> read = take(*open({sourceAt(file)}), 0, 30);
            if (packs.empty()) {
                packs = read;
                said = m_said;
                QCOMPARE(std::ranges::count_if(packs, [](const Pack& pack) { return pack.empty(); }), 4);
                QCOMPARE(std::ssize(said), 4);
            }
            QVERIFY(areEqual(read, packs));
            QCOMPARE(m_said, said);
        }
    }

private:
    struct Texts {
        const char* name;
        int count;
        double weight;
    };

    std::filesystem::path path(const char* name) const { return m_folder->filePath(name).toStdString(); }

    std::vector<jobs::DataSource> texts(const std::vector<Texts>& all) const
    {
        std::vector<jobs::DataSource> sources;
        for (const Texts& each : all) {
            const std::filesystem::path file = path(each.name).string() + ".jsonl";
            std::ofstream out(file);
            for (int i = 0; i < each.count; ++i)
                out << nlohmann::json{{"text",
                                       "This is " + std::string(each.name) + " row " + std::to_string(i)}}
                    << '\n';
            sources.push_back(sourceAt(file, each.weight));
        }
        return sources;
    }

    std::unique_ptr<JobData> open(const std::vector<jobs::DataSource>& sources)
    {
        m_job.data.sources = sources;
        core::Result<std::unique_ptr<JobData>> data = JobData::open(
            m_job, m_reader.view(), [this](const std::string& text) { m_said.push_back(text); });
        if (!data)
            qFatal("%s", core::reason(data));
        return *std::move(data);
    }

    static std::vector<Pack> take(JobData& data, int64_t first, int64_t count)
    {
        core::Result<std::vector<Pack>> packs = data.packs(first, count);
        if (!packs)
            qFatal("%s", core::reason(packs));
        return *std::move(packs);
    }

    std::string textOf(const TrainingSample& sample) const
    {
        return m_reader.tokenizer.decode(sample.ids, true);
    }

    std::set<std::string> textsOf(const std::vector<jobs::DataSource>& sources)
    {
        const auto data = open(sources);
        std::set<std::string> texts;
        for (const Pack& pack : take(*data, 0, data->packsPerRound()))
            for (const TrainingSample& sample : pack)
                texts.insert(textOf(sample));
        return texts;
    }

    const Reader m_reader = demoReader();
    std::unique_ptr<QTemporaryDir> m_folder;
    jobs::Job m_job;
    std::vector<std::string> m_said;
};

QTEST_GUILESS_MAIN(JobDataTest)
#include "job_data_test.moc"
