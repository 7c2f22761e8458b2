// Training gives the losses and gradients of transformers and peft (make_training.py), run now: all of the
// model, parts of it, LoRA, rsLoRA, DoRA, with pictures and without. Adapters start from what peft saved.

#include "tests/engine/train/training_case.h"
#include "tests/support/python.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::engine;

class TrainingPeerTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("peft, transformers"))
            QSKIP("no peft or transformers in .venv: ./dev setup --tests");
        QProcess process;
        process.start(core::python(),
                      {QStringLiteral(SOURCE_DIR "/tests/engine/train/make_training.py"), m_folder.path()});
        QVERIFY(process.waitForFinished(300'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    }

    void lossGradientsAndTenStepsAreThePeers_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto& folder : trainingCases(m_folder.path().toStdString()))
            QTest::newRow(folder.filename().c_str()) << QString::fromStdString(folder.string());
    }
    void lossGradientsAndTenStepsAreThePeers()
    {
        QFETCH(const QString, folder);
        compareWithPeer(folder.toStdString());
    }
};

QTEST_GUILESS_MAIN(TrainingPeerTest)
#include "training_peer_test.moc"
