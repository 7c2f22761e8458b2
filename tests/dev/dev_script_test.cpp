// The script "dev" as a user meets it. What installs or builds something is left to the script's own daily
// use.

#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

/// Processor time of all ended child processes so far, in milliseconds. Unlike the clock's, it is the same on
/// a busy machine.
static double childMilliseconds()
{
    rusage usage = {};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto milliseconds = [](const timeval& time) {
        return 1e3 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_usec);
    };
    return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

class DevScriptTest final : public QObject {
    Q_OBJECT

    struct Outcome {
        int exitCode = -1;
        QString out;
        QString error;
    };

    static Outcome run(const QStringList& arguments, const QString& folder = SOURCE_DIR,
                       const QString& torch = QString())
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.remove(QStringLiteral("FACET_TORCH"));
        if (!torch.isNull())
            environment.insert(QStringLiteral("FACET_TORCH"), torch);
        process.setProcessEnvironment(environment);
        process.setWorkingDirectory(folder);
        process.start(QStringLiteral(SOURCE_DIR "/dev"), arguments);
        if (!process.waitForFinished(60'000))
            return {};
        return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }

private Q_SLOTS:
    void helpListsTheCommands_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("help") << QStringList{"help"};
        QTest::newRow("--help") << QStringList{"--help"};
        QTest::newRow("nothing") << QStringList{};
    }

    void helpListsTheCommands()
    {
        QFETCH(const QStringList, arguments);
        const Outcome outcome = run(arguments);
        QCOMPARE(outcome.exitCode, 0);
        for (const char* name :
             {"setup", "build", "run", "test", "bench", "format", "engine", "studio", "package", "soak"})
            QVERIFY2(outcome.out.contains(QString::fromLatin1(name)), name);
    }

    void eachCommandHasHelp_data()
    {
        QTest::addColumn<QString>("command");
        for (const char* name :
             {"setup", "build", "run", "test", "bench", "format", "engine", "studio", "package", "soak"})
            QTest::newRow(name) << QString::fromLatin1(name);
    }

    void eachCommandHasHelp()
    {
        QFETCH(const QString, command);
        const Outcome outcome = run({command, "--help"});
        QCOMPARE(outcome.exitCode, 0);
        QVERIFY2(outcome.out.startsWith("dev " + command), qPrintable(outcome.out));
        QCOMPARE(run({"help", command}).out, outcome.out);
    }

    void aMistypedCommandIsAnsweredWithTheNearestOne_data()
    {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<QString>("meant");
        QTest::newRow("a letter too many") << "tests"
                                           << "test";
        QTest::newRow("a letter left out") << "stup"
                                           << "setup";
        QTest::newRow("another letter") << "fornat"
                                        << "format";
        QTest::newRow("two swapped") << "enigne"
                                     << "engine";
    }

    void aMistypedCommandIsAnsweredWithTheNearestOne()
    {
        QFETCH(const QString, typed);
        QFETCH(const QString, meant);
        const Outcome outcome = run({typed});
        QCOMPARE(outcome.exitCode, 2);
        QVERIFY2(outcome.error.contains("no command \"" + typed + "\""), qPrintable(outcome.error));
        QVERIFY2(outcome.error.contains("\"" + meant + "\""), qPrintable(outcome.error));
    }

    void whatComesLaterSaysSo_data()
    {
        QTest::addColumn<QString>("command");
        QTest::newRow("package") << "package";
    }

    void whatComesLaterSaysSo()
    {
        QFETCH(const QString, command);
        const Outcome outcome = run({command});
        QCOMPARE(outcome.exitCode, 2);
        QVERIFY2(outcome.error.contains("later version"), qPrintable(outcome.error));
    }

    void aWrongArgumentIsNamed_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("setup") << QStringList{"setup", "--frobnicate"};
        QTest::newRow("build") << QStringList{"build", "frobnicate"};
        QTest::newRow("format") << QStringList{"format", "frobnicate"};
        QTest::newRow("soak") << QStringList{"soak", "frobnicate"};
    }

    void aWrongArgumentIsNamed()
    {
        QFETCH(const QStringList, arguments);
        const Outcome outcome = run(arguments);
        QCOMPARE(outcome.exitCode, 2);
        QVERIFY2(outcome.error.contains("frobnicate"), qPrintable(outcome.error));
    }

    void aSecondSetupIsQuickFromAnyFolder()
    {
        if (!QDir(SOURCE_DIR).exists(".venv/.facet-torch"))
            QSKIP("this checkout was not set up by ./dev setup");
        const QTemporaryDir elsewhere;
        const double before = childMilliseconds();
        const Outcome outcome = run({"setup"}, elsewhere.path());
        const double spent = childMilliseconds() - before;
        QVERIFY2(spent > 1 && spent < 500, qPrintable(QString::number(spent)));
        QCOMPARE(outcome.exitCode, 0);
        QCOMPARE(outcome.error, QStringLiteral("Facet is set up in " SOURCE_DIR ".\n"));
        QVERIFY(QDir(elsewhere.path()).isEmpty());
    }

    void anotherLibTorchHasToBeOne()
    {
        const QTemporaryDir empty;
        const Outcome outcome = run({"setup"}, SOURCE_DIR, empty.path());
        QCOMPARE(outcome.exitCode, 1);
        QVERIFY2(outcome.error.contains(empty.path()), qPrintable(outcome.error));
    }

    void anotherLibTorchHasToBeOfTheSameVersion()
    {
        const QTemporaryDir folder;
        const QDir cmake(folder.filePath("share/cmake/Torch"));
        QVERIFY(cmake.mkpath("."));
        QFile config(cmake.filePath("TorchConfig.cmake"));
        QVERIFY(config.open(QIODevice::WriteOnly));
        QFile version(cmake.filePath("TorchConfigVersion.cmake"));
        QVERIFY(version.open(QIODevice::WriteOnly));
        version.write("set(PACKAGE_VERSION \"2.10.1\")\n");
        version.close();

        const Outcome outcome = run({"setup"}, SOURCE_DIR, folder.path());
        QCOMPARE(outcome.exitCode, 1);
        QVERIFY2(outcome.error.contains("version 2.10.1, and Facet needs 2.11"), qPrintable(outcome.error));
    }
};

QTEST_GUILESS_MAIN(DevScriptTest)
#include "dev_script_test.moc"
