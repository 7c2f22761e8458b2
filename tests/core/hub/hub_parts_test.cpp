// The parts of a download by themselves: variables, addresses, checksums, the rate, what is wanted.

#include "core/hub/blob_hash.h"
#include "core/hub/listing.h"
#include "core/hub/progress.h"
#include "core/hub/settings.h"
#include "core/hub/url.h"
#include "core/models/hf_cache.h"
#include "tests/core/hub/hub_server.h"

#include <cstring>

using namespace facet::core;
using namespace std::chrono_literals;

namespace {

constexpr const char* kVariables[] = {"HF_HOME",
                                      "HF_HUB_CACHE",
                                      "HF_ENDPOINT",
                                      "HF_HUB_OFFLINE",
                                      "TRANSFORMERS_OFFLINE",
                                      "HF_TOKEN",
                                      "HF_TOKEN_PATH",
                                      "XDG_CACHE_HOME",
                                      "HF_HUB_DISABLE_IMPLICIT_TOKEN",
                                      "HF_HUB_DOWNLOAD_TIMEOUT"};

std::span<const std::byte> bytesOf(const char* text)
{
    return std::as_bytes(std::span(text, std::strlen(text)));
}

}  // namespace

class HubPartsTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;

private Q_SLOTS:
    void init()
    {
        for (const char* variable : kVariables)
            qunsetenv(variable);
        qputenv("HF_HOME", m_home.path().toUtf8());
    }

    void variablesSayWhereAndHow()
    {
        HubSettings settings = hubSettings();
        QCOMPARE(settings.endpoint, std::string("https://huggingface.co"));
        QCOMPARE(settings.cache.string(), m_home.filePath(QStringLiteral("hub")).toStdString());
        QVERIFY(!settings.isOffline());
        qputenv("HF_ENDPOINT", "https://hub.example/mirror//");
        qputenv("HF_HUB_CACHE", "/elsewhere");
        qputenv("HF_HUB_OFFLINE", "yes");
        qputenv("HF_HUB_DOWNLOAD_TIMEOUT", "7");
        settings = hubSettings();
        QCOMPARE(settings.endpoint, std::string("https://hub.example/mirror"));
        QCOMPARE(settings.cache.string(), std::string("/elsewhere"));
        QCOMPARE(settings.offlineBy, std::string("HF_HUB_OFFLINE=yes"));
        QVERIFY(settings.stallTimeout == 7s);
        qputenv("HF_HUB_OFFLINE", "0");
        QVERIFY(!hubSettings().isOffline());
    }

    void theTokenComesFromTheFirstPlaceThatHasOne()
    {
        QCOMPARE(hubSettings().token, std::string());
        writeFile(m_home.filePath(QStringLiteral("token")), "hf_home\n");
        QCOMPARE(hubSettings().token, std::string("hf_home"));
        QCOMPARE(hubSettings().tokenSource, m_home.filePath(QStringLiteral("token")).toStdString());
        writeFile(m_home.filePath(QStringLiteral("other")), " hf_path ");
        qputenv("HF_TOKEN_PATH", m_home.filePath(QStringLiteral("other")).toUtf8());
        QCOMPARE(hubSettings().token, std::string("hf_path"));
        qputenv("HF_TOKEN", "hf_variable");
        QCOMPARE(hubSettings().token, std::string("hf_variable"));
        QCOMPARE(hubSettings().tokenSource, std::string("HF_TOKEN"));
        qputenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
        QCOMPARE(hubSettings().token, std::string());
    }

    void anOriginIsSchemeHostAndPort()
    {
        QCOMPARE(originOf("https://HuggingFace.co/a?b"),
                 std::optional<std::string>("https://huggingface.co:443"));
        QCOMPARE(originOf("http://127.0.0.1:80/"), std::optional<std::string>("http://127.0.0.1:80"));
        // User names in front are a way to make an address look like another.
        QCOMPARE(originOf("https://huggingface.co@evil.example/"),
                 std::optional<std::string>("https://evil.example:443"));
        for (const char* none : {"file:///etc/passwd", "ftp://huggingface.co/", "huggingface", ""})
            QVERIFY2(!originOf(none), none);
    }

    void aRedirectMayBeRelative()
    {
        QCOMPARE(redirected("https://a.example/x/y?z", "/new"),
                 std::optional<std::string>("https://a.example/new"));
        QCOMPARE(redirected("https://a.example/x/y", "https://b.example/c?d=e"),
                 std::optional<std::string>("https://b.example/c?d=e"));
        QVERIFY(!redirected("https://a.example/", ""));
        QVERIFY(!redirected("https://a.example/", "file:///etc/passwd"));
    }

    void namesAreEncoded()
    {
        QCOMPARE(percentEncoded("a b/\xC3\xA9?#", true), std::string("a%20b/%C3%A9%3F%23"));
        QCOMPARE(percentEncoded("refs/pr/1", false), std::string("refs%2Fpr%2F1"));
    }

    void checksumsAreThoseOfGitAndSha256sum()
    {
        // printf 'hello\n' | git hash-object --stdin; printf 'hello\n' | sha256sum
        const std::string git = "ce013625030ba8dba906f756967f9e9ca394464a";
        const std::string sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        for (const std::string& name : {git, sha256}) {
            BlobHash hash(name, 6);
            hash.add(bytesOf("hel"));
            hash.add(bytesOf("lo\n"));
            QCOMPARE(hash.finish(), name);
            QVERIFY(isBlobName(name));
        }
        QVERIFY(!isBlobName("../../etc/passwd"));
        QVERIFY(!isBlobName(std::string(40, 'g')));
        QVERIFY(!isBlobName(""));
    }

    void theRateIsThatOfTheLastSeconds()
    {
        const RateMeter::Time start{};
        RateMeter meter(start);
        QCOMPARE(meter.bytesPerSecond(start), 0.0);
        for (int i = 1; i <= 100; ++i)  // 1000 B/s for ten seconds
            meter.add(start + i * 100ms, i * 100);
        QVERIFY(std::abs(meter.bytesPerSecond(start + 10s) - 1000) < 30);
        for (int i = 1; i <= 100; ++i)  // then 5000
            meter.add(start + 10s + i * 100ms, 10'000 + i * 500);
        QVERIFY(std::abs(meter.bytesPerSecond(start + 20s) - 5000) < 150);
        QCOMPARE(meter.bytesPerSecond(start + 60s), 0.0);  // nothing came for a while
    }

    void weightsAreWantedOnceAndInOneFormat()
    {
        for (const char* name : {"model-00001-of-00002.safetensors", "model.safetensors.index.json",
                                 "config.json", "tokenizer.model", "chat_template.jinja", "README.md",
                                 "LICENSE", "merges.txt", "additional_chat_templates/tools.jinja"})
            QVERIFY2(isWantedByDefault(name), name);
        for (const char* name :
             {"pytorch_model.bin", "model.pth", "gemma.gguf", "onnx/model.onnx", "onnx/config.json",
              ".gitattributes", "flax_model.msgpack", "consolidated.safetensors"})
            QVERIFY2(!isWantedByDefault(name), name);
    }

    void aSnapshotLacksEachShardOfItsIndex()
    {
        const QString folder = m_home.filePath(QStringLiteral("snapshot"));
        const std::filesystem::path path = folder.toStdString();
        QCOMPARE(missingInSnapshot(path), (std::vector<std::string>{"config.json", "model.safetensors"}));
        writeFile(folder + QStringLiteral("/config.json"), "{}");
        writeFile(folder + QStringLiteral("/model.safetensors.index.json"),
                  R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors", "z": "a.safetensors"}})");
        writeFile(folder + QStringLiteral("/b.safetensors"), "x");
        QCOMPARE(missingInSnapshot(path), std::vector<std::string>{"a.safetensors"});
        writeFile(folder + QStringLiteral("/a.safetensors"), "x");
        QCOMPARE(missingInSnapshot(path), std::vector<std::string>());
    }
};

QTEST_GUILESS_MAIN(HubPartsTest)
#include "hub_parts_test.moc"
