// The folder that "./dev package engine" makes: small, without LibTorch, and at home on a bare Debian.

#include <QDir>
#include <QDirIterator>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <unistd.h>

class PackageTest final : public QObject {
    Q_OBJECT

    struct Outcome {
        int exitCode = -1;
        QString out;
        QString error;
    };

    static Outcome run(const QString& program, const QStringList& arguments,
                       const QMap<QString, QString>& environment = {})
    {
        QProcess process;
        QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
        for (const char* name : {"FACET_TORCH", "FACET_RESOURCES", "LD_LIBRARY_PATH"})
            variables.remove(QString::fromLatin1(name));
        for (auto it = environment.begin(); it != environment.end(); ++it)
            variables.insert(it.key(), it.value());
        process.setProcessEnvironment(variables);
        process.start(program, arguments);
        if (!process.waitForFinished(100'000))
            return {-1, {}, process.errorString()};
        return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }

    QString package() const { return m_folder.filePath(QStringLiteral("facet-engine")); }
    QString launcher() const { return package() + QStringLiteral("/facet-engine"); }

    /// Runs a command in the package's own bare root.
    Outcome runBare(const QStringList& command) const
    {
        return run(
            QStringLiteral(SOURCE_DIR "/tests/app/bare_root.sh"),
            QStringList{m_folder.filePath(QStringLiteral("root")), package(), QStringLiteral(TORCH_ROOT)} +
                command);
    }

    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        const Outcome outcome = run(QStringLiteral("cmake"), {"--install", BINARY_DIR, "--component",
                                                              "engine", "--strip", "--prefix", package()});
        QVERIFY2(outcome.exitCode == 0, qPrintable(outcome.error));
    }

    void itIsSmallAndHasNoLibTorch()
    {
        qint64 bytes = 0;
        QDirIterator files(package(), QDir::Files | QDir::NoSymLinks, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            files.next();
            bytes += files.fileInfo().size();
            for (const char* foreign :
                 {"libtorch", "libc10", "libcuda", "libcublas", "libcudnn", "libnv", "libc.so", "libstdc++"})
                QVERIFY2(!files.fileName().startsWith(QLatin1String(foreign)), qPrintable(files.fileName()));
        }
        QVERIFY2(bytes <= 40 << 20, qPrintable(QString::number(bytes)));
        QVERIFY(QFile::exists(package() + "/lib/libsentencepiece.so.0"));
    }

    void itRunsWithTheLibTorchOfFacetTorch()
    {
        const Outcome outcome = run(launcher(), {"--version"}, {{"FACET_TORCH", TORCH_ROOT}});
        QVERIFY2(outcome.exitCode == 0, qPrintable(outcome.error));
        QCOMPARE(outcome.out, QStringLiteral(FACET_VERSION "\n"));
    }

    void itRunsWithTheLibTorchOfThePythonInThePath()
    {
        const QDir torch(QStringLiteral(TORCH_ROOT));
        const QString bin = QDir::cleanPath(torch.filePath(QStringLiteral("../../../../bin")));
        if (!QFile::exists(bin + "/python3"))
            QSKIP("LibTorch is not in a virtual environment");
        const Outcome outcome =
            run(launcher(), {"--version"}, {{"PATH", bin + ":" + qEnvironmentVariable("PATH")}});
        QVERIFY2(outcome.exitCode == 0, qPrintable(outcome.error));
    }

    void aMissingLibTorchGetsOneSentence()
    {
        const QTemporaryDir empty;
        const Outcome named = run(launcher(), {"--version"}, {{"FACET_TORCH", empty.path()}});
        QCOMPARE(named.exitCode, 1);
        QVERIFY2(named.error.startsWith("facet-engine: FACET_TORCH is " + empty.path()),
                 qPrintable(named.error));
        QCOMPARE(named.error.count('\n'), 1);

        const QDir tools(empty.path());
        for (const char* tool : {"dirname", "readlink", "sed", "cut", "sh"})
            QVERIFY(
                QFile::link(QStringLiteral("/usr/bin/") + tool, tools.filePath(QString::fromLatin1(tool))));
        const Outcome none = run(launcher(), {"--version"}, {{"PATH", empty.path()}});
        QCOMPARE(none.exitCode, 1);
        QVERIFY2(none.error.startsWith(
                     QStringLiteral("facet-engine: there is no LibTorch on this machine: pip install")),
                 qPrintable(none.error));
        QCOMPARE(none.error.count('\n'), 1);
    }

    void anotherVersionOfLibTorchGetsOneSentence()
    {
        const QTemporaryDir folder;
        QVERIFY(QDir(folder.path()).mkpath(QStringLiteral("torch/lib")));
        const auto write = [&](const char* name, const char* text) {
            QFile file(folder.filePath(QString::fromLatin1(name)));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(text);
        };
        write("torch/lib/libtorch_cpu.so", "");
        write("torch/lib/libtorch_cuda.so", "");
        write("torch/version.py", "__version__ = '2.10.1+cu130'\n");
        const Outcome outcome = run(launcher(), {"--version"}, {{"FACET_TORCH", folder.path()}});
        QCOMPARE(outcome.exitCode, 1);
        QVERIFY2(outcome.error.contains(
                     QStringLiteral("is version 2.10.1, and this facet-engine was made for 2.11")),
                 qPrintable(outcome.error));
    }

    void itAnswersOnABareDebian()
    {
        if (::geteuid() != 0)
            QSKIP("making a root folder needs root");
        if (run(QStringLiteral("dpkg"), {"-s", "libc6"}).exitCode != 0)
            QSKIP("this is no Debian");
        if (run(QStringLiteral("unshare"), {"--mount", "true"}).exitCode != 0)
            QSKIP("this container may not mount");
        const Outcome bare =
            runBare({"/bin/sh", "-c", "ls /usr/bin/python3 /usr/lib/x86_64-linux-gnu/libsentencepiece.so.0"});
        QVERIFY(bare.exitCode != 0);  // nothing of ours is there

        const Outcome without = runBare({"/opt/facet/facet-engine", "--version"});
        QCOMPARE(without.exitCode, 1);
        QVERIFY2(without.error.contains(QStringLiteral("there is no LibTorch on this machine")),
                 qPrintable(without.error));

        const Outcome answer = runBare({"/usr/bin/env", "FACET_TORCH=/opt/site-packages/torch",
                                        "OMP_NUM_THREADS=1", "/opt/facet/facet-engine", "generate", "-m",
                                        "demo", "-i", "/opt/facet/share/facet/demo-data/picture.png", "-p",
                                        "What colour is the star?", "--temperature", "0"});
        QVERIFY2(answer.exitCode == 0, qPrintable(answer.error));
        QCOMPARE(answer.out, QStringLiteral("The star is yellow.\n"));
    }
};

QTEST_GUILESS_MAIN(PackageTest)
#include "package_test.moc"
