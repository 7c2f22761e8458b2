// Holds the code to the table "Who may include whom" of the top README.md. The build's targets say the same
// by what they link; this names the line that is wrong. A header of a library that the table does not know is
// refused, too, so that a new library is a decision and not an accident.

#include <QTest>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

/// For each folder, the folders and libraries that it may include.
using Rules = std::map<std::string, std::set<std::string>>;

static const std::string kUnknown = "unknown";

/// Reads rows such as "| jobs | core, json |".
static Rules rulesOf(const fs::path& readme)
{
    static const std::regex row("\\| ([a-z]+) +\\| ([a-z0-9_, ]*)\\|");
    static const std::regex word("[a-z0-9_]+");
    Rules rules;
    std::ifstream file(readme);
    std::smatch cells;
    bool isInside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("## "))
            isInside = line == "## Who may include whom";
        else if (isInside && std::regex_match(line, cells, row) && cells[1] != "folder") {
            std::set<std::string>& allowed = rules[cells[1]];
            const std::string list = cells[2];
            allowed = {std::sregex_token_iterator(list.begin(), list.end(), word), {}};
            allowed.insert(cells[1]);
        }
    }
    return rules;
}

/// What a header belongs to: a folder of ours, a library of the table, "" for C++ and the system, or
/// kUnknown.
static std::string groupOf(const std::string& header, const Rules& rules)
{
    static const std::vector<std::pair<std::string, std::regex>> libraries = {
        {"json", std::regex("nlohmann/.*")},
        {"sentencepiece", std::regex("sentencepiece.*")},
        {"curl", std::regex("curl/.*")},
        {"openssl", std::regex("openssl/.*")},
        {"archive", std::regex("archive(_entry)?\\.h")},
        {"zlib", std::regex("zlib\\.h")},
        {"zstd", std::regex("zstd\\.h")},
        {"stb", std::regex("(facet_)?stb/.*")},
        {"webp", std::regex("webp/.*")},
        {"sqlite", std::regex("sqlite3\\.h")},
        {"cli11", std::regex("CLI/.*")},
        {"httplib", std::regex("httplib\\.h")},
        {"torch", std::regex("(torch|c10|ATen)/.*")},
        {"cuda", std::regex("(cuda|cublas|nvrtc|cub/|cooperative_groups|mma\\.h).*")},
        {"nccl", std::regex("nccl\\.h")},
        {"qt", std::regex("(Qt[A-Z]\\w*/)?Q[A-Za-z]\\w*")},
        {"qcustomplot", std::regex("qcustomplot\\.h")},
        {"qtkeychain", std::regex("qt6?keychain/.*")},
        {"md4c", std::regex("md4c.*")},
        // C++ has no suffix; then C, POSIX and Linux.
        {"", std::regex("[a-z0-9_]+|(sys|linux|net|netinet|arpa)/[a-z0-9_]+\\.h")},
        {"", std::regex("(unistd|fcntl|pwd|dlfcn|poll|signal|spawn|netdb|fnmatch|immintrin|cpuid)\\.h")},
    };
    if (const size_t slash = header.find('/'); slash != std::string::npos)
        if (const std::string folder = header.substr(0, slash); rules.contains(folder) || folder == "tests")
            return folder;
    for (const auto& [name, pattern] : libraries)
        if (std::regex_match(header, pattern))
            return name;
    return kUnknown;
}

/// Whether `line`, in a file of `folder`, includes nothing that it may not.
static bool isAllowed(const std::string& line, const std::string& folder, const Rules& rules)
{
    static const std::regex include("\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"].*");
    std::smatch match;
    if (line.find("include") == std::string::npos || !std::regex_match(line, match, include))
        return true;
    const std::string group = groupOf(match[1], rules);
    return group.empty() || rules.at(folder).contains(group);
}

class IncludeRulesTest final : public QObject {
    Q_OBJECT

    const fs::path m_root = SOURCE_DIR;
    const Rules m_rules = rulesOf(m_root / "README.md");

    /// One row for each file under `folders` whose name ends as code and scripts do.
    void addFiles(const std::vector<std::string>& folders) const
    {
        static const std::set<std::string> suffixes = {".h",  ".cpp",   ".cu",  ".cuh", ".py",
                                                       ".sh", ".cmake", ".txt", ".md"};
        QTest::addColumn<std::string>("path");
        for (const std::string& folder : folders)
            for (const auto& entry : fs::recursive_directory_iterator(m_root / folder)) {
                const std::string path = fs::relative(entry.path(), m_root).generic_string();
                if (entry.is_regular_file() && suffixes.contains(entry.path().extension()))
                    QTest::newRow(path.c_str()) << path;
            }
    }

    std::vector<std::string> foldersOfTheTable() const
    {
        std::vector<std::string> folders;
        for (const auto& [folder, allowed] : m_rules)
            folders.push_back(folder);
        return folders;
    }

private Q_SLOTS:
    void theTableIsFound()
    {
        QCOMPARE(foldersOfTheTable(),
                 (std::vector<std::string>{"app", "core", "engine", "jobs", "kernels", "ui"}));
    }

    void aForbiddenIncludeIsSeen_data()
    {
        QTest::addColumn<std::string>("folder");
        QTest::addColumn<std::string>("line");
        QTest::addColumn<bool>("allowed");

        const auto row = [](const std::string& folder, const std::string& line, bool allowed) {
            QTest::newRow((folder + ": " + line).c_str()) << folder << line << allowed;
        };
        row("core", "#include \"core/base/result.h\"", true);
        row("core", "#include <nlohmann/json.hpp>", true);
        row("core", "#include <sys/mman.h>", true);
        row("core", "#include <QString>", false);
        row("core", "#include <ATen/ATen.h>", false);
        row("core", "#include <cuda_runtime.h>", false);
        row("core", "#include <boost/asio.hpp>", false);
        row("core", "#include \"tests/support/check.h\"", false);
        row("core", "  #  include \"engine/guard.h\"", false);
        row("kernels", "#include <cuda_bf16.h>", true);
        row("kernels", "#include \"core/base/result.h\"", false);
        row("kernels", "#include <torch/torch.h>", false);
        row("jobs", "#include <QtCore/QString>", false);
        row("jobs", "#include \"core/gemma3/config.h\"", true);
        row("engine", "#include \"jobs/job_spec.h\"", true);
        row("engine", "#include <QProcess>", false);
        row("engine", "#include \"ui/chat/chat_view.h\"", false);
        row("ui", "#include <QtWidgets/QLabel>", true);
        row("ui", "#include <torch/torch.h>", false);
        row("ui", "#include \"kernels/rms_norm.h\"", false);
        row("ui", "#include <string>", true);
        row("app", "#include \"engine/guard.h\"", true);
        row("engine", "#include \"app/commands/commands.h\"", false);
    }

    void aForbiddenIncludeIsSeen()
    {
        QFETCH(const std::string, folder);
        QFETCH(const std::string, line);
        QFETCH(const bool, allowed);
        QCOMPARE(isAllowed(line, folder, m_rules), allowed);
    }

    void eachFileIncludesOnlyWhatItMay_data() { addFiles(foldersOfTheTable()); }

    void eachFileIncludesOnlyWhatItMay()
    {
        QFETCH(const std::string, path);
        std::ifstream file(m_root / path);
        for (std::string line; std::getline(file, line);)
            QVERIFY2(isAllowed(line, path.substr(0, path.find('/')), m_rules), line.c_str());
    }

    void noFileIsTooLongToReadInOneSitting_data()
    {
        std::vector<std::string> folders = foldersOfTheTable();
        folders.insert(folders.end(), {"resources", "tests"});
        addFiles(folders);
        QTest::newRow("dev") << std::string("dev");
        QTest::newRow("README.md") << std::string("README.md");
    }

    void noFileIsTooLongToReadInOneSitting()
    {
        QFETCH(const std::string, path);
        std::ifstream file(m_root / path);
        QVERIFY(file.is_open());
        QVERIFY(std::count(std::istreambuf_iterator<char>(file), {}, '\n') <= 600);
    }

    void noTypeHasANameThatSaysNothing_data() { addFiles(foldersOfTheTable()); }

    void noTypeHasANameThatSaysNothing()
    {
        static const std::regex empty(
            "\\s*(class|struct)\\s+\\w*(Manager|Helper|Utils?|Common|Base|Impl)\\b.*");
        QFETCH(const std::string, path);
        std::ifstream file(m_root / path);
        for (std::string line; std::getline(file, line);)
            QVERIFY2(!std::regex_match(line, empty), line.c_str());
    }

    void eachFolderTellsANewcomerWhatItIs_data()
    {
        QTest::addColumn<std::string>("folder");
        for (const std::string& folder : foldersOfTheTable())
            QTest::newRow(folder.c_str()) << folder;
        QTest::newRow("resources") << std::string("resources");
        QTest::newRow("tests") << std::string("tests");
    }

    void eachFolderTellsANewcomerWhatItIs()
    {
        QFETCH(const std::string, folder);
        QVERIFY(fs::exists(m_root / folder / "README.md"));
    }
};

QTEST_GUILESS_MAIN(IncludeRulesTest)
#include "include_rules_test.moc"
