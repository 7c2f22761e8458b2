// What the window does with the Hugging Face hub, against a hub of our own: token, download, licence.

#include "app/studio/studio.h"
#include "tests/core/hub/hub_server.h"
#include "ui/models/models_page.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/chip.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QApplication>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace facet;

class HubWindowTest final : public QObject {
    Q_OBJECT

    core::HubServer m_server;
    bool m_isReady = false;
    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<app::Studio> m_studio;

    template <typename T>
    T* find(const char* name)
    {
        return m_studio->window().findChild<T*>(QString::fromLatin1(name));
    }

    void get(const QString& id)
    {
        m_studio->window().showPage(QStringLiteral("models"));
        auto* box = find<QLineEdit>("modelBox");
        QTest::keyClicks(box, id);
        QTest::keyClick(box, Qt::Key_Return);
    }

    void enterToken(const QString& token)
    {
        m_studio->window().showPage(QStringLiteral("settings"));
        QTest::keyClicks(find<QLineEdit>("hubToken"), token);
        QTest::mouseClick(find<QPushButton>("testToken"), Qt::LeftButton);
    }

    void openStudio(const QString& engine = QStringLiteral("/nonexistent/facet-engine"))
    {
        m_studio = std::make_unique<app::Studio>(app::Studio::Options{.model = {}, .engineProgram = engine});
        m_studio->show();
        QVERIFY(QTest::qWaitForWindowExposed(&m_studio->window()));
    }

    QString chip() { return find<ui::Chip>("tokenChip")->text(); }

private Q_SLOTS:
    void initTestCase()
    {
        const QString folder = QStringLiteral(SOURCE_DIR "/resources/demo-model");
        m_isReady =
            m_server.start({{QStringLiteral("facet/shapes"), QJsonObject{{QStringLiteral("folder"), folder}}},
                            {QStringLiteral("facet/gated"), QJsonObject{{QStringLiteral("folder"), folder},
                                                                        {QStringLiteral("gated"), true}}}});
        if (!m_isReady)
            QSKIP("the test's hub did not start: python3 is missing");
        qputenv("HF_ENDPOINT", m_server.endpoint().toUtf8());
        qputenv("HF_HUB_OFFLINE", "0");
        qputenv("HF_TOKEN", "");
        qputenv("HF_TOKEN_PATH", "/nonexistent/token");
        qunsetenv("DBUS_SESSION_BUS_ADDRESS");
    }

    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
        qputenv("HF_HUB_CACHE", (m_home->path() + QStringLiteral("/hub")).toUtf8());
        m_server.setFaults({});
        openStudio();
    }

    void cleanup() { m_studio.reset(); }

    void aGoodTokenShowsItsAccount()
    {
        enterToken(QStringLiteral("hf_accepted"));
        QTRY_COMPARE(chip(), QStringLiteral("account anna"));
    }

    void aTokenThatTheHubDoesNotKnowIsSaidSo()
    {
        enterToken(QStringLiteral("hf_nobody"));
        QTRY_COMPARE(chip(), QStringLiteral("not accepted"));
        const QString sentence = find<QLabel>("tokenTestResult")->text();
        QVERIFY2(sentence.contains(QStringLiteral("does not accept the token")), qPrintable(sentence));
        QVERIFY(!sentence.contains(QStringLiteral("hf_nobody")));
    }

    void aModelComesByItsIdIntoTheLibrary()
    {
        m_studio->window().makeAllPages();
        QAbstractItemModelTester tester(&m_studio->downloads(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        get(QStringLiteral("facet/shapes"));
        QTRY_COMPARE_WITH_TIMEOUT(find<QTableView>("modelTable")->model()->rowCount(), 2, 20'000);
        QCOMPARE(m_studio->downloads().item(0).state, ui::Downloads::State::Done);
        const core::Result<std::vector<core::LibraryEntry>> entries =
            core::Library(m_home->path().toStdString()).list();
        QVERIFY(entries);
        QCOMPARE(entries->front().hfId, std::string("facet/shapes"));
    }

    void aPausedDownloadGoesOnWhereItStopped()
    {
        m_server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("cdn")},
                                        {QStringLiteral("file"), QStringLiteral("model.safetensors")},
                                        {QStringLiteral("do"), QStringLiteral("hold")},
                                        {QStringLiteral("at"), 2'000'000}}});
        get(QStringLiteral("facet/shapes"));
        QVERIFY(m_server.waitForHold());
        QTRY_VERIFY(m_studio->downloads().item(0).progress.bytesDone >= 2'000'000);
        QTest::mouseClick(find<QPushButton>("downloadToggle"), Qt::LeftButton);
        QCOMPARE(m_studio->downloads().item(0).state, ui::Downloads::State::Paused);
        m_server.setFaults({});
        QTest::mouseClick(find<QPushButton>("downloadToggle"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_studio->downloads().item(0).state, ui::Downloads::State::Done, 20'000);
        bool hasContinued = false;
        for (const QJsonObject& request :
             m_server.requests(QStringLiteral("cdn"), QStringLiteral("model.safetensors")))
            hasContinued =
                hasContinued || core::headerOf(request, "range").startsWith(QStringLiteral("bytes="));
        m_server.release();
        QVERIFY(hasContinued);
    }

    void anUnfinishedDownloadIsThereAfterARestartAndGoesOn()
    {
        m_server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("cdn")},
                                        {QStringLiteral("file"), QStringLiteral("model.safetensors")},
                                        {QStringLiteral("do"), QStringLiteral("hold")},
                                        {QStringLiteral("at"), 2'000'000}}});
        get(QStringLiteral("facet/shapes"));
        QVERIFY(m_server.waitForHold());
        QTRY_VERIFY(m_studio->downloads().item(0).progress.bytesDone >= 2'000'000);
        const int64_t whole = m_studio->downloads().item(0).progress.bytesAll;
        m_studio.reset();
        m_server.setFaults({});
        m_server.release();
        openStudio();
        QTRY_COMPARE(m_studio->downloads().rowCount(), 1);
        QCOMPARE(m_studio->downloads().item(0).state, ui::Downloads::State::Paused);
        QCOMPARE(m_studio->downloads().item(0).id, QStringLiteral("facet/shapes"));
        QVERIFY(m_studio->downloads().item(0).progress.bytesDone >= 2'000'000);
        QCOMPARE(m_studio->downloads().item(0).progress.bytesAll, whole);
        m_studio->window().showPage(QStringLiteral("models"));
        QTest::mouseClick(find<QPushButton>("downloadToggle"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_studio->downloads().item(0).state, ui::Downloads::State::Done, 20'000);
        m_studio.reset();
        openStudio();
        QTest::qWait(50);
        QCOMPARE(m_studio->downloads().rowCount(), 0);
    }

    void theEngineGetsTheTokenInItsEnvironmentAndNowhereElse()
    {
        m_studio.reset();
        const QString program = m_home->path() + QStringLiteral("/engine.sh");
        QFile script(program);
        QVERIFY(script.open(QIODevice::WriteOnly));
        script.write(
            "#!/bin/sh\necho \"$HF_TOKEN\" > \"$FACET_HOME/token-seen\"\n"
            "echo \"$@\" > \"$FACET_HOME/arguments\"\necho an engine without a port >&2\nexit 1\n");
        script.setPermissions(QFile::ReadOwner | QFile::ExeOwner);
        script.close();
        openStudio(program);
        const auto read = [this](const char* name) {
            QFile file(m_home->path() + QLatin1Char('/') + QLatin1String(name));
            return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray();
        };
        QTRY_VERIFY(read("arguments").startsWith("serve"));
        QVERIFY(read("token-seen").isEmpty());
        enterToken(QStringLiteral("hf_accepted"));
        QTRY_COMPARE(chip(), QStringLiteral("account anna"));
        m_studio->window().findChild<QAction*>(QStringLiteral("restartEngine"))->trigger();
        QTRY_COMPARE(read("token-seen"), QByteArray("hf_accepted"));
        QVERIFY(!read("arguments").contains("hf_accepted"));
        for (const QString& line : m_studio->client().process()->log())
            QVERIFY(!line.contains(QStringLiteral("hf_accepted")));
    }

    void aGatedModelOffersItsLicenceAndATokenAndGoesOnWithOne()
    {
        get(QStringLiteral("facet/gated"));
        auto* banner = [this] {
            ui::Banner* found = nullptr;
            for (int tries = 0; tries < 400 && !found; ++tries, QTest::qWait(20))
                found = find<ui::Banner>("downloadBanner");
            return found;
        }();
        QVERIFY(banner);
        QTRY_VERIFY(banner->isVisible());
        QVERIFY(banner->detail().contains(m_server.endpoint() + QStringLiteral("/facet/gated")));
        QVERIFY(find<QPushButton>("openLicence")->isVisible());
        m_studio->window().grab().save(QStringLiteral(SCREENSHOTS "/models-gated-light.png"));
        QTest::mouseClick(find<QPushButton>("enterToken"), Qt::LeftButton);
        QCOMPARE(m_studio->window().currentPage(), QStringLiteral("settings"));
        enterToken(QStringLiteral("hf_accepted"));
        QTRY_COMPARE(chip(), QStringLiteral("account anna"));
        m_studio->window().showPage(QStringLiteral("models"));
        QTest::mouseClick(find<QPushButton>("tryDownloadAgain"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_studio->downloads().item(0).state, ui::Downloads::State::Done, 20'000);
    }
};

QTEST_MAIN(HubWindowTest)
#include "hub_window_test.moc"
