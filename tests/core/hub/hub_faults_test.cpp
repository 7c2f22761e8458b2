// Downloads from a server that breaks: whatever it does, what arrives is right or does not arrive.

#include "tests/core/hub/hub_case.h"

#include <QElapsedTimer>

#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

using namespace facet::core;

namespace {

const QString kWeights = QStringLiteral("model.safetensors");

/// Short, where the server is known to stall; elsewhere a busy machine must not look like one.
constexpr std::chrono::milliseconds kStall{300};

QJsonArray faults(const char* json)
{
    return QJsonDocument::fromJson(json).array();
}

}  // namespace

class HubFaultsTest : public QObject {
    Q_OBJECT

    HubCase m_case;

    QString partial() const
    {
        const QStringList found =
            QDir(m_case.in(QStringLiteral("blobs"))).entryList({QStringLiteral("*.incomplete")}, QDir::Files);
        return found.isEmpty() ? QString() : m_case.in(QStringLiteral("blobs/")) + found.front();
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!m_case.isReady)
            QSKIP("the test's hub did not start: python3 is missing");
    }

    void init() { m_case.begin(); }

    void aFaultThatPassesIsOvercome_data()
    {
        QTest::addColumn<QByteArray>("faultsOfServer");
        QTest::addColumn<int>("requestsToHub");
        QTest::addColumn<qint64>("mostBytes");  // of the weights, in all

        const qint64 once = kWeightBytes;
        const auto row = [](const char* name, const char* json, int requests, qint64 most) {
            QTest::newRow(name) << QByteArray(json) << requests << most;
        };
        row("the connection is lost after 100000 bytes",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000}])", 2, once);
        row("it is lost six times, each time further on",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 40000},
                {"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 80000},
                {"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 120000},
                {"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 160000},
                {"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 200000},
                {"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 240000}])",
            7, once);
        row("it ends early without a word",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "end_early", "at": 100000}])", 2, once);
        row("it stalls", R"([{"on": "cdn", "file": "model.safetensors", "do": "hold", "at": 100000}])", 2,
            once);
        row("the hub hangs up before it answers",
            R"([{"on": "hub", "file": "model.safetensors", "do": "hang"}])", 2, once);
        row("206 with another range",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000},
                {"on": "cdn", "file": "model.safetensors", "do": "wrong_range"}])",
            3, 3 * once);
        row("206 with a range that begins too late",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000},
                {"on": "cdn", "file": "model.safetensors", "do": "wrong_range", "shift": -7}])",
            3, 3 * once);
        row("206 with another size",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000},
                {"on": "cdn", "file": "model.safetensors", "do": "wrong_total"}])",
            3, 3 * once);
        row("416", R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000},
                {"on": "cdn", "file": "model.safetensors", "do": "status", "status": 416}])",
            3, 2 * once);
        row("the whole file instead of the rest",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000},
                {"on": "cdn", "file": "model.safetensors", "do": "ignore_range"}])",
            2, 2 * once);
        row("more bytes than there are", R"([{"on": "cdn", "file": "model.safetensors", "do": "longer"}])", 2,
            3 * once);
        row("another length", R"([{"on": "cdn", "file": "model.safetensors", "do": "other_length"}])", 2,
            3 * once);
        row("the address has expired",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "status", "status": 403}])", 2, once);
        row("the address expires while a lost connection is taken up again",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000},
                {"on": "cdn", "file": "model.safetensors", "do": "status", "status": 403}])",
            3, once);
        row("one wrong byte", R"([{"on": "cdn", "file": "model.safetensors", "do": "corrupt"}])", 2,
            2 * once);
        row("the hub is down for a moment",
            R"([{"on": "hub", "file": "model.safetensors", "do": "status", "status": 503}])", 2, once);
        row("the storage is down for a moment",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "status", "status": 500}])", 2, once);
        row("four failures in a row",
            R"([{"on": "hub", "file": "model.safetensors", "do": "status", "status": 502, "times": 4}])", 5,
            once);
    }

    void aFaultThatPassesIsOvercome()
    {
        QFETCH(QByteArray, faultsOfServer);
        QFETCH(int, requestsToHub);
        QFETCH(qint64, mostBytes);
        m_case.server.setFaults(faults(faultsOfServer.constData()));
        QElapsedTimer timer;
        timer.start();
        DownloadRequest request = m_case.request();
        if (faultsOfServer.contains("hold"))
            request.hub.stallTimeout = kStall;
        const auto model = downloadModel(request);
        QVERIFY2(model, reason(model));
        QVERIFY(timer.elapsed() < 15'000);  // a stalled server is not waited for
        QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
        QCOMPARE(partial(), QString());
        QCOMPARE(m_case.server.requests(QStringLiteral("hub"), kWeights).size(), requestsToHub);
        qint64 sent = 0;
        for (const QJsonObject& one : m_case.server.requests(QStringLiteral("cdn"), kWeights))
            if (one[QStringLiteral("status")].toInt() < 300)
                sent += one[QStringLiteral("sent")].toInteger();
        QVERIFY2(sent <= mostBytes, qPrintable(QString::number(sent)));
        // Each try got an address of its own from the hub.
        QStringList signatures;
        for (const QJsonObject& one : m_case.server.requests(QStringLiteral("cdn"), kWeights))
            signatures.append(one[QStringLiteral("path")].toString());
        QCOMPARE(signatures.removeDuplicates(), 0);
    }

    void theListingIsAskedForAgain()
    {
        m_case.server.setFaults(faults(
            R"([{"on": "api", "do": "status", "status": 503, "times": 2}, {"on": "api", "do": "hang"}])"));
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QCOMPARE(m_case.server.requests(QStringLiteral("api")).size(), 4);
    }

    void aWaitThatTheHubAsksForIsKept()
    {
        m_case.server.setFaults(
            faults(R"([{"on": "api", "do": "status", "status": 429, "headers": {"Retry_After": "1"}}])"));
        QElapsedTimer timer;
        timer.start();
        QVERIFY(downloadModel(m_case.request()));
        QVERIFY(timer.elapsed() >= 1000);
    }

    void aWaitOfAnHourIsNotKept()
    {
        m_case.server.setFaults(
            faults(R"([{"on": "api", "do": "status", "status": 429, "headers": {"Retry_After": "3600"}}])"));
        const auto model = downloadModel(m_case.request());
        QVERIFY(!model);
        QVERIFY2(model.error().message.find("3600 s") != std::string::npos, reason(model));
    }

    void whatDoesNotPassEndsInASentence_data()
    {
        QTest::addColumn<QByteArray>("faultsOfServer");
        QTest::addColumn<QString>("words");
        QTest::addColumn<bool>("keepsBytes");

        const auto row = [](const char* name, const char* json, const char* words, bool keeps = false) {
            QTest::newRow(name) << QByteArray(json) << QString::fromLatin1(words) << keeps;
        };
        row("wrong bytes twice",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "corrupt", "times": 2}])",
            "its checksum is");
        row("lost again and again at the same byte",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000, "times": -1}])",
            "was lost", true);
        row("stalled again and again",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "hold", "at": 100000, "times": -1}])",
            "sent nothing for 300 ms", true);
        row("down for good", R"([{"on": "hub", "do": "status", "status": 503, "times": -1}])",
            "gave up after 5 tries");
        row("the address is never good",
            R"([{"on": "cdn", "file": "model.safetensors", "do": "status", "status": 403, "times": -1}])",
            "the storage behind 127.0.0.1 answers with the status 403");
        row("a circle of redirects",
            R"([{"on": "hub", "do": "redirect", "to": "/facet/tiny/resolve/main/config.json", "times": -1}])",
            "in a circle");
        row("a redirect to a file of this machine",
            R"([{"on": "hub", "do": "redirect", "to": "file:///etc/passwd", "times": -1}])",
            "redirects to nowhere");
        row("no hub at all", R"([{"on": "api", "do": "say", "json": "Welcome to this hotel"}])",
            "does not answer as the hub does");
        row("a file's name that leads out of the cache",
            R"([{"on": "api", "do": "say", "json": {"sha": "0123456789abcdef0123456789abcdef01234567",
                "siblings": [{"rfilename": "../../evil.json", "size": 1,
                              "blobId": "0123456789abcdef0123456789abcdef01234567"}]}}])",
            "is no name of a file");
        row("a commit that leads out of the cache",
            R"([{"on": "api", "do": "say", "json": {"sha": "../../../evil", "siblings": []}}])",
            "names no commit");
        row("a checksum that leads out of the cache",
            R"([{"on": "api", "do": "say", "json": {"sha": "0123456789abcdef0123456789abcdef01234567",
                "siblings": [{"rfilename": "config.json", "size": 1, "blobId": "../evil"}]}}])",
            "no size and checksum");
    }

    void whatDoesNotPassEndsInASentence()
    {
        QFETCH(QByteArray, faultsOfServer);
        QFETCH(QString, words);
        QFETCH(bool, keepsBytes);
        m_case.server.setFaults(faults(faultsOfServer.constData()));
        DownloadRequest request = m_case.request();
        if (faultsOfServer.contains("hold"))
            request.hub.stallTimeout = kStall;
        const auto model = downloadModel(request);
        QVERIFY(!model);
        QVERIFY2(QString::fromStdString(model.error().message).contains(words), reason(model));
        QVERIFY2(model.error().message.find("Signature") == std::string::npos, reason(model));
        QVERIFY(!QFile::exists(m_case.inSnapshot(kWeights)));
        QVERIFY(!QFile::exists(m_case.in(QStringLiteral("refs/main"))));
        QCOMPARE(!partial().isEmpty(), keepsBytes);
        if (keepsBytes)
            QCOMPARE(contentOf(partial()), m_case.original(kWeights).left(100000));
        m_case.server.release();
    }

    void whatAnEarlierProcessLeftIsUsed()
    {
        m_case.server.setFaults(faults(
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000, "times": -1}])"));
        QVERIFY(!downloadModel(m_case.request()));
        m_case.server.setFaults({});
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QCOMPARE(model->bytesFetched, int64_t{kWeightBytes - 100000});
        QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
    }

    void badBytesOfAnEarlierProcessAreForgotten()
    {
        m_case.server.setFaults(faults(
            R"([{"on": "cdn", "file": "model.safetensors", "do": "drop", "at": 100000, "times": -1}])"));
        QVERIFY(!downloadModel(m_case.request()));
        for (const QByteArray& left : {QByteArray(100000, 'x'), QByteArray(kWeightBytes + 5, 'x')}) {
            const QString file = partial();
            QVERIFY(!file.isEmpty());
            writeFile(file, left);
            m_case.server.setFaults({});
            const auto model = downloadModel(m_case.request());
            QVERIFY2(model, reason(model));
            QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
            QVERIFY(QFile::rename(QFileInfo(m_case.inSnapshot(kWeights)).symLinkTarget(), file));
        }
    }

    void aDiskThatIsTooSmallIsSeenBefore()
    {
        QTemporaryDir place;
        if (::mount("tmpfs", qPrintable(place.path()), "tmpfs", 0, "size=200k") != 0)
            QSKIP("mounting a small disk needs root");
        DownloadRequest request = m_case.request();
        request.hub.cache = place.path().toStdString();
        const auto model = downloadModel(request);
        const QStringList left = filesBelow(place.path());
        ::umount(qPrintable(place.path()));
        QVERIFY(!model);
        QVERIFY2(model.error().message.find("too little room") != std::string::npos, reason(model));
        QCOMPARE(left, QStringList());
        QCOMPARE(m_case.server.bytesOfStorage(), 0);
    }

    void aDiskThatFillsMeanwhileKeepsWhatIsThere()
    {
        QTemporaryDir place;
        if (::mount("tmpfs", qPrintable(place.path()), "tmpfs", 0, "size=500k") != 0)
            QSKIP("mounting a small disk needs root");
        DownloadRequest request = m_case.request();
        request.hub.cache = (place.path() + QStringLiteral("/cache")).toStdString();
        const QString filler = place.filePath(QStringLiteral("filler"));
        const auto model = downloadModel(request, [&](const DownloadProgress& progress) {
            // Somebody else writes once the room has been looked at.
            if (progress.filesAll > 0 && !QFile::exists(filler))
                writeFile(filler, QByteArray(300'000, 'x'));
            return true;
        });
        QFile::remove(filler);
        const auto again = downloadModel(request);
        const QByteArray weights =
            contentOf(QString::fromStdString(again ? again->snapshot.string() : "") + "/model.safetensors");
        ::umount(qPrintable(place.path()));
        QVERIFY(!model);
        QVERIFY2(model.error().message.find("disk is full") != std::string::npos, reason(model));
        QVERIFY2(again, reason(again));
        QVERIFY(again->bytesFetched < kWeightBytes);
        QCOMPARE(weights, m_case.original(kWeights));
    }

    void aLimitOnFilesIsSaid()
    {
        std::signal(SIGXFSZ, SIG_IGN);
        struct rlimit before = {};
        ::getrlimit(RLIMIT_FSIZE, &before);
        const struct rlimit small = {100'000, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        const auto model = downloadModel(m_case.request());
        ::setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY(!model);
        QVERIFY2(model.error().message.find("File too large") != std::string::npos, reason(model));
        const auto again = downloadModel(m_case.request());
        QVERIFY2(again, reason(again));
        QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
    }

    void aHubThatIsNotThereIsSaid()
    {
        DownloadRequest request = m_case.request();
        request.hub.endpoint = "http://127.0.0.1:1";
        const auto model = downloadModel(request);
        QVERIFY(!model);
        QCOMPARE(model.error().code, ErrorCode::Unavailable);
        QVERIFY2(model.error().message.starts_with("cannot reach 127.0.0.1"), reason(model));
        request.hub.endpoint = "huggingface";
        QCOMPARE(downloadModel(request).error().code, ErrorCode::InvalidInput);
    }
};

QTEST_GUILESS_MAIN(HubFaultsTest)
#include "hub_faults_test.moc"
