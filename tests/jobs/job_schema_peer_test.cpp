// The schema, read by the real jsonschema, accepts and refuses the same jobs as the reader.

#include "core/base/json.h"
#include "jobs/job/job_json.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QFile>
#include <QTemporaryDir>

using namespace facet::jobs;
using namespace facet::core;
using nlohmann::json;

namespace {

const char* const kValidate = R"(
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
print(json.dumps([validator.is_valid(job) for job in json.load(open(sys.argv[2]))]))
)";

/// Values that some keys take and others refuse.
const std::vector<json>& values()
{
    static const std::vector<json> all = {true,
                                          nullptr,
                                          0,
                                          1,
                                          -1,
                                          8.0,
                                          8.5,
                                          1e30,
                                          "",
                                          "auto",
                                          "lora",
                                          "cosine",
                                          "x",
                                          json::array(),
                                          {"a"},
                                          json::array({1}),
                                          json::object(),
                                          {{"q_proj", 4}},
                                          {{"q_proj", "x"}},
                                          {{{"path", "a"}}},
                                          {{{"path", 3}}},
                                          {{{"prompt", "a"}}},
                                          "bf16",
                                          "full",
                                          0.5,
                                          64};
    return all;
}

json withMember(json job, const std::string& key, const json& value)
{
    json* at = &job;
    size_t from = 0;
    for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', from)) {
        at = &(*at)[key.substr(from, dot - from)];
        from = dot + 1;
    }
    (*at)[key.substr(from)] = value;
    return job;
}

}  // namespace

class JobSchemaPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theSchemaAndTheReaderAgree()
    {
        if (!hasPythonPackages("jsonschema"))
            QSKIP("no .venv/bin/python with jsonschema");
        json jobs = json::array();
        for (const std::string& key : jobKeys())
            for (const json& value : values())
                jobs.push_back(withMember({{"facet_job", 1}, {"name", "a"}}, key, value));
        for (const char* wrong : {"nmae", "lora.rnak", "data.source", "lora.rank.x", "x.y.z"})
            jobs.push_back(withMember({{"name", "a"}}, wrong, 1));
        jobs.push_back({{"facet_job", 2}});
        jobs.push_back({{"lora", 3}});
        jobs.push_back({{"lora", json::object()}});
        jobs.push_back(json::parse(toJson(Job()).dump()));

        const QTemporaryDir folder;
        QFile file(folder.filePath("jobs.json"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray::fromStdString(jobs.dump()));
        file.close();
        const QByteArray output =
            runPython(kValidate, {QStringLiteral(SOURCE_DIR "/resources/job.schema.json"), file.fileName()});
        const json theirs = json::parse(output.toStdString(), nullptr, false);
        QCOMPARE(theirs.size(), jobs.size());
        int numGood = 0;
        for (size_t i = 0; i < jobs.size(); ++i) {
            const Result<Settings> settings = settingsFrom(jobs[i]);
            const Result<Job> job = settings ? jobFrom(*settings) : Result<Job>(settings.error());
            const std::string what = jobs[i].dump() + ": " + (job ? "accepted" : job.error().message);
            QVERIFY2(static_cast<bool>(job) == theirs[i].get<bool>(), what.c_str());
            numGood += job ? 1 : 0;
        }
        QVERIFY(numGood > 150 && numGood < static_cast<int>(jobs.size()) - 500);
    }
};

QTEST_GUILESS_MAIN(JobSchemaPeerTest)
#include "job_schema_peer_test.moc"
