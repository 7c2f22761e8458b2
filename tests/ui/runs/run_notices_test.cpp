// What the desktop hears when a run ends: a notification service on a bus of the test's own.

#include "ui/runs/run_notices.h"
#include "core/run/run_folder.h"
#include "ui/runs/run_list.h"
#include "ui/widgets/toast.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDir>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QVariantMap>

using namespace facet;

/// As a desktop has it, as far as it is called.
class Desktop final : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")

public:
    struct Notice {
        QString program, icon, summary, body;
    };
    QList<Notice> notices;

public Q_SLOTS:
    // NOLINTNEXTLINE(readability-identifier-naming): the interface's name
    uint Notify(const QString& program, uint, const QString& icon, const QString& summary,
                const QString& body, const QStringList&, const QVariantMap&, int)
    {
        notices.append({program, icon, summary, body});
        return static_cast<uint>(notices.size());
    }
};

class RunNoticesTest final : public QObject {
    Q_OBJECT

    static core::ObservedRun run(core::RunCondition condition, const std::string& message = "")
    {
        core::ObservedRun run;
        run.folder = {"/runs/receipts"};
        run.name = "receipts <r32>";
        run.condition = condition;
        run.message = message;
        run.step = 300;
        run.numSteps = 1000;
        return run;
    }

private Q_SLOTS:
    void theDesktopIsToldOnce()
    {
        if (qEnvironmentVariableIsEmpty("FACET_TEST_BUS"))
            QSKIP("there is no dbus-daemon: install it for this test");
        QDBusConnection desktop =
            QDBusConnection::connectToBus(qEnvironmentVariable("FACET_TEST_BUS"), QStringLiteral("desktop"));
        QVERIFY(desktop.isConnected());
        Desktop service;
        QVERIFY(desktop.registerObject(QStringLiteral("/org/freedesktop/Notifications"), &service,
                                       QDBusConnection::ExportAllSlots));
        QVERIFY(desktop.registerService(QStringLiteral("org.freedesktop.Notifications")));

        QWidget window;
        const QTemporaryDir nothing;
        ui::RunList runs({nothing.path().toStdString()});
        const ui::RunNotices notices(runs, window);
        runs.take({run(core::RunCondition::Running)});
        runs.take({run(core::RunCondition::Saving)});
        runs.take({run(core::RunCondition::Done)});
        QTRY_COMPARE(service.notices.size(), 1);
        QCOMPARE(service.notices[0].program, QStringLiteral("Facet"));
        QCOMPARE(service.notices[0].summary, QStringLiteral("receipts <r32>: finished"));
        QCOMPARE(service.notices[0].body, QStringLiteral("300 steps"));
        runs.take({run(core::RunCondition::Done)});
        runs.take({run(core::RunCondition::Running)});
        runs.take({run(core::RunCondition::Failed, "loss is NaN: lower optimizer.lr & <resume>")});
        QTRY_COMPARE(service.notices.size(), 2);
        QCOMPARE(service.notices[1].icon, QStringLiteral("dialog-warning"));
        // The body is markup, by the specification.
        QCOMPARE(service.notices[1].body,
                 QStringLiteral("loss is NaN: lower optimizer.lr &amp; &lt;resume&gt;"));
        runs.take({run(core::RunCondition::Running)});
        runs.take({run(core::RunCondition::Lost)});
        QTRY_COMPARE(service.notices.size(), 3);
        QCOMPARE(service.notices[2].summary, QStringLiteral("receipts <r32>: lost at step 300"));
        QVERIFY(!window.findChild<ui::Toast*>());
    }
};

int main(int argc, char* argv[])
{
    QProcess bus;
    bus.start(QStringLiteral("dbus-daemon"),
              {QStringLiteral("--session"), QStringLiteral("--nofork"), QStringLiteral("--print-address")});
    if (bus.waitForStarted() && bus.waitForReadyRead(10'000)) {
        const QByteArray address = bus.readLine().trimmed();
        qputenv("FACET_TEST_BUS", address);
        qputenv("DBUS_SESSION_BUS_ADDRESS", address);
    }
    int result = 0;
    {
        QApplication application(argc, argv);
        RunNoticesTest test;
        result = QTest::qExec(&test, argc, argv);
    }
    bus.kill();
    bus.waitForFinished();
    return result;
}
#include "run_notices_test.moc"
