// Secrets in a real keyring: gnome-keyring on a session bus of its own, in a home of its own.

#include "ui/settings/secret.h"

#include <QDirIterator>
#include <QFile>
#include <QProcess>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using facet::ui::Secret;

class SecretTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;
    QProcess m_bus;
    QProcess m_keyring;

private Q_SLOTS:
    void initTestCase()
    {
        for (const char* program : {"dbus-daemon", "dbus-send", "gnome-keyring-daemon"})
            if (QStandardPaths::findExecutable(QLatin1String(program)).isEmpty())
                QSKIP(qPrintable(
                    QStringLiteral("there is no %1: apt-get install dbus-bin dbus-daemon gnome-keyring")
                        .arg(QLatin1String(program))));
        qputenv("HOME", m_home.path().toUtf8());
        qputenv("XDG_RUNTIME_DIR", m_home.path().toUtf8());
        qunsetenv("XDG_DATA_HOME");
        m_bus.start(QStringLiteral("dbus-daemon"), {QStringLiteral("--session"), QStringLiteral("--nofork"),
                                                    QStringLiteral("--print-address")});
        QVERIFY(m_bus.waitForReadyRead(10'000));
        qputenv("DBUS_SESSION_BUS_ADDRESS", m_bus.readLine().trimmed());
        m_keyring.start(QStringLiteral("gnome-keyring-daemon"),
                        {QStringLiteral("--foreground"), QStringLiteral("--unlock"),
                         QStringLiteral("--components=secrets")});
        QVERIFY(m_keyring.waitForStarted());
        m_keyring.write("password");
        m_keyring.closeWriteChannel();
        QTRY_VERIFY_WITH_TIMEOUT(hasService(), 20'000);
    }

    void cleanupTestCase()
    {
        for (QProcess* process : {&m_keyring, &m_bus}) {
            process->terminate();
            if (process->state() != QProcess::NotRunning)
                process->waitForFinished(5000);
        }
    }

    void aSecretOutlivesTheWindow()
    {
        {
            Secret secret(QStringLiteral("test-token"));
            secret.set(QStringLiteral("hf_kept"));
            QTRY_COMPARE(secret.place(), Secret::Place::Keyring);
            QVERIFY2(secret.problem().isEmpty(), qPrintable(secret.problem()));
        }
        Secret again(QStringLiteral("test-token"));
        QSignalSpy loaded(&again, &Secret::loaded);
        again.load();
        QTRY_COMPARE(loaded.count(), 1);
        QCOMPARE(again.value(), QStringLiteral("hf_kept"));
        QCOMPARE(again.place(), Secret::Place::Keyring);
    }

    void itIsNotInClearOnTheDisk()
    {
        int numFiles = 0;
        QDirIterator files(m_home.path(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            QVERIFY(file.open(QIODevice::ReadOnly));
            ++numFiles;
            QVERIFY2(!file.readAll().contains("hf_kept"), qPrintable(file.fileName()));
        }
        QVERIFY(numFiles > 0);  // the keyring's own
    }

    void aForgottenSecretIsGone()
    {
        Secret secret(QStringLiteral("test-token"));
        QSignalSpy loaded(&secret, &Secret::loaded);
        secret.load();
        QTRY_COMPARE(loaded.count(), 1);
        secret.set({});
        QCOMPARE(secret.place(), Secret::Place::Nowhere);
        QTRY_VERIFY(!isKept());
    }

    void withoutAServiceItLastsForTheSessionAndSaysWhy()
    {
        m_keyring.terminate();
        QVERIFY(m_keyring.waitForFinished(5000));
        Secret secret(QStringLiteral("test-token"));
        secret.set(QStringLiteral("hf_session"));
        QTRY_VERIFY_WITH_TIMEOUT(!secret.problem().isEmpty(), 20'000);
        QCOMPARE(secret.place(), Secret::Place::Session);
        QCOMPARE(secret.value(), QStringLiteral("hf_session"));
    }

private:
    static bool hasService()
    {
        QProcess ask;
        ask.start(QStringLiteral("dbus-send"),
                  {QStringLiteral("--session"), QStringLiteral("--print-reply"),
                   QStringLiteral("--dest=org.freedesktop.DBus"), QStringLiteral("/"),
                   QStringLiteral("org.freedesktop.DBus.NameHasOwner"),
                   QStringLiteral("string:org.freedesktop.secrets")});
        return ask.waitForFinished(5000) && ask.readAllStandardOutput().contains("true");
    }

    static bool isKept()
    {
        Secret secret(QStringLiteral("test-token"));
        QSignalSpy loaded(&secret, &Secret::loaded);
        secret.load();
        return loaded.wait(5000) && secret.place() == Secret::Place::Keyring;
    }
};

QTEST_GUILESS_MAIN(SecretTest)
#include "secret_test.moc"
