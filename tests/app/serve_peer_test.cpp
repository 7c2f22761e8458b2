// The openai package drives `facet-engine serve` unchanged.

#include "tests/app/served_engine.h"
#include "tests/support/python.h"

#include <QTest>

using namespace facet;

class ServePeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theOpenAiClientIsServed()
    {
        if (!core::hasPythonPackages(QStringLiteral("openai")))
            QSKIP("the Python package openai is not there: run ./dev setup --tests");
        app::ServedEngine engine;
        QVERIFY(engine.start({QStringLiteral("--model"), QStringLiteral("demo")}));
        const QByteArray said = core::runPython(
            QStringLiteral("import runpy; runpy.run_path('" SOURCE_DIR "/tests/app/openai_peer.py')"),
            {QStringLiteral("http://127.0.0.1:%1/v1").arg(engine.port()),
             QString::fromStdString(engine.token),
             QStringLiteral(SOURCE_DIR "/resources/demo-data/picture.png")});
        QCOMPARE(said.trimmed(), QByteArray("all is well"));
    }
};

QTEST_GUILESS_MAIN(ServePeerTest)
#include "serve_peer_test.moc"
