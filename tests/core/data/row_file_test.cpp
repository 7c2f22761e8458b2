// Rows of files against splitting them with Qt, packed ones against the system's gzip and libzstd.

#include "core/data/dataset.h"
#include "tests/support/check.h"

#include <zstd.h>

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <unistd.h>

#include <random>

using namespace facet::core;

namespace {

void write(const QString& path, const QByteArray& bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

std::vector<std::string> rowsOf(const RowFile& file)
{
    std::vector<std::string> rows;
    for (int64_t i = 0; i < file.numRows(); ++i)
        rows.emplace_back(file.row(i));
    return rows;
}

}  // namespace

class RowFileTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_folder->filePath("home").toUtf8());
    }

    void linesAreRowsAndEmptyOnesAreNot()
    {
        Result<RowFile> file = open("a.jsonl", "\n{\"a\": 1}\r\n\n  {\"a\": 2}\n   \n{\"a\": 3}");
        QVERIFY2(file, reason(file));
        QVERIFY(!file->isIndexed());
        QCOMPARE(file->head(2).size(), size_t{2});
        QCOMPARE(std::string(file->head(9).back()), std::string("{\"a\": 3}"));
        QVERIFY(file->buildIndex());
        QCOMPARE(rowsOf(*file), (std::vector<std::string>{"{\"a\": 1}", "{\"a\": 2}", "{\"a\": 3}"}));
        QCOMPARE(file->lineOf(file->row(1)), 4);
    }

    void elementsOfAListAreRows()
    {
        Result<RowFile> file =
            open("a.json", " [ {\"a\": \"x, ] \\\" [\"} ,\n [1, [2]], \"t\", 5 ,null\n]\n");
        QVERIFY2(file, reason(file));
        QVERIFY(file->buildIndex());
        QCOMPARE(rowsOf(*file),
                 (std::vector<std::string>{"{\"a\": \"x, ] \\\" [\"}", "[1, [2]]", "\"t\"", "5", "null"}));
        Result<RowFile> cut = open("cut.json", "[{\"a\": 1}, {\"a\"");
        QVERIFY(cut->buildIndex().error().message.find("cut short") != std::string::npos);
        Result<RowFile> empty = open("empty.json", "[]");
        QVERIFY(empty->buildIndex());
        QCOMPARE(empty->numRows(), 0);
    }

    void randomFilesComeOutAsTheyWentIn()
    {
        std::mt19937 random(7);
        for (int round = 0; round < 20; ++round) {
            nlohmann::json list = nlohmann::json::array();
            QByteArray lines;
            for (uint64_t count = 1 + random() % 3000, i = 0; i < count; ++i) {
                std::string text;
                for (uint64_t k = random() % 60; k > 0; --k)
                    text += "ab \\\"[]{},\n"[random() % 11];
                list.push_back({{"text", text}, {"n", random() % 100}});
                lines += QByteArray::fromStdString(list.back().dump()) + (random() % 5 ? "\n" : "\n\n");
            }
            const int indent = static_cast<int>(random() % 3) - 1;
            Result<RowFile> asLines = open("r.jsonl", lines);
            Result<RowFile> asList = open("r.json", QByteArray::fromStdString(list.dump(indent)));
            for (RowFile* file : {&*asLines, &*asList}) {
                QVERIFY(file->buildIndex());
                QCOMPARE(static_cast<size_t>(file->numRows()), list.size());
                for (size_t i = 0; i < list.size(); ++i)
                    QVERIFY(nlohmann::json::parse(file->row(static_cast<int64_t>(i))) == list[i]);
            }
        }
    }

    void theIndexIsKeptAndRebuiltWhenTheFileChanges()
    {
        QVERIFY(open("a.jsonl", "{\"a\": 1}\n{\"a\": 2}\n")->buildIndex());
        const Result<RowFile> again = RowFile::open(path("a.jsonl"));
        QVERIFY(again->isIndexed());
        QCOMPARE(again->numRows(), 2);
        QVERIFY(!open("a.jsonl", "{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}\n")->isIndexed());

        // A damaged index counts as none.
        QVERIFY(RowFile::open(path("a.jsonl"))->buildIndex());
        QFile index(m_folder->filePath("a.jsonl.facet-index"));
        QVERIFY(index.open(QIODevice::ReadWrite));
        QVERIFY(index.resize(index.size() - 3));
        index.close();
        QVERIFY(!RowFile::open(path("a.jsonl"))->isIndexed());
    }

    void theIndexGoesToTheCacheWhereTheFolderCannotBeWritten()
    {
        if (::geteuid() == 0)
            QSKIP("root may write everywhere");
        QVERIFY(QDir(m_folder->path()).mkdir("locked"));
        QVERIFY(open("locked/a.jsonl", "{\"a\": 1}\n"));
        QVERIFY(QFile::setPermissions(m_folder->filePath("locked"), QFile::ReadOwner | QFile::ExeOwner));
        QVERIFY(RowFile::open(path("locked/a.jsonl"))->buildIndex());
        QVERIFY(RowFile::open(path("locked/a.jsonl"))->isIndexed());
        QVERIFY(!QFile::exists(m_folder->filePath("locked/a.jsonl.facet-index")));
        QFile::setPermissions(m_folder->filePath("locked"),
                              QFile::ReadOwner | QFile::ExeOwner | QFile::WriteOwner);
    }

    void indexingCanBeCancelled()
    {
        Result<RowFile> file = open("a.jsonl", QByteArray("{\"a\": 1}\n").repeated(4'000'000));
        int64_t last = 0;
        const Result<void> done = file->buildIndex([&](int64_t at, int64_t all) {
            last = at;
            return at < all / 2;
        });
        QVERIFY(done.error().code == ErrorCode::Cancelled);
        QVERIFY(last < 36'000'000);
        QVERIFY(!file->isIndexed());
    }

    void packedFilesAreUnpacked()
    {
        QByteArray lines;
        for (int i = 0; i < 300'000; ++i)
            lines += "{\"text\": \"row " + QByteArray::number(i) + "\"}\n";
        write(m_folder->filePath("g.jsonl"), lines);
        QCOMPARE(QProcess::execute("gzip", {m_folder->filePath("g.jsonl")}), 0);

        // Two frames, one after the other, are one file.
        std::vector<char> packed(ZSTD_compressBound(static_cast<size_t>(lines.size())));
        const qsizetype half = lines.size() / 2;
        QByteArray both;
        for (const QByteArray& part : {lines.left(half), lines.mid(half)})
            both.append(packed.data(),
                        static_cast<qsizetype>(ZSTD_compress(packed.data(), packed.size(), part.data(),
                                                             static_cast<size_t>(part.size()), 3)));
        write(m_folder->filePath("z.jsonl.zst"), both);

        for (const char* name : {"g.jsonl.gz", "z.jsonl.zst"}) {
            Result<Dataset> data = Dataset::open(path(name));
            QVERIFY2(data, reason(data));
            QVERIFY(data->rows().buildIndex());
            QCOMPARE(data->rows().numRows(), 300'000);
            QCOMPARE(std::get<TextPart>(data->sample(299'999)->document.front()).text,
                     std::string("row 299999"));
        }
        QFile cut(m_folder->filePath("g.jsonl.gz"));
        QVERIFY(cut.resize(cut.size() / 2));
        QVERIFY(Dataset::open(path("g.jsonl.gz")).error().message.find("broken or cut short (gzip)") !=
                std::string::npos);
        write(m_folder->filePath("z.jsonl.zst"), both.left(both.size() - 10));
        QVERIFY(Dataset::open(path("z.jsonl.zst")).error().message.find("broken or cut short (Zstandard)") !=
                std::string::npos);
    }

    void errorsNameFileLineKeyAndValue()
    {
        write(m_folder->filePath("a.jsonl"), "{\"text\": \"x\"}\n\n{\"text\": 5}\n{\"text\": \n");
        Result<Dataset> data = Dataset::open(path("a.jsonl"));
        QVERIFY2(data, reason(data));
        QVERIFY(data->rows().buildIndex());
        QCOMPARE(data->sample(1).error().message, path("a.jsonl") + " line 3: text is 5; a text is needed");
        QVERIFY(data->sample(2).error().message.starts_with(path("a.jsonl") + " line 4: is not valid JSON"));
        const Result<RowFile> latin = open("a.txt", "caf\xE9\n");
        QVERIFY(latin->parse(latin->head(1).front()).error().message.find("line 1: is not UTF-8") !=
                std::string::npos);
        // One line to paste, tried with pandas 3 and pyarrow: lists of messages stay lists.
        QCOMPARE(
            open("a.parquet", "PAR1xxxx").error().message,
            path("a.parquet") +
                " is a Parquet file, which is not read; write it as JSON lines: python -c \"import pandas; "
                "pandas.read_parquet('" +
                path("a.parquet") + "').to_json('" + path("a.jsonl") + "', orient='records', lines=True)\"");
        QVERIFY(open("a.jsonl", "hello").error().message.find("neither JSON lines") != std::string::npos);
    }

private:
    std::string path(const char* name) const { return m_folder->filePath(name).toStdString(); }

    Result<RowFile> open(const char* name, const QByteArray& bytes) const
    {
        write(m_folder->filePath(name), bytes);
        return RowFile::open(path(name));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(RowFileTest)
#include "row_file_test.moc"
