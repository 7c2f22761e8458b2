// What a start leaves behind, with a small program in the engine's place.

#include "jobs/launch/launch.h"
#include "core/base/file.h"
#include "core/run/launch_record.h"
#include "jobs/launch/detached_process.h"
#include "tests/support/check.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>

using namespace facet;

class LaunchTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::filesystem::path home() const { return m_home->path().toStdString(); }

    std::filesystem::path write(const char* name, const std::string& text)
    {
        const std::filesystem::path path = home() / name;
        if (const core::Result<void> done = core::writeFileAtomically(path, text); !done)
            qFatal("%s", done.error().message.c_str());
        return path;
    }

    std::filesystem::path program(const std::string& script)
    {
        const std::filesystem::path path = write("engine", "#!/bin/sh\n" + script);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }

    std::filesystem::path job() { return write("job.json", R"({"facet_job": 1, "name": "blue"})"); }

    static std::string contents(const std::filesystem::path& path)
    {
        return core::readFile(path, 1 << 20) ? *core::readFile(path, 1 << 20) : "";
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
    }

    void itRunsInASessionOfItsOwnAndSaysSoInTheRunsFolder()
    {
        const std::filesystem::path engine =
            program("echo args: \"$@\"\necho session: $(ps -o sid= -p $$) $$\nexec tail -f /dev/null\n");
        const core::Result<jobs::Launched> run =
            jobs::launch({engine, job(), "cpu", {"--accept-changes", "steps=3"}});
        QVERIFY2(run, reason(run));
        QCOMPARE(run->folder, home() / "runs/blue");
        const core::RunFolder folder = {run->folder};
        QTRY_VERIFY(contents(folder.launchLog()).find("session") != std::string::npos);
        const std::string said = contents(folder.launchLog());
        QVERIFY2(said.find("args: train " + (home() / "job.json").string() +
                           " --device cpu --accept-changes steps=3") != std::string::npos,
                 said.c_str());
        const core::Result<core::LaunchRecord> record = core::readLaunch(folder.launch());
        QVERIFY2(record, reason(record));
        QCOMPARE(record->process.pid, run->pid);
        QCOMPARE(record->device, std::string("cpu"));
        QCOMPARE(core::isAlive(record->process), std::optional(true));
        QVERIFY(::getsid(static_cast<pid_t>(run->pid)) != ::getsid(0));

        // Not twice.
        const core::Result<jobs::Launched> again = jobs::launch({engine, job(), "cpu", {}});
        QVERIFY(!again);
        QCOMPARE(again.error().code, core::ErrorCode::Unavailable);

        ::kill(static_cast<pid_t>(run->pid), SIGKILL);
        QTRY_COMPARE(core::isAlive(record->process), std::optional(false));  // nobody's zombie

        // It had no job of its own yet, so it begins again with the file that it was started with.
        const core::Result<jobs::Launched> anew = jobs::launch({engine, run->folder, "cpu", {}});
        QVERIFY2(anew, reason(anew));
        QTRY_VERIFY(contents(folder.launchLog())
                        .find("args: train " + (home() / "job.json").string() +
                              " --device cpu dir=" + run->folder.string()) != std::string::npos);
        ::kill(static_cast<pid_t>(anew->pid), SIGKILL);
        QTRY_COMPARE(core::isAlive(core::readLaunch(folder.launch())->process), std::optional(false));
        std::filesystem::remove(home() / "job.json");
        const core::Result<jobs::Launched> gone = jobs::launch({engine, run->folder, "cpu", {}});
        QVERIFY(!gone);
        QVERIFY2(gone.error().message.find("job.json is gone") != std::string::npos,
                 gone.error().message.c_str());
    }

    void theComputerIsKeptAwakeAsLongAsTheRunLives()
    {
        const std::filesystem::path asked = home() / "asked";
        const std::filesystem::path inhibit = write(
            "systemd-inhibit", "#!/bin/sh\necho $$ \"$@\" > \"" + asked.string() + ".new\"\nmv \"" +
                                   asked.string() + ".new\" \"" + asked.string() +
                                   "\"\nwhile [ \"${1#--}\" != \"$1\" ]; do shift; done\nexec \"$@\"\n");
        std::filesystem::permissions(inhibit, std::filesystem::perms::owner_all);
        const QByteArray path = qgetenv("PATH");
        qputenv("PATH", m_home->path().toUtf8() + ":" + path);
        const core::Result<jobs::Launched> run =
            jobs::launch({program("exec tail -f /dev/null\n"), job(), "cpu", {}});
        qputenv("PATH", path);
        QVERIFY2(run, reason(run));
        if (!std::filesystem::exists("/run/systemd/system")) {
            // Nobody to ask: it is said, and the run goes on.
            QVERIFY(contents(core::RunFolder{run->folder}.launchLog())
                        .starts_with("note: the computer may go to sleep meanwhile"));
            QVERIFY(!std::filesystem::exists(asked));
            ::kill(static_cast<pid_t>(run->pid), SIGKILL);
            return;
        }
        QTRY_VERIFY(std::filesystem::exists(asked));
        const QStringList words = QString::fromStdString(contents(asked)).simplified().split(u' ');
        QCOMPARE(words.sliced(1).join(u' '),
                 QStringLiteral("--what=sleep --mode=block --who=Facet --why=blue is training tail "
                                "--pid=%1 -f /dev/null")
                     .arg(run->pid));
        const auto pid = static_cast<pid_t>(words.front().toInt());
        QCOMPARE(::kill(pid, 0), 0);
        ::kill(static_cast<pid_t>(run->pid), SIGKILL);
        QTRY_VERIFY_WITH_TIMEOUT(::kill(pid, 0) != 0 && errno == ESRCH, 10'000);
    }

    void aRunThatWasJustStoppedMayEndBeforeItIsResumed()
    {
        const core::Result<jobs::Launched> first =
            jobs::launch({program("exec sleep 2\n"), job(), "cpu", {}});
        QVERIFY2(first, reason(first));
        const core::RunFolder folder = {first->folder};
        QVERIFY(core::writeFileAtomically(folder.job(), contents(home() / "job.json")));
        core::RunStatus status = core::RunStatus::ofThisProcess();
        const core::ProcessIdentity process = core::readLaunch(folder.launch())->process;
        status.pid = process.pid;
        status.processStart = process.start;
        status.state = core::RunState::Running;
        QVERIFY(core::writeStatus(folder, status));
        QVERIFY(!jobs::launch({program("exit 0\n"), folder.path, "cpu", {}}));  // it runs
        status.state = core::RunState::Stopped;
        QVERIFY(core::writeStatus(folder, status));
        const core::Result<jobs::Launched> second =
            jobs::launch({program("exit 0\n"), folder.path, "cpu", {}});
        QVERIFY2(second, reason(second));
        QCOMPARE(core::isAlive(process), std::optional(false));
    }

    void theLastWordsOfOneThatEndsAtOnceAreKept()
    {
        const core::Result<jobs::Launched> run =
            jobs::launch({program("echo 'facet-engine: rank is -1' >&2\nexit 2\n"), job(), "auto", {}});
        QVERIFY2(run, reason(run));
        QTRY_COMPARE(core::lastWords({run->folder}), std::string("facet-engine: rank is -1"));
    }

    void aStarterThatDiesOrFailsBeforeTheStartStartsNothing()
    {
        jobs::DetachedProcess process;
        process.command = {program("touch \"$1\"\n"), home() / "begun"};
        process.log = STDERR_FILENO;
        process.prepared = write("next.json", "{}");
        process.inPlace = home() / "launch.json";
        int64_t pid = 0;
        process.prepare = [&](int64_t made) {
            pid = made;
            return core::Result<void>(core::Error{core::ErrorCode::Io, "the disk is full"});
        };
        const core::Result<int64_t> failed = jobs::startDetached(process);
        QVERIFY(!failed);
        QCOMPARE(failed.error().message, std::string("the disk is full"));
        const auto isGone = [&] { return ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH; };
        QTRY_VERIFY(isGone());

        int ends[2] = {};
        QCOMPARE(::pipe(ends), 0);
        process.prepare = [&](int64_t made) {
            if (::write(ends[1], &made, sizeof(made)) == sizeof(made))
                ::kill(::getpid(), SIGKILL);
            return core::Result<void>();
        };
        const pid_t starter = ::fork();
        if (starter == 0) {
            const core::Result<int64_t> started = jobs::startDetached(process);
            ::_exit(started ? 0 : 1);
        }
        QCOMPARE(::read(ends[0], &pid, sizeof(pid)), ssize_t(sizeof(pid)));
        QCOMPARE(::waitpid(starter, nullptr, 0), starter);
        QTRY_VERIFY(isGone());
        QVERIFY(!std::filesystem::exists(home() / "begun"));
        QVERIFY(!std::filesystem::exists(process.inPlace));

        process.prepare = {};
        QVERIFY(jobs::startDetached(process));
        QVERIFY(std::filesystem::exists(process.inPlace));
        QTRY_VERIFY(std::filesystem::exists(home() / "begun"));
    }

    void whatCannotBeStartedIsRefusedInWords()
    {
        const core::Result<jobs::Launched> none = jobs::launch({home() / "nothing", job(), "auto", {}});
        QVERIFY(!none);
        QVERIFY2(none.error().message.find("nothing") != std::string::npos, none.error().message.c_str());
        const core::Result<jobs::Launched> named = jobs::launch(
            {program("exit 0"), write("job.json", R"({"facet_job": 1, "name": "../x"})"), "auto", {}});
        QVERIFY(!named);
        QVERIFY(named.error().message.find("\"../x\"") != std::string::npos);
    }

    void aRunThatIsThereIsGoneOnWithByItsFolderOnly()
    {
        const core::RunFolder folder = {home() / "runs/blue"};
        QVERIFY(folder.create());
        QVERIFY(core::writeStatus(folder, core::RunStatus::ofThisProcess()));
        const std::filesystem::path engine = program("echo \"$@\"\n");
        const core::Result<jobs::Launched> fresh = jobs::launch({engine, job(), "auto", {}});
        QVERIFY(!fresh);
        QCOMPARE(fresh.error().code, core::ErrorCode::InvalidInput);
        QVERIFY(core::writeFileAtomically(folder.job(), R"({"facet_job": 1, "name": "blue"})"));
        const core::Result<jobs::Launched> resumed = jobs::launch({engine, folder.path, "auto", {}});
        QVERIFY2(resumed, reason(resumed));
        QTRY_VERIFY(core::lastWords(folder).starts_with("train " + folder.path.string()));
    }
};

QTEST_GUILESS_MAIN(LaunchTest)
#include "launch_test.moc"
