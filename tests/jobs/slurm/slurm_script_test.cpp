// Batch scripts against golden files, shellcheck, and bash with a SLURM of shell functions.

#include "jobs/slurm/script.h"
#include "jobs/slurm/shell_words.h"
#include "tests/jobs/slurm/golden_scripts.h"
#include "tests/support/check.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <signal.h>

using namespace facet;
using namespace facet::jobs;

namespace {

QByteArray fileContent(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

bool writeFile(const QString& path, const QByteArray& bytes, bool isProgram = false)
{
    QFile file(path);
    const bool isWritten = file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
    return isWritten &&
           (!isProgram || file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
}

/// What bash makes of a word.
QByteArray throughBash(const std::string& word)
{
    QProcess bash;
    QProcessEnvironment environment;
    environment.insert("PATH", "/usr/bin:/bin");
    environment.insert("HOME", "/home/me");
    environment.insert("WORK", "/work space");
    bash.setProcessEnvironment(environment);
    bash.start("bash", {"-c", QString::fromStdString("printf '%s' " + word)});
    return bash.waitForFinished(10'000) ? bash.readAllStandardOutput() : QByteArray("(no answer)");
}

/// A folder with an engine and SLURM's programs as small scripts: srun runs the engine, the others tell what
/// was asked.
struct ShellCluster {
    QTemporaryDir folder;
    QProcess bash;

    explicit ShellCluster(const QByteArray& engine)
    {
        QDir(folder.path()).mkdir("bin");
        writeFile(
            path("bin/srun"),
            "#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\necho $$ > \"$FOLDER/step\"\nexec \"$@\"\n",
            true);
        writeFile(
            path("bin/scancel"),
            "#!/bin/bash\necho \"scancel $*\" >> \"$FOLDER/asked\"\nkill -TERM \"$(cat \"$FOLDER/step\")\"\n",
            true);
        writeFile(path("bin/scontrol"), R"(#!/bin/bash
echo "scontrol $*" >> "$FOLDER/asked"
case $1 in
    requeue) kill -KILL $PPID ;;
    show) echo n1; echo n2 ;;
    *) echo "JobState=${STATE:-RUNNING} PreemptTime=${PREEMPTED:-None}" ;;
esac
)",
                  true);
        writeFile(path("bin/facet-engine"), engine, true);
    }

    QString path(const QString& name) const { return folder.filePath(name); }

    void start(ClusterProfile profile, const QStringList& variables = {})
    {
        profile.runs = path("runs").toStdString();
        writeFile(path("job.sbatch"),
                  QByteArray::fromStdString(*batchScript(TrainingTask{smallJob("sums"), {}}, profile)));
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("PATH", path("bin") + ":" + environment.value("PATH"));
        environment.insert("FOLDER", folder.path());
        environment.insert("SLURM_JOB_ID", "42");
        environment.insert("SLURM_JOB_NODELIST", "n[1-2]");
        for (const QString& variable : variables)
            environment.insert(variable.section('=', 0, 0), variable.section('=', 1));
        bash.setProcessEnvironment(environment);
        bash.setProcessChannelMode(QProcess::MergedChannels);
        bash.start("bash", {path("job.sbatch")});
    }

    QByteArray asked() const { return fileContent(path("asked")); }
};

/// Says when it runs, and saves on TERM for a while.
constexpr const char* kSavingEngine =
    "#!/bin/bash\ntrap 'sleep 0.3; exit 75' TERM\ntouch \"$FOLDER/running\"\nfor ((i = 0; i < 300; ++i)); do "
    "sleep 0.1; done\n";

}  // namespace

class SlurmScriptTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void scriptsAreTheGoldenOnes()
    {
        for (const GoldenScript& each : goldenScripts()) {
            QVERIFY2(each.script, core::reason(each.script));
            const QString path = QString(SOURCE_DIR "/tests/jobs/slurm/golden/%1.sbatch").arg(each.name);
            const QByteArray written = QByteArray::fromStdString(*each.script);
            if (fileContent(path) != written) {
                const QString here = QDir::tempPath() + QString("/%1.sbatch").arg(each.name);
                writeFile(here, written);
                QFAIL(qPrintable(QString("the script is another than %1; it lies in %2").arg(path, here)));
            }
        }
    }

    void scriptsPassShellcheck()
    {
        if (QStandardPaths::findExecutable("shellcheck").isEmpty())
            QSKIP("there is no shellcheck: ./dev setup --tests");
        for (const GoldenScript& each : goldenScripts()) {
            QProcess shellcheck;
            shellcheck.start("shellcheck", {"--norc", "-s", "bash", "-"});
            shellcheck.write(each.script->data(), qint64(each.script->size()));
            shellcheck.closeWriteChannel();
            QVERIFY(shellcheck.waitForFinished(60'000));
            QVERIFY2(shellcheck.exitCode() == 0,
                     (each.name + shellcheck.readAllStandardOutput()).constData());
        }
    }

    void bashSeesTheTextItself()
    {
        for (const char* text : {"plain", "a b", "it's", "\"quoted\"", "$(touch x)", "`touch x`", "a\\b", "*",
                                 "~", "#", "a;b", "=x", "", "é"}) {
            QCOMPARE(throughBash(shellWord(text)), QByteArray(text));
            QCOMPARE(throughBash(shellPath(text)), QByteArray(text));
        }
        QCOMPARE(throughBash(shellPath("$WORK/a b")), QByteArray("/work space/a b"));
        QCOMPARE(throughBash(shellPath("${WORK}/$(x)")), QByteArray("/work space/$(x)"));
        QCOMPARE(throughBash(shellPath("~/runs")), QByteArray("/home/me/runs"));
        QCOMPARE(throughBash(shellPath("$WORKING")), QByteArray());
        QCOMPARE(throughBash(shellPath("$WORK-2/x")), QByteArray("$WORK-2/x"));
        QCOMPARE(throughBash(shellMount("$WORK/a:/b c:ro")), QByteArray("/work space/a:/b c:ro"));
    }

    void hostileNamesDoNothing()
    {
        QTemporaryDir folder;
        writeFile(folder.filePath("scontrol"), "#!/bin/bash\necho n1\n", true);
        const QString script = folder.filePath("job.sbatch");
        for (const GoldenScript& each : goldenScripts())
            if (std::string_view(each.name) == "hostile")
                writeFile(script, QByteArray::fromStdString(*each.script));
        writeFile(folder.filePath("srun"), "#!/bin/bash\nprintf '%s\\n' \"$@\" > arguments\n", true);
        QProcess bash;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("PATH", folder.path() + ":" + environment.value("PATH"));
        environment.insert("HOME", folder.path());
        for (const auto& [name, value] : {std::pair{"SLURM_JOB_ID", "42"},
                                          {"SLURM_JOB_NODELIST", "n1"},
                                          {"SLURM_ARRAY_JOB_ID", "41"},
                                          {"SLURM_ARRAY_TASK_ID", "1"}})
            environment.insert(name, value);
        bash.setProcessEnvironment(environment);
        bash.setWorkingDirectory(folder.path());
        bash.start("bash", {script});
        QVERIFY(bash.waitForFinished(20'000));
        QVERIFY2(bash.exitCode() == 0, bash.readAllStandardError().constData());
        QVERIFY(!QFile::exists(folder.filePath("pwned")));
        const QString run =
            folder.path() + "/a b/`touch pwned`/$(touch pwned)/it's a \"name\" $(touch pwned) 50% #1; x-1";
        const QList<QByteArray> arguments = fileContent(folder.filePath("arguments")).split('\n');
        QVERIFY2(arguments.contains("/opt/it's \"here\"/$(touch pwned)/facet-engine"),
                 arguments.join('|').constData());
        QVERIFY2(arguments.contains(("dir=" + run).toUtf8()), arguments.join('|').constData());
        QVERIFY2(arguments.contains("model.base=$(touch pwned)"), arguments.join('|').constData());
        QVERIFY(fileContent(run + "/slurm-job.json").contains("it's\\nEND_OF_JOB\\ntouch pwned"));
    }

    void lineBreaksAreRefused()
    {
        const auto refused = [](const TrainingTask& task, const ClusterProfile& profile) {
            const auto script = batchScript(task, profile);
            return script ? std::string() : script.error().message;
        };
        QVERIFY(refused({smallJob("a\nb"), {}}, bareProfile()).find("line break") != std::string::npos);
        QVERIFY(refused({smallJob("../b"), {}}, bareProfile()).find("run's folder") != std::string::npos);
        ClusterProfile profile = bareProfile();
        profile.account = "a\n#SBATCH --uid=0";
        QVERIFY(refused({smallJob("a"), {}}, profile).find("line break") != std::string::npos);
        profile = bareProfile();
        profile.extra = {"--time=1"};
        QVERIFY(refused({smallJob("a"), {}}, profile).find("field of its own") != std::string::npos);
        QVERIFY(refused({smallJob("a"), {{"lora.rnk", {1}}}}, bareProfile()).find("lora.rnk") !=
                std::string::npos);
    }

    void theEnginesExitCodeIsTheScripts()
    {
        ShellCluster cluster("#!/bin/bash\nexit 3\n");
        cluster.start(bareProfile());
        QVERIFY(cluster.bash.waitForFinished(20'000));
        QCOMPARE(cluster.bash.exitCode(), 3);
        QVERIFY(!cluster.asked().contains("requeue"));
    }

    void usr1SavesAndStartsAgain()
    {
        ShellCluster cluster(kSavingEngine);
        cluster.start(bareProfile());
        QVERIFY(QTest::qWaitFor([&] { return QFile::exists(cluster.path("running")); }, 20'000));
        ::kill(pid_t(cluster.bash.processId()), SIGUSR1);
        QVERIFY(cluster.bash.waitForFinished(20'000));
        QCOMPARE(cluster.bash.exitStatus(), QProcess::CrashExit);  // by its SLURM
        QVERIFY2(cluster.asked().contains("scancel --signal=TERM 42.0\n"), cluster.asked().constData());
        QVERIFY2(cluster.asked().contains("scontrol requeue 42\n"), cluster.asked().constData());
    }

    void whatEndsOtherwiseDoesNotStartAgain_data()
    {
        QTest::addColumn<int>("signal");
        QTest::addColumn<QStringList>("variables");
        QTest::newRow("told to stop") << SIGTERM << QStringList();
        QTest::newRow("preempted, and queued again by SLURM")
            << SIGUSR1 << QStringList({"STATE=PENDING", "PREEMPTED=2026-11-25T10:00:00"});
        QTest::newRow("cancelled after USR1") << SIGUSR1 << QStringList("STATE=COMPLETING");
        QTest::newRow("restarts used up") << SIGUSR1 << QStringList("SLURM_RESTART_COUNT=3");
    }

    void whatEndsOtherwiseDoesNotStartAgain()
    {
        QFETCH(int, signal);
        QFETCH(QStringList, variables);
        ShellCluster cluster(kSavingEngine);
        cluster.start(bareProfile(), variables);
        QVERIFY(QTest::qWaitFor([&] { return QFile::exists(cluster.path("running")); }, 20'000));
        ::kill(pid_t(cluster.bash.processId()), signal);
        QVERIFY(cluster.bash.waitForFinished(20'000));
        QCOMPARE(cluster.bash.exitCode(), 75);
        QVERIFY2(cluster.asked().contains("scancel"), cluster.asked().constData());
        QVERIFY2(!cluster.asked().contains("requeue"), cluster.asked().constData());
    }

    void aPreemptionInItsGraceTimeStartsAgainOnce()
    {
        ShellCluster cluster(kSavingEngine);
        cluster.start(bareProfile(), {"PREEMPTED=2026-11-25T10:00:00", "SLURM_RESTART_COUNT=3"});
        QVERIFY(QTest::qWaitFor([&] { return QFile::exists(cluster.path("running")); }, 20'000));
        ::kill(pid_t(cluster.bash.processId()), SIGTERM);
        ::kill(pid_t(cluster.bash.processId()), SIGUSR1);
        QVERIFY(cluster.bash.waitForFinished(20'000));
        QCOMPARE(cluster.bash.exitStatus(), QProcess::CrashExit);
        QCOMPARE(cluster.asked().count("requeue"), 1);
    }

    void secondSignalsChangeNothing()
    {
        ShellCluster cluster(kSavingEngine);
        cluster.start(bareProfile());
        QVERIFY(QTest::qWaitFor([&] { return QFile::exists(cluster.path("running")); }, 20'000));
        for (int i = 0; i < 3; ++i)
            ::kill(pid_t(cluster.bash.processId()), SIGUSR1);
        QVERIFY(QTest::qWaitFor([&] { return cluster.asked().contains("scancel"); }, 20'000));
        ::kill(pid_t(cluster.bash.processId()), SIGUSR1);
        QVERIFY(cluster.bash.waitForFinished(20'000));
        QCOMPARE(cluster.bash.exitStatus(), QProcess::CrashExit);
        QCOMPARE(cluster.asked().count("requeue"), 1);
    }
};

QTEST_GUILESS_MAIN(SlurmScriptTest)
#include "slurm_script_test.moc"
