// Brace ranges as bash expands them.

#include "core/data/energon_folder.h"
#include "tests/support/check.h"

#include <QProcess>
#include <QTest>

using namespace facet::core;

class BracesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bashExpandsTheSame()
    {
        for (const char* text : {"a.tar", "a_{000..012}.tar", "{0..9..3}", "{5..1}", "x{a,b{1..2},}y", "{a}",
                                 "{08..11}{x,y}", "a{b", "{1..3}/{00..01}.tar"}) {
            QProcess bash;
            bash.start("bash", {"-c", QString("printf '%s\\n' ") + text});
            QVERIFY(bash.waitForFinished());
            QStringList expected = QString(bash.readAllStandardOutput()).split('\n');
            expected.removeLast();
            const Result<std::vector<std::string>> ours = expandBraces(text);
            QVERIFY2(ours, reason(ours));
            QStringList names;
            for (const std::string& name : *ours)
                names += QString::fromStdString(name);
            QCOMPARE(names, expected);
        }
        QVERIFY(expandBraces("{1..999999}{1..999999}").error().message.find("more than 100000") !=
                std::string::npos);
    }
};

QTEST_GUILESS_MAIN(BracesTest)
#include "braces_test.moc"
