// huggingface_hub and we share a cache: each finds what the other one downloaded, also when both do it at
// once.

#include "tests/core/hub/hub_case.h"
#include "tests/support/python.h"

#include <atomic>
#include <optional>
#include <thread>

using namespace facet::core;

namespace {

/// Runs huggingface_hub's side: hub_peer.py.
void start(QProcess& process, const QStringList& arguments)
{
    process.start(python(),
                  QStringList{QStringLiteral(SOURCE_DIR "/tests/core/hub/hub_peer.py")} + arguments);
}

QByteArray peer(const QStringList& arguments)
{
    QProcess process;
    start(process, arguments);
    return process.waitForFinished(120'000) && process.exitCode() == 0 ? process.readAllStandardOutput()
                                                                       : QByteArray();
}

}  // namespace

class HubPeerTest : public QObject {
    Q_OBJECT

    HubCase m_case;

private Q_SLOTS:
    void initTestCase()
    {
        if (!m_case.isReady || !hasPythonPackages(QStringLiteral("huggingface_hub")))
            QSKIP("Python with huggingface_hub is missing: run ./dev setup --tests");
    }

    void init() { m_case.begin(); }

    void whatWeDownloadIsFoundByHuggingfaceHub()
    {
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        // What a process that was killed may leave is no matter to it.
        writeFile(m_case.in(QStringLiteral(".ref.4711")), "0123");
        writeFile(m_case.in(QStringLiteral("blobs/0123456789abcdef0123456789abcdef01234567.incomplete")),
                  "half");
        const QJsonObject seen =
            QJsonDocument::fromJson(peer({QStringLiteral("look"), m_case.cache()})).object();
        QCOMPARE(seen[QStringLiteral("path")].toString().toStdString(), model->snapshot.string());
        QCOMPARE(contentOf(seen[QStringLiteral("weights")].toString()),
                 m_case.original(QStringLiteral("model.safetensors")));
        QCOMPARE(seen[QStringLiteral("warnings")].toArray(), QJsonArray());
        QCOMPARE(seen[QStringLiteral("id")].toString(), QStringLiteral("facet/tiny"));
        QCOMPARE(seen[QStringLiteral("commit")].toString().toStdString(), kCommit);
        QCOMPARE(seen[QStringLiteral("refs")].toArray(), QJsonArray{QStringLiteral("main")});
        QCOMPARE(seen[QStringLiteral("files")].toArray().size(), 7);

        // And it has nothing left to fetch of what we brought.
        m_case.server.setFaults({});
        peer({QStringLiteral("download"), m_case.server.endpoint(), m_case.cache(), QStringLiteral("few")});
        QCOMPARE(m_case.server.bytesOfStorage(), 0);
    }

    void whatHuggingfaceHubDownloadedIsUsedAsItLies()
    {
        const QByteArray path = peer({QStringLiteral("download"), m_case.server.endpoint(), m_case.cache()});
        QVERIFY(!path.isEmpty());
        m_case.server.setFaults({});
        DownloadRequest request = m_case.request();
        const auto model = downloadModel(request);
        QVERIFY2(model, reason(model));
        QCOMPARE(QByteArray::fromStdString(model->snapshot.string()), path.trimmed());
        QCOMPARE(model->filesFetched, 0);
        QCOMPARE(m_case.server.log().size(), 1);  // the listing
        request.hub.offlineBy = "HF_HUB_OFFLINE=1";
        const auto offline = downloadModel(request);
        QVERIFY2(offline, reason(offline));
        QCOMPARE(offline->snapshot, model->snapshot);
    }

    void bothAtOnceFetchEachFileOnce()
    {
        // The first one to come holds the weights' lock while the other one arrives.
        m_case.server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("cdn")},
                                             {QStringLiteral("file"), QStringLiteral("model.safetensors")},
                                             {QStringLiteral("do"), QStringLiteral("hold")},
                                             {QStringLiteral("at"), 100000}}});
        QProcess theirs;
        start(theirs,
              {QStringLiteral("download"), m_case.server.endpoint(), m_case.cache(), QStringLiteral("few")});
        QVERIFY(m_case.server.waitForHold());
        DownloadRequest request = m_case.request();
        bool hasWaited = false;
        std::optional<Result<DownloadedModel>> ours;
        std::atomic<bool> isWaiting = false;
        std::thread thread([&] {
            ours = downloadModel(request, [&](const DownloadProgress& progress) {
                if (progress.trouble.find("another program") != std::string::npos)
                    isWaiting = true;
                return true;
            });
        });
        hasWaited = QTest::qWaitFor([&] { return isWaiting.load(); }, 30'000);
        m_case.server.release();
        thread.join();
        QVERIFY(theirs.waitForFinished(60'000));
        QVERIFY(hasWaited);
        QCOMPARE(theirs.exitCode(), 0);
        QVERIFY2(*ours, reason(*ours));
        QCOMPARE(contentOf(m_case.inSnapshot(QStringLiteral("model.safetensors"))),
                 m_case.original(QStringLiteral("model.safetensors")));
        QCOMPARE(m_case.server.bytesOfStorage(), qint64{kWeightBytes + 3000});
    }

    void patternsMeanTheSame()
    {
        const QByteArray printed = peer({QStringLiteral("patterns")});
        const QJsonArray cases = QJsonDocument::fromJson(printed).array();
        QCOMPARE(cases.size(), 8);
        for (const QJsonValue& one : cases) {
            QJsonArray matched;
            for (const QJsonValue& name : one[2].toArray())
                if (matchesAny(name.toString().toStdString(), {one[0].toString().toStdString()}))
                    matched.append(name);
            QVERIFY2(matched == one[1].toArray(), qPrintable(one[0].toString()));
        }
    }
};

QTEST_GUILESS_MAIN(HubPeerTest)
#include "hub_peer_test.moc"
