// A file whose columns have names of their own becomes training data by saying what each is, in the form and
// in the engine's reader alike.

#include "ui/finetune/data_columns.h"
#include "jobs/job/open_source.h"
#include "tests/support/check.h"
#include "ui/finetune/column_list.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/finetune_page.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QScrollArea>
#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace facet;
using namespace facet::ui;
using Map = std::map<std::string, std::string>;

namespace {

core::Result<std::string> firstAnswer(const jobs::DataSource& source)
{
    const core::Result<core::SampleSource> opened = jobs::openSource(source);
    if (!opened)
        return opened.error();
    const std::vector<core::Result<core::DataSample>> head = opened->head(1);
    if (!head.front())
        return head.front().error();
    return std::get<core::TextPart>(head.front()->messages.back().content.front()).text;
}

}  // namespace

class DataColumnsTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;

    std::string write(const char* name, const std::string& text) const
    {
        const std::string path = m_home.filePath(QString::fromLatin1(name)).toStdString();
        std::ofstream(path) << text;
        return path;
    }

    std::string odd() const
    {
        return write("odd.jsonl",
                     "{\"question\": \"one\", \"reply\": \"two\", \"system\": 3}\n"
                     "{\"question\": \"three\", \"reply\": \"four\", \"id\": 7}\n");
    }

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("FACET_HOME", m_home.path().toUtf8());
        Theme::install(*qApp, Theme::Scheme::Light);
    }

    void aRowIsReadUnderTheNamesOfItsFormat()
    {
        jobs::DataSource source;
        source.path = odd();
        const core::Result<std::string> unknown = firstAnswer(source);
        QVERIFY(!unknown);
        QVERIFY2(unknown.error().message.find("\"question\"") != std::string::npos, reason(unknown));
        source.fieldMap = {{"prompt", "question"}, {"completion", "reply"}};
        QCOMPARE(*firstAnswer(source), std::string("two"));
        source.fieldMap = {{"instruction", "question"}, {"output", "reply"}, {"system", ""}};
        QCOMPARE(*firstAnswer(source), std::string("two"));  // system is no text, and is not read
        source.fieldMap.erase("system");
        QVERIFY(!firstAnswer(source));
        // Two that have each other's names.
        source.path = write("swapped.jsonl", "{\"input\": \"answer\", \"output\": \"question\"}\n");
        source.fieldMap = {{"input", "output"}, {"output", "input"}};
        QCOMPARE(*firstAnswer(source), std::string("answer"));
    }

    void columnsAreKnownBeforeTheFormatIs()
    {
        jobs::DataSource source;
        source.path = odd();
        QVERIFY(columnsOf(source) ==
                (std::vector<DataColumn>{{"question", ""}, {"reply", ""}, {"system", "system"}, {"id", ""}}));
        source.fieldMap = {{"prompt", "question"}, {"completion", "reply"}};
        QVERIFY(columnsOf(source) == (std::vector<DataColumn>{{"question", "prompt"},
                                                              {"reply", "completion"},
                                                              {"system", ""},  // which this format has not
                                                              {"id", ""}}));
        for (const char* none : {"mock:text", "/nowhere", "/"}) {
            source.path = none;
            QVERIFY(columnsOf(source).empty());
        }
    }

    void aChoiceChangesTheMap()
    {
        QVERIFY(withColumn({}, "question", "prompt") == (Map{{"prompt", "question"}}));
        QVERIFY(withColumn({{"prompt", "question"}}, "question", "input") == (Map{{"input", "question"}}));
        QVERIFY(withColumn({{"prompt", "question"}}, "question", "").empty());
        QVERIFY(withColumn({}, "system", "") == (Map{{"system", ""}}));
        QVERIFY(withColumn({{"system", ""}}, "system", "system").empty());
    }

    void columnsAreMappedInTheForm()
    {
        FinetunePage page({{m_home.path().toStdString(),
                            SOURCE_DIR "/resources/recipes",
                            {{"demo", SOURCE_DIR "/resources/demo-model"}}},
                           "/bin/true"});
        page.resize(1368, 872);
        page.show();
        QVERIFY(QTest::qWaitForWindowActive(&page));
        page.form().apply({{"recipe", ""},
                           {"name", "odd"},
                           {"model.base", "demo"},
                           {"lora.targets", {"q_proj"}},
                           {"steps", 4},
                           {"data.sources", nlohmann::json::array({{{"path", odd()}}})}});
        DataPreview& preview = page.findChild<DataSection*>()->preview();
        QTRY_VERIFY_WITH_TIMEOUT(!preview.problem().isEmpty(), 20'000);
        const auto choose = [&](const char* column, const QString& field) {
            auto* box = page.findChild<QComboBox*>(QStringLiteral("column.") + QString::fromLatin1(column));
            QVERIFY(box && box->isVisible());
            box->setFocus();
            QTest::keyClick(box, Qt::Key_Home);
            for (int i = 0; i < box->count() && box->currentData().toString() != field; ++i)
                QTest::keyClick(box, Qt::Key_Down);
            QCOMPARE(box->currentData().toString(), field);
        };
        choose("question", QStringLiteral("prompt"));
        choose("reply", QStringLiteral("completion"));
        QTRY_VERIFY_WITH_TIMEOUT(preview.problem().isEmpty() && preview.numRows() == 2, 20'000);
        QCOMPARE(preview.format(), QStringLiteral("prompt_completion"));
        QVERIFY(page.form().value("data.sources")[0]["field_map"] ==
                nlohmann::json({{"prompt", "question"}, {"completion", "reply"}}));
        QTRY_VERIFY_WITH_TIMEOUT(preview.shownRow().numInLoss > 0, 20'000);
        page.findChild<QScrollArea*>(QStringLiteral("jobScroll"))
            ->ensureWidgetVisible(page.findChild<QWidget*>(QStringLiteral("packs")));
        QTest::qWait(50);
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        QVERIFY(page.grab().save(QStringLiteral(SCREENSHOTS "/finetune-columns-light.png")));
    }
};

QTEST_MAIN(DataColumnsTest)
#include "data_columns_test.moc"
