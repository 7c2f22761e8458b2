// The real TensorBoard reads what we write, and CRC-32C gives RFC 3720's examples.

#include "core/run/tensorboard.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

class TensorBoardPeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void checksumsAreThoseOfTheStandard()
    {
        QCOMPARE(crc32c(std::string(32, '\0')), 0x8a9136aaU);
        QCOMPARE(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
        QCOMPARE(crc32c("123456789"), 0xe3069283U);
    }

    void tensorBoardReadsNumbersAndTexts()
    {
        if (!hasPythonPackages(QStringLiteral("tensorboard")))
            QSKIP("no tensorboard in .venv: ./dev setup --tests");
        const QTemporaryDir folder;
        Result<TensorBoardLog> log = TensorBoardLog::create(folder.path().toStdString(), 1'764'000'000.5);
        QVERIFY2(log, reason(log));
        QVERIFY(log->addScalar("train/loss", 1, 2.5, 1'764'000'001.25));
        QVERIFY(log->addScalar("train/loss", 300, -0.125, 1'764'000'002));
        QVERIFY(log->addText("sample", 300, "A cat \xf0\x9f\x90\x88", 1'764'000'003));
        const QByteArray printed = runPython(
            QStringLiteral(
                "import sys\n"
                "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
                "events = EventAccumulator(sys.argv[1]).Reload()\n"
                "for e in events.Scalars('train/loss'): print(e.wall_time, e.step, e.value)\n"
                "for e in events.Tensors('sample'): print(e.step, e.tensor_proto.string_val[0].decode())\n"),
            {folder.path()});
        QCOMPARE(printed,
                 QByteArray("1764000001.25 1 2.5\n1764000002.0 300 -0.125\n300 A cat \xf0\x9f\x90\x88\n"));
    }
};

QTEST_GUILESS_MAIN(TensorBoardPeerTest)
#include "tensorboard_peer_test.moc"
