#include "core/models/library.h"

#include "core/models/hf_cache.h"
#include "core/models/model_ref.h"
#include "tests/core/models/tiny_model.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/wait.h>
#include <unistd.h>

using namespace facet::core;
namespace fs = std::filesystem;

class LibraryTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_temporary;
    fs::path m_root;
    fs::path m_hub;
    fs::path m_snapshot;

    Library library() const { return Library(m_root / "facet"); }
    Library::Import importOf(const std::string& source, bool textOnly = false,
                             const std::string& name = "") const
    {
        return {source, textOnly, name, m_hub};
    }

private Q_SLOTS:
    void init()
    {
        static int number = 0;
        m_root = fs::canonical(m_temporary.path().toStdString()) / std::to_string(++number);
        m_hub = m_root / "hub";
        const fs::path repository = m_hub / "models--google--gemma-3-4b-it";
        m_snapshot = repository / "snapshots" / "0123abc";
        writeTinyModel(m_snapshot, kTinyVision);
        fs::create_directories(repository / "refs");
        QVERIFY(writeFileAtomically(repository / "refs" / "main", "0123abc\n"));
        writeTinyModel(m_root / "My Model", kTinyText);
    }

    void thePlaceFollowsTheVariables()
    {
        for (const char* variable :
             {"FACET_HOME", "NEMO_CACHE_DIR", "NEMO_MODELS_CACHE", "NEMO_HOME", "XDG_DATA_HOME"})
            qunsetenv(variable);
        qputenv("HOME", "/h");
        QCOMPARE(libraryPlace().folder, fs::path("/h/.local/share/facet"));
        QCOMPARE(libraryPlace().decidedBy, std::string());
        const auto decides = [](const char* variable, const char* value, const char* folder) {
            qputenv(variable, value);
            QCOMPARE(libraryPlace().folder, fs::path(folder));
            QCOMPARE(libraryPlace().decidedBy, std::string(variable));
        };
        decides("XDG_DATA_HOME", "/x", "/x/facet");
        decides("NEMO_HOME", "/n", "/n/facet");
        decides("NEMO_MODELS_CACHE", "/m", "/m/facet");
        decides("NEMO_CACHE_DIR", "~/c", "/h/c/facet");
        decides("FACET_HOME", "/f", "/f");
    }

    void anIdAndItsTextOnlyImportStandSideBySide()
    {
        const auto whole = library().import(importOf("google/gemma-3-4b-it"));
        QVERIFY2(whole, reason(whole));
        QCOMPARE(whole->name, std::string("gemma-3-4b-it"));
        QCOMPARE(whole->hfId, std::string("google/gemma-3-4b-it"));
        QCOMPARE(whole->path, m_snapshot);
        const auto text = library().import(importOf(m_snapshot.string(), true));
        QVERIFY2(text, reason(text));
        QCOMPARE(text->name, std::string("gemma-3-4b-it-text"));
        QCOMPARE(text->hfId, std::string("google/gemma-3-4b-it"));
        QVERIFY(text->textOnly);
        const auto all = library().list();
        QVERIFY2(all, reason(all));
        QCOMPARE(all->size(), 2u);
        QCOMPARE((*all)[1].addedAt, text->addedAt);
        QCOMPARE((*library().find("gemma-3-4b-it"))->path, m_snapshot);
        QVERIFY(!*library().find("gemma"));
    }

    void theSameImportTwiceChangesNothing()
    {
        const auto first = library().import(importOf("google/gemma-3-4b-it"));
        QVERIFY2(first, reason(first));
        const auto before = readFile(library().file(), 10'000);
        const auto second = library().import(importOf("google/gemma-3-4b-it"));
        QVERIFY2(second, reason(second));
        QCOMPARE(*readFile(library().file(), 10'000), *before);
    }

    void aNameThatIsTakenIsRefusedWithAWayOut()
    {
        QVERIFY(library().import(importOf("google/gemma-3-4b-it")));
        const auto other = library().import(importOf((m_root / "My Model").string(), false, "gemma-3-4b-it"));
        QVERIFY(!other);
        QCOMPARE(other.error().message, "the name gemma-3-4b-it already stands for " + m_snapshot.string() +
                                            "; choose another one with --name");
        const auto text = library().import(importOf("google/gemma-3-4b-it", true, "gemma-3-4b-it"));
        QVERIFY(!text);
    }

    void aTextModelIsNoTextOnlyImport()
    {
        const auto entry = library().import(importOf((m_root / "My Model").string() + "/", true));
        QVERIFY2(entry, reason(entry));
        QVERIFY(!entry->textOnly);
        QCOMPARE(entry->name, std::string("My-Model"));
        QCOMPARE(entry->hfId, std::string());
    }

    void badImportsAreRefused()
    {
        QCOMPARE(library().import(importOf("google/gemma-3-27b-it")).error().code, ErrorCode::NotFound);
        QCOMPARE(library().import(importOf("nowhere")).error().code, ErrorCode::NotFound);
        for (const char* name : {"a/b", ".hidden", "-option", "a b", "é"})
            QVERIFY2(!library().import(importOf("google/gemma-3-4b-it", false, name)), name);
        writeTinyModel(m_root / "part", kTinyText, [](auto& tensors) { tensors.pop_back(); });
        const auto part = library().import(importOf((m_root / "part").string()));
        QVERIFY(!part);
        QCOMPARE(part.error().message,
                 (m_root / "part").string() +
                     " does not hold the model of its config.json: 1 tensor is missing: "
                     "language_model.norm.weight");
        QVERIFY(!fs::exists(library().file()));
    }

    void whatIsRemovedIsGoneAndItsFilesAreNot()
    {
        QVERIFY(library().import(importOf("google/gemma-3-4b-it")));
        QVERIFY(library().remove("gemma-3-4b-it"));
        QCOMPARE(library().list()->size(), 0u);
        QCOMPARE(library().remove("gemma-3-4b-it").error().code, ErrorCode::NotFound);
        QVERIFY(fs::exists(m_snapshot / "model.safetensors"));
    }

    void aDamagedFileIsSaidAndKept_data()
    {
        QTest::addColumn<QByteArray>("text");
        for (const char* text :
             {"", "{", "[]", "{}", R"({"version": 1})", R"({"version": 2, "models": []})",
              R"({"version": 1, "models": [3]})",
              R"({"version": 1, "models": [{"name": "../x", "path": "/x"}]})",
              R"({"version": 1, "models": [{"name": "x", "path": "relative"}]})",
              R"({"version": 1, "models": [{"name": "x", "path": "/x"}, {"name": "x", "path": "/y"}]})",
              R"({"version": 1, "models": [{"name": "x", "path": "/x", "textOnly": "no"}]})"})
            QTest::newRow(text) << QByteArray(text);
    }

    void aDamagedFileIsSaidAndKept()
    {
        QFETCH(QByteArray, text);
        fs::create_directories(m_root / "facet");
        QVERIFY(writeFileAtomically(library().file(), text.toStdString()));
        const auto list = library().list();
        QVERIFY(!list);
        QVERIFY2(list.error().message.starts_with(library().file().string()), reason(list));
        QVERIFY(!library().import(importOf("google/gemma-3-4b-it")));
        QVERIFY(!library().remove("x"));
        QCOMPARE(*readFile(library().file(), 10'000), text.toStdString());
        // A folder is used all the same.
        QVERIFY(resolveModel((m_root / "My Model").string(), {}, library(), m_hub));
        QVERIFY(!resolveModel("x", {}, library(), m_hub));
    }

    void processesThatImportAtOnceLoseNothing()
    {
        constexpr int kProcesses = 4;
        constexpr int kEach = 8;
        std::vector<pid_t> children;
        for (int process = 0; process < kProcesses; ++process) {
            const pid_t child = ::fork();
            if (child == 0) {
                bool allWell = true;
                for (int i = 0; i < kEach; ++i)
                    allWell &= bool(
                        library().import(importOf("google/gemma-3-4b-it", false,
                                                  "m" + std::to_string(process) + "-" + std::to_string(i))));
                ::_exit(allWell ? 0 : 1);
            }
            children.push_back(child);
        }
        for (const pid_t child : children) {
            int status = -1;
            QCOMPARE(::waitpid(child, &status, 0), child);
            QCOMPARE(status, 0);
        }
        QCOMPARE(library().list()->size(), static_cast<size_t>(kProcesses * kEach));
    }

    void aModelIsFoundByNameFolderOrId()
    {
        QVERIFY(library().import(importOf("google/gemma-3-4b-it", true)));
        const std::vector<BuiltInModel> builtIns = {{"demo", m_root / "My Model"}};
        const auto resolve = [&](const std::string& argument) {
            return resolveModel(argument, builtIns, library(), m_hub);
        };
        const auto named = resolve("gemma-3-4b-it-text");
        QVERIFY2(named, reason(named));
        QCOMPARE(named->path, m_snapshot);
        QVERIFY(named->textOnly);
        const auto demo = resolve("demo");
        QVERIFY2(demo, reason(demo));
        QCOMPARE(demo->path, m_root / "My Model");
        const auto folder = resolve((m_root / "My Model").string());
        QVERIFY2(folder, reason(folder));
        QCOMPARE(folder->name, std::string("My Model"));
        const auto id = resolve("google/gemma-3-4b-it");
        QVERIFY2(id, reason(id));
        QCOMPARE(id->path, m_snapshot);
        QVERIFY(!id->textOnly);

        const auto none = resolve("gemma-4");
        QCOMPARE(none.error().code, ErrorCode::NotFound);
        QCOMPARE(
            none.error().message,
            "there is no model \"gemma-4\": it is no name in the library " + library().file().string() +
                " (which has gemma-3-4b-it-text, demo), no folder or .gguf file, and no Hugging Face id such "
                "as google/gemma-3-4b-it");
        QVERIFY2(resolve("google/gemma-4")
                     .error()
                     .message.ends_with("and not in the Hugging Face cache " + m_hub.string()),
                 resolve("google/gemma-4").error().message.c_str());
        QCOMPARE(resolve("").error().code, ErrorCode::InvalidInput);
        fs::remove_all(m_snapshot);
        QVERIFY2(resolve("gemma-3-4b-it-text")
                     .error()
                     .message.ends_with("which is gone; remove it or import it again"),
                 "a model that is gone");
    }

    void theHubFolderFollowsTheVariables()
    {
        for (const char* variable : {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"})
            qunsetenv(variable);
        qputenv("HOME", "/h");
        QCOMPARE(hubFolder(), fs::path("/h/.cache/huggingface/hub"));
        qputenv("XDG_CACHE_HOME", "/x");
        QCOMPARE(hubFolder(), fs::path("/x/huggingface/hub"));
        qputenv("HF_HOME", "/hf");
        QCOMPARE(hubFolder(), fs::path("/hf/hub"));
        qputenv("HF_HUB_CACHE", "/hub");
        QCOMPARE(hubFolder(), fs::path("/hub"));
    }

    void revisionsLeadNowhereElse()
    {
        const fs::path repository = m_hub / "models--google--gemma-3-4b-it";
        QCOMPARE(*snapshotIn(repository), m_snapshot);
        QCOMPARE(*snapshotIn(repository, "0123abc"), m_snapshot);
        for (const char* revision : {"", "/etc", "../../x", "none", ".."})
            QVERIFY2(!snapshotIn(repository, revision), revision);
        fs::create_directories(repository / "snapshots" / "other");
        QVERIFY(writeFileAtomically(repository / "refs" / "main", "../../../../My Model"));
        QVERIFY(!snapshotIn(repository));
        fs::remove(repository / "refs" / "main");
        QCOMPARE(snapshotIn(repository).error().code, ErrorCode::NotFound);  // which of the two?
        fs::remove(repository / "snapshots" / "other");
        QCOMPARE(*snapshotIn(repository), m_snapshot);
        for (const char* id : {"gemma", "a/b/c", "../x", "a/..", "/x", "a/", "a b/c"})
            QVERIFY2(!isHubId(id), id);
    }
};

QTEST_GUILESS_MAIN(LibraryTest)
#include "library_test.moc"
