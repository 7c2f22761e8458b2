#include "core/base/file.h"

#include "core/base/environment.h"
#include "core/base/file_lock.h"
#include "tests/support/check.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <cstring>

using namespace facet::core;

class FileTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const char* name) const
    {
        return m_folder.filePath(QString::fromUtf8(name)).toStdString();
    }

private Q_SLOTS:
    void whatIsWrittenIsRead()
    {
        const std::string bytes("a\0b\n", 4);
        QVERIFY(writeFileAtomically(at("x"), bytes));
        QVERIFY(writeFileAtomically(at("x"), bytes + "2"));
        QCOMPARE(*readFile(at("x"), 100), bytes + "2");
        const auto mapped = MappedFile::open(at("x"));
        QVERIFY2(mapped, reason(mapped));
        QCOMPARE(mapped->bytes().size(), 5u);
        QCOMPARE(std::memcmp(mapped->bytes().data(), bytes.data(), 4), 0);
        QCOMPARE(QDir(m_folder.path()).entryList(QDir::Files), QStringList{QStringLiteral("x")});
    }

    void whatCannotBeReadIsSaid()
    {
        QCOMPARE(readFile(at("none"), 1).error().code, ErrorCode::NotFound);
        QCOMPARE(MappedFile::open(at("none")).error().code, ErrorCode::NotFound);
        QCOMPARE(readFile(at("."), 1).error().code, ErrorCode::Io);
        QCOMPARE(MappedFile::open(at(".")).error().code, ErrorCode::Io);
        QCOMPARE(MappedFile::open("/dev/null").error().code, ErrorCode::Io);
        QVERIFY(writeFileAtomically(at("y"), "12345"));
        QCOMPARE(readFile(at("y"), 4).error().message, at("y").string() + " has 5 bytes; at most 4 are read");
    }

    void anEmptyFileMapsToNothing()
    {
        QVERIFY(writeFileAtomically(at("empty"), ""));
        const auto mapped = MappedFile::open(at("empty"));
        QVERIFY2(mapped, reason(mapped));
        QVERIFY(mapped->bytes().empty());
    }

    void aFailedWriteLeavesNothingBehind()
    {
        QVERIFY(QDir(m_folder.path()).mkdir(QStringLiteral("folder")));
        const auto written = writeFileAtomically(at("folder"), "x");
        QVERIFY(!written);
        QCOMPARE(QDir(m_folder.path()).entryList({QStringLiteral("*.tmp")}), QStringList());
        QCOMPARE(writeFileAtomically(at("none/x"), "x").error().code, ErrorCode::NotFound);
    }

    void aLockKeepsOthersOutUntilItGoes()
    {
        {
            const auto held = FileLock::take(at("locked"));
            QVERIFY2(held, reason(held));
            QCOMPARE(FileLock::take(at("locked"), std::chrono::milliseconds(20)).error().code,
                     ErrorCode::Unavailable);
        }
        QVERIFY(FileLock::take(at("locked"), std::chrono::milliseconds(20)));
    }

    void aTildeInAVariableIsTheHomeFolder()
    {
        qputenv("HOME", "/home/somebody");
        qputenv("FACET_TEST_FOLDER", "~/models");
        QCOMPARE(environmentPath("FACET_TEST_FOLDER")->string(), std::string("/home/somebody/models"));
        qputenv("FACET_TEST_FOLDER", "");
        QVERIFY(!environmentPath("FACET_TEST_FOLDER"));
    }
};

QTEST_GUILESS_MAIN(FileTest)
#include "file_test.moc"
