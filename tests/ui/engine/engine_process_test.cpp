#include "tests/support/fake_engine.h"

#include <QSignalSpy>
#include <QTest>

#include <signal.h>

using namespace facet::ui;
using State = EngineProcess::State;

class EngineProcessTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itSaysWhereItListens()
    {
        FakeEngine engine;
        QCOMPARE(engine.state(), State::Stopped);
        engine.start();
        QCOMPARE(engine.state(), State::Starting);
        QTRY_COMPARE(engine.state(), State::Running);
        QVERIFY(engine.address().url.port() > 0);
        QCOMPARE(engine.address().token, QByteArray("secret"));
    }

    void itEndsWithItsOwner()
    {
        qint64 pid = 0;
        {
            FakeEngine engine;
            engine.start();
            QTRY_COMPARE(engine.state(), State::Running);
            pid = engine.processId();
            QCOMPARE(kill(static_cast<pid_t>(pid), 0), 0);
        }
        QTRY_VERIFY(kill(static_cast<pid_t>(pid), 0) != 0);
    }

    void aDeathIsSaidInWordsAndTheNextNeedStartsItAgain()
    {
        FakeEngine engine;
        engine.start();
        QTRY_COMPARE(engine.state(), State::Running);
        kill(static_cast<pid_t>(engine.processId()), SIGKILL);
        QTRY_COMPARE(engine.state(), State::Stopped);
        QCOMPARE(engine.problem(), QStringLiteral("The engine was ended by signal 9."));
        QVERIFY(engine.stateText().contains(QStringLiteral("starts again")));
        engine.start();
        QTRY_COMPARE(engine.state(), State::Running);
    }

    // Kate's rule: lspclientservermanager.cpp gives up after two quick deaths.
    void twoDeathsWithinAMinuteAreGivenUpUntilTheUserTriesAgain()
    {
        FakeEngine engine(QStringLiteral("dead"));
        engine.start();
        QTRY_COMPARE(engine.state(), State::Stopped);
        QCOMPARE(engine.problem(), QStringLiteral("The engine ended with exit code 3."));
        QVERIFY(engine.log().contains(QStringLiteral("fake engine: no such device")));
        engine.start();
        QTRY_COMPARE(engine.state(), State::GaveUp);
        engine.start();
        QCOMPARE(engine.state(), State::GaveUp);
        QVERIFY(engine.stateText().contains(QStringLiteral("twice within a minute")));
        engine.retry();
        QCOMPARE(engine.state(), State::Starting);
    }

    void whatIsNoEngineIsRefused()
    {
        FakeEngine engine(QStringLiteral("babble"));
        engine.start();
        QTRY_COMPARE(engine.state(), State::Stopped);
        QVERIFY2(engine.problem().contains(QStringLiteral("Hello, I am no engine")),
                 qPrintable(engine.problem()));
    }

    void oneThatNeverGreetsIsEnded()
    {
        FakeEngine engine(QStringLiteral("silent"));
        engine.setStartLimit(200);
        engine.start();
        QTRY_COMPARE(engine.state(), State::Stopped);
        QVERIFY(engine.problem().contains(QStringLiteral("did not say where it listens")));
    }

    void aMissingProgramIsNamed()
    {
        EngineProcess engine(QStringLiteral("/nowhere/facet-engine"));
        engine.start();
        QTRY_COMPARE(engine.state(), State::Stopped);
        QVERIFY2(engine.problem().contains(QStringLiteral("/nowhere/facet-engine")),
                 qPrintable(engine.problem()));
    }
};

QTEST_GUILESS_MAIN(EngineProcessTest)
#include "engine_process_test.moc"
