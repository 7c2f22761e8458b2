// What a download leaves in the cache, whom it asks with which token, and what it tells meanwhile. That
// huggingface_hub finds the same is tested in hub_peer_test.

#include "tests/core/hub/hub_case.h"

#include <QCryptographicHash>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fcntl.h>
#include <atomic>
#include <cerrno>
#include <thread>

using namespace facet::core;

/// Stands before libc's, so that a file system without links needs no disk of its own.
static std::atomic<bool> s_hasLinks = true;

extern "C" int symlink(const char* target, const char* place) noexcept
{
    if (s_hasLinks)
        return static_cast<int>(::syscall(SYS_symlinkat, target, AT_FDCWD, place));
    errno = EPERM;
    return -1;
}

namespace {

const QString kWeights = QStringLiteral("model.safetensors");

// Qt's word for it, not ours.
QString gitId(const QByteArray& content)
{
    return QString::fromLatin1(
        QCryptographicHash::hash("blob " + QByteArray::number(content.size()) + '\0' + content,
                                 QCryptographicHash::Sha1)
            .toHex());
}

QString sha256(const QByteArray& content)
{
    return QString::fromLatin1(QCryptographicHash::hash(content, QCryptographicHash::Sha256).toHex());
}

const QStringList kWanted = {QStringLiteral("LICENSE"),
                             QStringLiteral("README.md"),
                             QStringLiteral("additional_chat_templates/tool use.jinja"),
                             QStringLiteral("config.json"),
                             QStringLiteral("empty.txt"),
                             kWeights,
                             QStringLiteral("tokenizer.json")};

}  // namespace

class HubDownloadTest : public QObject {
    Q_OBJECT

    HubCase m_case;

private Q_SLOTS:
    void initTestCase()
    {
        if (!m_case.isReady)
            QSKIP("the test's hub did not start: python3 is missing");
    }

    void init()
    {
        m_case.begin();
        s_hasLinks = true;
    }

    void theCacheHasTheLayoutOfHuggingFace()
    {
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QCOMPARE(model->snapshot.string(), m_case.inSnapshot({}).chopped(1).toStdString());
        QCOMPARE(model->commit, kCommit);
        QCOMPARE(model->files, 7);
        QCOMPARE(model->filesFetched, 7);
        QCOMPARE(contentOf(m_case.in(QStringLiteral("refs/main"))), QByteArray::fromStdString(kCommit));
        QCOMPARE(filesBelow(m_case.inSnapshot({})), kWanted);
        for (const QString& name : kWanted) {
            const QByteArray content = m_case.original(name);
            QCOMPARE(contentOf(m_case.inSnapshot(name)), content);
            const bool isLfs = name == kWeights || name == QStringLiteral("tokenizer.json");
            const QString up = name.contains(QLatin1Char('/')) ? QStringLiteral("../../../blobs/")
                                                               : QStringLiteral("../../blobs/");
            QCOMPARE(
                QString::fromStdString(std::filesystem::read_symlink(m_case.inSnapshot(name).toStdString())),
                up + (isLfs ? sha256(content) : gitId(content)));
        }
        const QString locks = m_case.cache() + QStringLiteral("/.locks/models--facet--tiny/");
        QVERIFY(QFile::exists(locks + sha256(m_case.original(kWeights)) + QStringLiteral(".lock")));
    }

    void aSecondDownloadFetchesNothing()
    {
        QVERIFY(downloadModel(m_case.request()));
        m_case.server.setFaults({});
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QCOMPARE(model->filesFetched, 0);
        QCOMPARE(m_case.server.log().size(), 1);  // the listing
    }

    void anotherBranchSharesTheBlobs()
    {
        QVERIFY(downloadModel(m_case.request()));
        m_case.server.setFaults({});
        DownloadRequest request = m_case.request();
        request.revision = "refs/pr/1";
        const auto model = downloadModel(request);
        QVERIFY2(model, reason(model));
        QCOMPARE(m_case.server.log().size(), 1);
        QCOMPARE(contentOf(m_case.in(QStringLiteral("refs/refs/pr/1"))), QByteArray::fromStdString(kCommit));
        request.revision = kCommit;
        QVERIFY(downloadModel(request));
        QCOMPARE(filesBelow(m_case.in(QStringLiteral("refs"))),
                 (QStringList{QStringLiteral("main"), QStringLiteral("refs/pr/1")}));
    }

    void aFileThatWasCutShortIsFetchedAgain()
    {
        QVERIFY(downloadModel(m_case.request()));
        const QString blob = QFileInfo(m_case.inSnapshot(kWeights)).symLinkTarget();
        writeFile(blob, m_case.original(kWeights).left(1000));
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QCOMPARE(model->filesFetched, 1);
        QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
    }

    void patternsChooseFiles()
    {
        DownloadRequest request = m_case.request();
        request.include = {"*.json", "onnx/"};
        request.exclude = {"tokenizer*"};
        const auto plan = planDownload(request);
        QVERIFY2(plan, reason(plan));
        QStringList names;
        for (const DownloadPlan::File& file : plan->files)
            names.append(QString::fromStdString(file.file.path));
        names.sort();
        // As huggingface_hub: "*" matches a slash, too.
        QCOMPARE(names, (QStringList{QStringLiteral("config.json"), QStringLiteral("onnx/a config.json"),
                                     QStringLiteral("onnx/model.onnx")}));
        const auto model = downloadModel(request);
        QVERIFY2(model, reason(model));
        QCOMPARE(filesBelow(m_case.inSnapshot({})), names);
        request.include = {"*.pickle"};
        QCOMPARE(downloadModel(request).error().code, ErrorCode::InvalidInput);
    }

    void aPlanSaysWhatIsLackingAndWritesNothing()
    {
        auto plan = planDownload(m_case.request());
        QVERIFY2(plan, reason(plan));
        QCOMPARE(plan->files.size(), size_t{7});
        QCOMPARE(plan->bytesToFetch, plan->bytesAll);
        QCOMPARE(filesBelow(m_case.cache()), QStringList());
        QVERIFY(downloadModel(m_case.request()));
        plan = planDownload(m_case.request());
        QVERIFY2(plan, reason(plan));
        QCOMPARE(plan->bytesToFetch, 0);
        QVERIFY(std::ranges::all_of(plan->files, &DownloadPlan::File::isThere));
    }

    void theTokenGoesToTheHubAndNotToItsStorage()
    {
        DownloadRequest request = m_case.request("facet/gated");
        request.hub.token = "hf_accepted";
        const auto model = downloadModel(request);
        QVERIFY2(model, reason(model));
        const QList<QJsonObject> storage = m_case.server.requests(QStringLiteral("cdn"));
        QCOMPARE(storage.size(), 2);
        for (const QJsonObject& one : storage)
            QCOMPARE(headerOf(one, "authorization"), QString());
        for (const QString& on : {QStringLiteral("api"), QStringLiteral("hub")})
            for (const QJsonObject& one : m_case.server.requests(on))
                QCOMPARE(headerOf(one, "authorization"), QStringLiteral("Bearer hf_accepted"));
        for (const QString& file : filesBelow(m_case.cache()))
            QVERIFY(!contentOf(m_case.cache() + QLatin1Char('/') + file).contains("hf_accepted"));
    }

    void aTokenWithALineEndIsRefusedAndNotShown()
    {
        DownloadRequest request = m_case.request();
        request.hub.token = "hf_secret\r\nX-Evil: 1";
        request.hub.tokenSource = "HF_TOKEN";
        const auto model = downloadModel(request);
        QCOMPARE(model.error().code, ErrorCode::InvalidInput);
        QVERIFY2(model.error().message.find("hf_secret") == std::string::npos, reason(model));
        QVERIFY(m_case.server.log().isEmpty());
    }

    void aRenamedModelIsFound()
    {
        const auto model = downloadModel(m_case.request("facet/old-name"));
        QVERIFY2(model, reason(model));
        QVERIFY(model->snapshot.string().find("models--facet--old-name") != std::string::npos);
    }

    void progressCountsToTheEnd()
    {
        std::vector<DownloadProgress> told;
        const auto model = downloadModel(m_case.request(), [&](const DownloadProgress& progress) {
            told.push_back(progress);
            return true;
        });
        QVERIFY2(model, reason(model));
        const DownloadProgress& last = told.back();
        QCOMPARE(last.bytesDone, last.bytesAll);
        QCOMPARE(last.filesDone, 7);
        QCOMPARE(last.filesAll, 7);
        QVERIFY(last.bytesAll > kWeightBytes);
        QVERIFY(std::ranges::is_sorted(told, {}, &DownloadProgress::bytesDone));
    }

    void progressTellsOfTrouble()
    {
        m_case.server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("cdn")},
                                             {QStringLiteral("file"), kWeights},
                                             {QStringLiteral("do"), QStringLiteral("drop")},
                                             {QStringLiteral("at"), 1000}}});
        std::vector<DownloadProgress> told;
        QVERIFY(downloadModel(m_case.request(), [&](const DownloadProgress& progress) {
            told.push_back(progress);
            return true;
        }));
        const auto trouble = std::ranges::find_if(told, [](const auto& one) { return !one.trouble.empty(); });
        QVERIFY(trouble != told.end());
        QCOMPARE(trouble->tryNumber, 2);
        QCOMPARE(trouble->tries, 5);
        QVERIFY(trouble->trouble.find("was lost") != std::string::npos);
        QCOMPARE(told.back().trouble, std::string());
    }

    void cancellingKeepsWhatIsThere()
    {
        m_case.server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("cdn")},
                                             {QStringLiteral("file"), kWeights},
                                             {QStringLiteral("do"), QStringLiteral("hold")},
                                             {QStringLiteral("at"), 100000}}});
        DownloadRequest request = m_case.request();
        const auto model = downloadModel(request, [](const DownloadProgress& progress) {
            return progress.file != "model.safetensors" || progress.bytesDone < 100000;
        });
        m_case.server.release();
        QCOMPARE(model.error().code, ErrorCode::Cancelled);
        m_case.server.setFaults({});
        const auto again = downloadModel(request);
        QVERIFY2(again, reason(again));
        QCOMPARE(again->bytesFetched, int64_t{kWeightBytes - 100000});
    }

    void withoutLinksTheSnapshotHasTheFilesThemselves()
    {
        s_hasLinks = false;
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QVERIFY(!QFileInfo(m_case.inSnapshot(kWeights)).isSymLink());
        QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
        const auto again = downloadModel(m_case.request());
        QVERIFY2(again, reason(again));
        QCOMPARE(again->filesFetched, 0);
    }

    void twoAtOnceFetchEachFileOnce()
    {
        constexpr size_t kThreads = 4;
        std::vector<std::optional<Result<DownloadedModel>>> models(kThreads);
        std::vector<std::thread> threads;
        for (auto& model : models)
            threads.emplace_back([&] { model = downloadModel(m_case.request()); });
        for (std::thread& thread : threads)
            thread.join();
        for (const auto& model : models)
            QVERIFY2(*model, reason(*model));
        QCOMPARE(m_case.server.requests(QStringLiteral("cdn"), kWeights).size(), 1);
        QCOMPARE(contentOf(m_case.inSnapshot(kWeights)), m_case.original(kWeights));
    }

    void aFileThatAnotherProgramLocksIsWaitedFor()
    {
        QVERIFY(downloadModel(m_case.request()));
        const QString blob = QFileInfo(m_case.inSnapshot(kWeights)).symLinkTarget();
        const QString whole = blob + QStringLiteral(".whole");
        QVERIFY(QFile::rename(blob, whole));
        const QString lock = m_case.cache() + QStringLiteral("/.locks/models--facet--tiny/") +
                             QFileInfo(blob).fileName() + QStringLiteral(".lock");
        int held = ::open(qPrintable(lock), O_RDWR);
        QCOMPARE(::flock(held, LOCK_EX), 0);
        bool hasWaited = false;
        const auto model = downloadModel(m_case.request(), [&](const DownloadProgress& progress) {
            if (progress.trouble.find("another program") != std::string::npos && !hasWaited) {
                hasWaited = true;  // now the other one is done
                QFile::rename(whole, blob);
                ::close(held);
            }
            return true;
        });
        QVERIFY2(model, reason(model));
        QVERIFY(hasWaited);
        QCOMPARE(model->filesFetched, 0);
    }

    void offlineTheCacheIsUsed()
    {
        DownloadRequest request = m_case.request();
        request.hub.offlineBy = "HF_HUB_OFFLINE=1";
        auto model = downloadModel(request);
        QCOMPARE(model.error().code, ErrorCode::NotFound);
        QVERIFY2(model.error().message.find("HF_HUB_OFFLINE=1") != std::string::npos, reason(model));
        QVERIFY(m_case.server.log().isEmpty());

        QVERIFY(downloadModel(m_case.request()));
        m_case.server.setFaults({});
        model = downloadModel(request);
        QVERIFY2(model, reason(model));
        QCOMPARE(model->commit, kCommit);
        QVERIFY(m_case.server.log().isEmpty());

        QFile::remove(m_case.inSnapshot(kWeights));
        model = downloadModel(request);
        QVERIFY(!model);
        QVERIFY2(model.error().message.find("lacks model.safetensors") != std::string::npos, reason(model));
    }

    void aNameOrRevisionThatLeadsOutOfTheCacheIsRefused()
    {
        for (const char* id : {"tiny", "../../etc", "a/b/c", "facet/..", "facet/tiny?x", ""}) {
            QCOMPARE(downloadModel(m_case.request(id)).error().code, ErrorCode::InvalidInput);
        }
        for (const char* revision : {"", "..", "/etc", "a/../../b", "a b", "main\n"}) {
            DownloadRequest request = m_case.request();
            request.revision = revision;
            QCOMPARE(downloadModel(request).error().code, ErrorCode::InvalidInput);
        }
        QVERIFY(m_case.server.log().isEmpty());
    }
};

QTEST_GUILESS_MAIN(HubDownloadTest)
#include "hub_download_test.moc"
