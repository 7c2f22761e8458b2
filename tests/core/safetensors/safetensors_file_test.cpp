#include "core/safetensors/safetensors_file.h"

#include "tests/core/safetensors/bytes.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

class SafetensorsFileTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path m_path = m_folder.filePath(QStringLiteral("x.safetensors")).toStdString();

private Q_SLOTS:
    void tensorsAreFoundWithTheirBytes()
    {
        const std::string header =
            R"({"__metadata__": {"format": "pt"},)"
            R"( "b": {"dtype": "U8", "shape": [2, 2], "data_offsets": [4, 8]},)"
            R"( "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},)"
            R"( "none": {"dtype": "I64", "shape": [3, 0], "data_offsets": [4, 4]}}   )";
        QVERIFY(writeFileAtomically(m_path, safetensorsBytes(header, std::string("\0\0\x80\x3f"
                                                                                 "wxyz",
                                                                                 8))));
        auto opened = SafetensorsFile::open(m_path);
        QVERIFY2(opened, reason(opened));
        const SafetensorsFile file = *std::move(opened);  // views survive the move
        QCOMPARE(file.tensors().size(), 3u);
        QCOMPARE(file.metadata().at("format"), std::string("pt"));
        const TensorView& b = file.tensors().at("b");
        QCOMPARE(b.dtype, DType::U8);
        QCOMPARE(b.shape, (std::vector<int64_t>{2, 2}));
        QCOMPARE(std::string(reinterpret_cast<const char*>(b.bytes.data()), b.bytes.size()),
                 std::string("wxyz"));
        float one = 0;
        std::memcpy(&one, file.tensors().at("a").bytes.data(), sizeof one);
        QCOMPARE(one, 1.0f);
        QVERIFY(file.tensors().at("none").bytes.empty());
        QCOMPARE(file.size(), 8 + header.size() + 8);
    }

    void hostileFilesEndInASentence_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("sentence");
        const auto raw = [](const char* name, const std::string& bytes, const char* sentence) {
            QTest::newRow(name) << QByteArray::fromStdString(bytes) << QByteArray(sentence);
        };
        const auto row = [&](const char* name, const std::string& header, const std::string& data,
                             const char* sentence) { raw(name, safetensorsBytes(header, data), sentence); };
        const std::string lengthOf8 = std::string("\x08\0\0\0\0\0\0\0", 8);
        raw("empty", "", "it has only 0 bytes");
        raw("seven bytes", "1234567", "it has only 7 bytes");
        raw("header longer than the file", lengthOf8 + "{}",
            "its header has 8 bytes, the whole file 10; the file may be cut short");
        raw("header of 2^64-1 bytes", std::string(8, '\xff') + "{}",
            "its header has 18446744073709551615 bytes, the whole file 10; the file may be cut short");
        row("no header", "", "", "its header is not valid JSON at byte 1");
        row("a list", "[]", "", "its header is a list, not an object");
        row("half an object", R"({"a":)", "", "its header is not valid JSON at byte 6");
        row("no UTF-8", "{\"\xc3\x28\": 1}", "", "its header is not valid JSON at byte 4");
        row("deep", "{\"a\":" + std::string(100'000, '['), "", "its header is nested deeper than 64 levels");
        row("a tensor twice",
            R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}})",
            "xy", "its header has the key \"a\" twice");
        row("a number for a tensor", R"({"a": 3})", "", "tensor \"a\" is 3, not an object");
        row("metadata of numbers", R"({"__metadata__": {"a": 3}})", "",
            "its __metadata__ is not an object of texts");
        row("metadata is a list", R"({"__metadata__": ["a"]})", "",
            "its __metadata__ is not an object of texts");
        row("metadata is a text", R"({"__metadata__": "a"})", "",
            "its __metadata__ is not an object of texts");
        row("no dtype", R"({"a": {"shape": [1], "data_offsets": [0, 1]}})", "x", "tensor \"a\" has no dtype");
        row("unknown dtype", R"({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}})", "x",
            "tensor \"a\" has the type \"F8_E4M3\", which is not supported; convert it to BF16 or F32 first");
        row("no shape", R"({"a": {"dtype": "U8", "data_offsets": [0, 1]}})", "x",
            "tensor \"a\" has no shape of at most 16 whole numbers");
        row("a negative size", R"({"a": {"dtype": "U8", "shape": [-1], "data_offsets": [0, 1]}})", "x",
            "tensor \"a\" has no shape of at most 16 whole numbers");
        row("a fraction", R"({"a": {"dtype": "U8", "shape": [1.0], "data_offsets": [0, 1]}})", "x",
            "tensor \"a\" has no shape of at most 16 whole numbers");
        row("a size beyond int64",
            R"({"a": {"dtype": "U8", "shape": [9223372036854775808], "data_offsets": [0, 1]}})", "x",
            "tensor \"a\" has no shape of at most 16 whole numbers");
        row("an overflowing shape",
            R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}})", "",
            "tensor \"a\" has the impossible shape [4294967296,4294967296]");
        row("an overflow hidden by a zero",
            R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296, 0], "data_offsets": [0, 0]}})", "",
            "tensor \"a\" has the impossible shape [4294967296,4294967296,0]");
        row("one offset", R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0]}})", "x",
            "tensor \"a\" has no data_offsets of two whole numbers");
        row("three offsets", R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1, 2]}})", "x",
            "tensor \"a\" has no data_offsets of two whole numbers");
        row("offsets backwards", R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 0]}})", "x",
            "tensor \"a\" lies at bytes [1,0], outside the file's 1 bytes of data; the file may be cut "
            "short");
        row("cut short", R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})", "xyz",
            "tensor \"a\" lies at bytes [0,4], outside the file's 3 bytes of data; the file may be cut "
            "short");
        row("size and shape differ", R"({"a": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 4]}})",
            "wxyz", "tensor \"a\" has 4 bytes, but its type BF16 and shape [3] need 6");
        row("overlap",
            R"({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}, "b": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}})",
            "xyz", "tensor \"b\" starts at byte 1, inside another tensor that ends at 2");
        row("the same bytes twice",
            R"({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}, "b": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}})",
            "xy", "tensor \"b\" starts at byte 0, inside another tensor that ends at 2");
        row("a gap",
            R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "b": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]}})",
            "xyz", "tensor \"b\" starts at byte 2, behind a gap that starts at 1");
        row("bytes left over", R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}})", "xyz",
            "the last tensor ends at byte 1 of 3 bytes of data");
        row("bytes without a tensor", "{}", "x", "the last tensor ends at byte 0 of 1 bytes of data");
        row("a name that garbles the terminal", "{\"\\u001b[31m\": 3, \"" + std::string(500, 'x') + "\": 4}",
            "", "tensor \"?[31m\" is 3, not an object");
    }

    void hostileFilesEndInASentence()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, sentence);
        QVERIFY(writeFileAtomically(m_path, bytes.toStdString()));
        const auto file = SafetensorsFile::open(m_path);
        QVERIFY(!file);
        QCOMPARE(file.error().code, ErrorCode::InvalidInput);
        QCOMPARE(file.error().message,
                 m_path.string() + " is no valid safetensors file: " + sentence.toStdString());
    }

    void aMissingFileIsNotFound()
    {
        QCOMPARE(SafetensorsFile::open(m_folder.filePath(QStringLiteral("none")).toStdString()).error().code,
                 ErrorCode::NotFound);
    }
};

QTEST_GUILESS_MAIN(SafetensorsFileTest)
#include "safetensors_file_test.moc"
