// The shipped program, as a user starts it: what it links, and a session with the real engine and the demo
// model.

#include <QDir>
#include <QImage>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

class StudioProgramTest final : public QObject {
    Q_OBJECT

    static QByteArray run(const QString& program, const QStringList& arguments, const QString& home,
                          int& exitCode)
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("FACET_HOME"), home);
        environment.insert(QStringLiteral("HF_HUB_CACHE"), home + QStringLiteral("/hub"));
        environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
        process.setProcessEnvironment(environment);
        process.start(program, arguments);
        process.waitForFinished(100'000);
        exitCode = process.exitCode();
        const QByteArray error = process.readAllStandardError();
        if (exitCode != 0)
            qWarning("%s", error.constData());
        return process.readAllStandardOutput();
    }

    static QString engine() { return qEnvironmentVariable("FACET_TEST_ENGINE", QStringLiteral(ENGINE)); }

private Q_SLOTS:
    void itLinksNeitherTorchNorCuda()
    {
        int exitCode = -1;
        const QByteArray libraries =
            run(QStringLiteral("ldd"), {QStringLiteral(STUDIO)}, QDir::tempPath(), exitCode);
        QCOMPARE(exitCode, 0);
        QVERIFY(libraries.contains("libQt6Widgets"));
        for (const char* name : {"libtorch", "libc10", "libcudart", "libcublas", "libnccl"})
            QVERIFY2(!libraries.contains(name), libraries.constData());
    }

    void aPictureGoesInAndTheAnswerComesOut()
    {
        if (!QFile::exists(engine()))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
        QTemporaryDir home;
        const QString pictures = home.path() + QStringLiteral("/pictures");
        int exitCode = -1;
        const QByteArray out = run(QStringLiteral(STUDIO),
                                   {QStringLiteral("--engine"), engine(), QStringLiteral("--model"),
                                    QStringLiteral("demo"), QStringLiteral("--demo-session"), pictures},
                                   home.path(), exitCode);
        QCOMPARE(exitCode, 0);
        // tests/demo_model: the star of the demo's picture is yellow, and the model knows it.
        QVERIFY2(out.contains("yellow"), out.constData());
        QVERIFY2(out.contains("tok/s"), out.constData());
        for (const char* name :
             {"asking", "chat-light", "chat-dark", "models-light", "models-dark", "settings-dark"})
            QCOMPARE(QImage(pictures + QStringLiteral("/%1.png").arg(QLatin1String(name))).size(),
                     QSize(1440, 900));
    }

    void noFrameTakesLongerThan16MillisecondsWhileItStreams()
    {
        if (!QFile::exists(engine()))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
        QTemporaryDir home;
        int exitCode = -1;
        const QByteArray out =
            run(QStringLiteral(STUDIO),
                {QStringLiteral("--engine"), engine(), QStringLiteral("--model"), QStringLiteral("demo"),
                 QStringLiteral("--stream-session"), QStringLiteral("4")},
                home.path(), exitCode);
        QCOMPARE(exitCode, 0);
        const QJsonObject times = QJsonDocument::fromJson(out.trimmed().split('\n').last()).object();
        qInfo("%s", out.trimmed().split('\n').last().constData());
        QVERIFY(times[QStringLiteral("frames")].toInt() > 0);
        // Of this thread: what other programs take of the processor is not the window's.
        QVERIFY(times[QStringLiteral("longest_event_cpu_ms")].toDouble() < 16);
    }
};

QTEST_GUILESS_MAIN(StudioProgramTest)
#include "studio_program_test.moc"
