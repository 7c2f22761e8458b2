// The probe beside the estimate: with the real engine where it is built, with scripts in its place for what a
// test cannot have. Leaves pictures in the build's folder "screenshots".

#include "ui/finetune/job_form.h"
#include "ui/finetune/job_probe.h"
#include "ui/finetune/side_panel.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QLabel>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::ui;
using nlohmann::json;

class ProbeViewTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<JobForm> m_form;
    std::unique_ptr<JobProbe> m_probe;
    std::unique_ptr<SidePanel> m_panel;

    void open(const QString& engine)
    {
        m_form = std::make_unique<JobForm>(JobForm::Parts{m_home->path().toStdString(),
                                                          SOURCE_DIR "/resources/recipes",
                                                          {{"demo", SOURCE_DIR "/resources/demo-model"}}});
        m_form->apply({{"name", "probed"},
                       {"model.base", "demo"},
                       {"lora.targets", {"q_proj"}},
                       {"freeze.vision_tower", true},
                       {"freeze.projector", true},
                       {"data.sources", json::array({{{"path", "mock:text"}}})},
                       {"sequence_length", 64},
                       {"batch.global", 4},
                       {"batch.micro", 1},
                       {"epochs", 0},
                       {"steps", 10}});
        m_probe = std::make_unique<JobProbe>(m_home->path().toStdString(), engine.toStdString());
        m_panel = std::make_unique<SidePanel>(*m_form, *m_probe);
        m_panel->resize(345, 820);
        m_panel->show();
        QTRY_VERIFY_WITH_TIMEOUT(m_form->isJudged(), 20'000);
    }

    /// A program that stands for the engine.
    QString script(const QByteArray& body)
    {
        QFile file(m_home->filePath(QStringLiteral("engine.sh")));
        if (!file.open(QIODevice::WriteOnly) || file.write("#!/bin/sh\n" + body) < 0)
            qFatal("cannot write a script");
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return file.fileName();
    }

    QString text(const char* label) const
    {
        return m_panel->findChild<QLabel*>(QLatin1String(label))->text();
    }
    QPushButton* button(const char* name) const
    {
        return m_panel->findChild<QPushButton*>(QLatin1String(name));
    }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        QTest::qWait(50);
        QVERIFY(m_panel->grab().save(QStringLiteral(SCREENSHOTS "/") + name + QStringLiteral(".png")));
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
        if (!qApp->property("isThemed").toBool())
            Theme::install(*qApp, Theme::Scheme::Light);
        qApp->setProperty("isThemed", true);
    }
    void cleanup()
    {
        m_panel.reset();
        m_probe.reset();
        m_form.reset();
        m_home.reset();
        Theme::setScheme(Theme::Scheme::Light);
    }

    void theEngineMeasuresAndTheEstimateGetsATime()
    {
        const QString engine = qEnvironmentVariable("FACET_ENGINE_PROGRAM", QStringLiteral(ENGINE));
        if (engine.isEmpty())
            QSKIP("facet-engine is not built here: nothing is measured");
        open(engine);
        QVERIFY(!text("costFigures").contains(QStringLiteral("probe")));
        save(QStringLiteral("probe-idle-light"));
        QTest::mouseClick(button("probeJob"), Qt::LeftButton);
        QCOMPARE(button("probeJob")->text(), QStringLiteral("Cancel"));
        QTRY_VERIFY_WITH_TIMEOUT(m_probe->state() != JobProbe::State::Running, 90'000);
        QVERIFY2(m_probe->state() == JobProbe::State::Measured, qPrintable(m_probe->problem()));
        QVERIFY2(text("probeState").startsWith(QStringLiteral("Measured ")), qPrintable(text("probeState")));
        QVERIFY2(text("probeDetail").contains(QStringLiteral("tokens a second")),
                 qPrintable(text("probeDetail")));
        const JobProbe::Figures& figures = m_probe->figures();
        QVERIFY(figures.memoryBytes > 50e6 && figures.forwardSeconds > 0 && figures.secondsOfAllSteps > 0);
        QTRY_VERIFY(text("costFigures").contains(QStringLiteral("By the last probe")));
        save(QStringLiteral("probe-measured-light"));
        Theme::setScheme(Theme::Scheme::Dark);
        save(QStringLiteral("probe-measured-dark"));

        m_form->set("sequence_length", 32);  // another job: what was measured goes
        QCOMPARE(m_probe->state(), JobProbe::State::Idle);
        QCOMPARE(button("probeJob")->text(), QStringLiteral("Probe"));
    }

    void itCanBeCancelledWhileItRuns()
    {
        open(script("echo 'step 1 of 2: the longest samples' >&2\nexec sleep 100\n"));
        QTest::mouseClick(button("probeJob"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(text("probeDetail").startsWith(QStringLiteral("step 1 of 2")), 20'000);
        QTest::mouseClick(button("probeJob"), Qt::LeftButton);
        QCOMPARE(m_probe->state(), JobProbe::State::Idle);
    }

    void whatDoesNotFitComesWithEdits()
    {
        open(
            script("echo '{\"probe\": {\"fits\": false, \"message\": \"out of memory in step 1\", \"edits\": "
                   "[{\"sentence\": \"Micro batch 2 in place of 8\", \"changes\": {\"batch.micro\": 2}, "
                   "\"bytes\": 1e9, \"fits\": true}]}}'\nexit 1\n"));
        QTest::mouseClick(button("probeJob"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(text("probeState"), QStringLiteral("Does not fit"), 20'000);
        QCOMPARE(text("probeDetail"), QStringLiteral("out of memory in step 1"));
        QVERIFY(button("probeEdit0"));
        save(QStringLiteral("probe-too-large-light"));
        QTest::mouseClick(button("probeEdit0"), Qt::LeftButton);
        QCOMPARE(m_form->value("batch.micro").get<int>(), 2);
        QCOMPARE(m_probe->state(), JobProbe::State::Idle);
    }

    void aFailureIsTheEnginesSentence()
    {
        open(script("echo 'facet-engine: cuda:7 is not there' >&2\nexit 1\n"));
        QTest::mouseClick(button("probeJob"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(text("probeState"), QStringLiteral("Could not be measured"), 20'000);
        QVERIFY(text("probeDetail").contains(QStringLiteral("cuda:7 is not there")));
        open(QStringLiteral("/nonexistent/facet-engine"));
        QTest::mouseClick(button("probeJob"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_probe->state(), JobProbe::State::Failed, 20'000);
        QVERIFY2(m_probe->problem().contains(QStringLiteral("/nonexistent/facet-engine")),
                 qPrintable(m_probe->problem()));
    }
};

QTEST_MAIN(ProbeViewTest)
#include "probe_view_test.moc"
