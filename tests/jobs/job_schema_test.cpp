// resources/job.schema.json is what the reader's own list of keys gives.

#include "core/base/file.h"
#include "jobs/job/job_json.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::core;

class JobSchemaTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theShippedSchemaIsTheReaders()
    {
        const std::string wanted = facet::jobs::jobSchema().dump(2) + "\n";
        const Result<std::string> shipped = readFile(SOURCE_DIR "/resources/job.schema.json", 1 << 20);
        if (!shipped || *shipped != wanted) {
            QVERIFY(writeFileAtomically("job.schema.json", wanted));
            const std::string advice = "resources/job.schema.json is old; the new one is " +
                                       (std::filesystem::current_path() / "job.schema.json").string();
            QFAIL(advice.c_str());
        }
    }
};

QTEST_GUILESS_MAIN(JobSchemaTest)
#include "job_schema_test.moc"
