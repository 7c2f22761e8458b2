#include "core/gguf/gguf_file.h"
#include "core/gguf/gguf_writer.h"
#include "tests/support/check.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <cstring>

using namespace facet::core;

namespace {

std::string u32(uint32_t value)
{
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string u64(uint64_t value)
{
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string text(const std::string& value)
{
    return u64(value.size()) + value;
}

std::string start(uint64_t numTensors, uint64_t numValues, uint32_t version = 3)
{
    return "GGUF" + u32(version) + u64(numTensors) + u64(numValues);
}

/// A tensor of the type 0, F32.
std::string tensor(const std::string& name, std::vector<uint64_t> sizes, uint64_t offset, uint32_t type = 0)
{
    std::string bytes = text(name) + u32(static_cast<uint32_t>(sizes.size()));
    for (const uint64_t size : sizes)
        bytes += u64(size);
    return bytes + u32(type) + u64(offset);
}

/// Header, padding to a multiple of 32, data.
std::string padded(std::string header, size_t numBytesOfData)
{
    header.resize((header.size() + 31) / 32 * 32);
    return header + std::string(numBytesOfData, 'x');
}

}  // namespace

class GgufFileTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path m_path = m_folder.filePath(QStringLiteral("x.gguf")).toStdString();

private Q_SLOTS:
    void whatGgufPyWroteIsRead()
    {
        auto opened = GgufFile::open(SOURCE_DIR "/tests/core/gguf/golden/types.gguf");
        QVERIFY2(opened, reason(opened));
        const GgufFile file = *std::move(opened);  // views survive the move
        QCOMPARE(file.text("general.architecture"), std::optional<std::string_view>("gemma3"));
        QCOMPARE(file.integer("a.u8"), std::optional<int64_t>(255));
        QCOMPARE(file.integer("a.i8"), std::optional<int64_t>(-128));
        QCOMPARE(file.integer("a.u16"), std::optional<int64_t>(65535));
        QCOMPARE(file.integer("a.i16"), std::optional<int64_t>(-32768));
        QCOMPARE(file.integer("a.u32"), std::optional<int64_t>(4294967295));
        QCOMPARE(file.integer("a.i32"), std::optional<int64_t>(INT32_MIN));
        QVERIFY(!file.integer("a.u64"));  // does not fit
        QCOMPARE(std::get<uint64_t>(file.metadata().find("a.u64")->second), UINT64_MAX);
        QCOMPARE(file.integer("a.i64"), std::optional<int64_t>(INT64_MIN));
        QCOMPARE(file.number("a.f32"), std::optional<double>(1e-6));
        QCOMPARE(file.number("a.f64"), std::optional<double>(0.1));
        QCOMPARE(file.number("a.u8"), std::optional<double>(255));
        QCOMPARE(file.flag("a.bool"), std::optional<bool>(true));
        QCOMPARE(file.text("a.text"), std::optional<std::string_view>("größe ▁"));
        QVERIFY(file.texts("a.texts") == (std::vector<std::string_view>{"", "▁the", "\n"}));
        QVERIFY(file.numbers("a.floats") == (std::vector<double>{0.5, -1000}));
        QVERIFY(file.numbers("a.integers") == (std::vector<double>{1, 2, 3}));
        QVERIFY(file.numbers("a.flags") == (std::vector<double>{1, 0}));
        QVERIFY(!file.integer("a.text"));
        QVERIFY(!file.text("a.u8"));
        QVERIFY(!file.texts("a.floats"));
        QVERIFY(!file.numbers("a.texts"));
        QVERIFY(!file.flag("nothing"));
        QCOMPARE(file.tensors().at("Q4_K").shape, (std::vector<int64_t>{2, 512}));
        QCOMPARE(file.tensors().at("source").shape, (std::vector<int64_t>{8, 64}));
    }

    void hostileFilesEndInASentence_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("sentence");
        const auto row = [](const char* name, const std::string& bytes, const char* sentence) {
            QTest::newRow(name) << QByteArray::fromStdString(bytes) << QByteArray(sentence);
        };
        const std::string gap(400, '\0');
        row("empty", "", "it does not begin with \"GGUF\"");
        row("another format", "PK\3\4" + gap, "it does not begin with \"GGUF\"");
        row("magic alone", "GGUF", "its header reaches beyond the file's end at byte 4");
        row("version 1", start(0, 0, 1), "it has the version 1; 2 and 3 are supported");
        row("version 4", start(0, 0, 4), "it has the version 4; 2 and 3 are supported");
        row("big-endian", start(0, 0, 0x03000000), "it was written for a big-endian machine");
        row("more values than bytes", start(0, UINT64_MAX) + gap,
            "it claims 18446744073709551615 values and 0 tensors, more than its 424 bytes can hold");
        row("more tensors than bytes", start(UINT64_MAX, 0) + gap,
            "it claims 0 values and 18446744073709551615 tensors");
        row("an endless key", start(0, 1) + u64(UINT64_MAX) + gap,
            "the name of value 1 of 1 reaches beyond the file's end");
        row("an endless text", start(0, 1) + text("a") + u32(8) + u64(UINT64_MAX) + gap,
            "the value \"a\" reaches beyond the file's end");
        row("an unknown type", start(0, 1) + text("a") + u32(13) + gap,
            "the value \"a\" has the unknown type 13");
        row("an endless list", start(0, 1) + text("a") + u32(9) + u32(4) + u64(UINT64_MAX / 2) + gap,
            "the value \"a\" reaches beyond the file's end");
        row("an endless list of texts", start(0, 1) + text("a") + u32(9) + u32(8) + u64(UINT64_MAX) + gap,
            "the value \"a\" reaches beyond the file's end");
        row("a list of lists", start(0, 1) + text("a") + u32(9) + u32(9) + u64(1) + gap,
            "the value \"a\" is a list of lists");
        row("a list of nothing known", start(0, 1) + text("a") + u32(9) + u32(77) + u64(1) + gap,
            "the value \"a\" is a list of the unknown type 77");
        const std::string value = text("a") + u32(0) + "x";
        row("a value twice", start(0, 2) + value + value + gap, "it has the value \"a\" twice");
        const auto aligned = [&](const std::string& typeAndValue) {
            return start(0, 1) + text("general.alignment") + typeAndValue + gap;
        };
        row("alignment 0", aligned(u32(4) + u32(0)), "its general.alignment is no power of two");
        row("alignment 24", aligned(u32(4) + u32(24)), "its general.alignment is no power of two");
        row("alignment 2^40", aligned(u32(10) + u64(1ull << 40)), "its general.alignment is no power of two");
        row("alignment in words", aligned(u32(8) + text("32")), "its general.alignment is no power of two");
        row("a part", start(0, 1) + text("split.count") + u32(2) + std::string("\3\0", 2) + gap,
            "it is one of 3 parts of a model; join them first: llama-gguf-split --merge");
        row("five dimensions", padded(start(1, 0) + tensor("t", {1, 1, 1, 1, 1}, 0), 32),
            "tensor \"t\" has 5 dimensions; at most 4 are possible");
        row("a negative size", padded(start(1, 0) + tensor("t", {UINT64_MAX}, 0), 32),
            "tensor \"t\" has the impossible size 18446744073709551615");
        row("a product too large", padded(start(1, 0) + tensor("t", {1ull << 40, 1ull << 40}, 0), 32),
            "tensor \"t\" has an impossible shape for the type F32");
        row("half a block", padded(start(1, 0) + tensor("t", {31}, 0, 8), 64),
            "tensor \"t\" has an impossible shape for the type Q8_0");
        row("a type that is not read", padded(start(1, 0) + tensor("t", {256}, 0, 16), 96),
            "tensor \"t\" has the type IQ2_XXS, which is not supported; take a file in F32");
        row("a type that nobody knows", padded(start(1, 0) + tensor("t", {256}, 0, 4711), 96),
            "tensor \"t\" has the type 4711, which is not supported");
        row("beyond the end", padded(start(1, 0) + tensor("t", {8}, 32), 32),
            "tensor \"t\" has 32 bytes from byte 32 on, outside the file's 32 bytes of data");
        row("far beyond the end", padded(start(1, 0) + tensor("t", {8}, ~31ull), 32),
            "tensor \"t\" has 32 bytes from byte 18446744073709551584 on, outside the file's 32 bytes");
        row("no data at all", start(1, 0) + tensor("t", {8}, 0),
            "tensor \"t\" has 32 bytes from byte 0 on, outside the file's 0 bytes of data");
        row("askew", padded(start(1, 0) + tensor("t", {1}, 4), 32),
            "tensor \"t\" starts at byte 4, no multiple of 32");
        row("one in another", padded(start(2, 0) + tensor("a", {16}, 0) + tensor("b", {8}, 32), 64),
            "tensor \"b\" starts at byte 32, inside another tensor that ends at 64");
        row("a tensor twice", padded(start(2, 0) + tensor("a", {8}, 0) + tensor("a", {8}, 32), 64),
            "it has the tensor \"a\" twice");
        const std::string name(20, 'b');
        row("half a list of tensors", start(2, 0) + tensor("a", {8}, 0) + text(name),
            "tensor \"bbbbbbbbbbbbbbbbbbbb\" in the list of tensors reaches beyond the file's end");
    }
    void hostileFilesEndInASentence()
    {
        QFETCH(const QByteArray, bytes);
        QFETCH(const QByteArray, sentence);
        QVERIFY(writeFileAtomically(m_path, bytes.toStdString()));
        const auto file = GgufFile::open(m_path);
        QVERIFY(!file);
        QCOMPARE(file.error().code, ErrorCode::InvalidInput);
        const std::string expected =
            m_path.string() + " is no GGUF file that can be read: " + sentence.toStdString();
        QVERIFY2(file.error().message.starts_with(expected), file.error().message.c_str());
    }

    void otherFilesAreNamed()
    {
        QCOMPARE(GgufFile::open(m_path.string() + "-missing").error().code, ErrorCode::NotFound);
        QVERIFY(writeFileAtomically(m_path.parent_path() / "noname", start(0, 0)));
        QVERIFY(isGgufFile(m_path.parent_path() / "noname"));
        QVERIFY(writeFileAtomically(m_path.parent_path() / "text", "GG"));
        QVERIFY(!isGgufFile(m_path.parent_path() / "text"));
        QVERIFY(!isGgufFile(m_path.parent_path()));
    }

    void whatIsWrittenIsRead()
    {
        const std::string values(8, 'v'), block(34, 'q');
        auto writer =
            GgufWriter::create(m_path, {{"n", uint32_t{7}}, {"texts", std::vector<std::string>{"a", ""}}},
                               {{"t", DType::F32, {1, 2}}, {"q", DType::Q8_0, {1, 32}}});
        QVERIFY2(writer, reason(writer));
        QVERIFY(writer->append("q", std::as_bytes(std::span(block))));
        QVERIFY(writer->append("t", std::as_bytes(std::span(values)).first(3)));
        QVERIFY(writer->append("t", std::as_bytes(std::span(values)).subspan(3)));
        QVERIFY(writer->finish());
        const auto file = GgufFile::open(m_path);
        QVERIFY2(file, reason(file));
        QCOMPARE(file->integer("n"), std::optional<int64_t>(7));
        QVERIFY(file->texts("texts") == (std::vector<std::string_view>{"a", ""}));
        QVERIFY(std::ranges::equal(file->tensors().at("t").bytes, std::as_bytes(std::span(values))));
        QVERIFY(std::ranges::equal(file->tensors().at("q").bytes, std::as_bytes(std::span(block))));
        QCOMPARE(file->tensors().at("t").shape, (std::vector<int64_t>{1, 2}));
    }

    void wrongUseOfTheWriterIsSaid()
    {
        const auto complaint = [&](const GgufWriter::Metadata& metadata,
                                   const std::vector<GgufWriter::Tensor>& tensors) {
            const auto writer = GgufWriter::create(m_path, metadata, tensors);
            return writer ? std::string() : writer.error().message;
        };
        const std::string cannot = "cannot write " + m_path.string() + ": ";
        QCOMPARE(complaint({{"a", true}, {"a", true}}, {}), cannot + "the value \"a\" is given twice");
        QCOMPARE(complaint({}, {{"t", DType::F32, {1}}, {"t", DType::F32, {1}}}),
                 cannot + "tensor \"t\" is given twice");
        QCOMPARE(complaint({}, {{"t", DType::Bool, {1}}}),
                 cannot + "tensor \"t\" has the type BOOL, which GGUF lacks");
        QCOMPARE(complaint({}, {{"t", DType::Q8_0, {33}}}), cannot + "tensor \"t\" has an impossible shape");
        {
            auto writer =
                GgufWriter::create(m_path.parent_path() / "half.gguf", {}, {{"t", DType::F32, {1}}});
            QVERIFY2(writer, reason(writer));
            QVERIFY(!writer->finish());
        }
        QVERIFY(!QDir(m_folder.path()).entryList({QStringLiteral("half*")}).size());
    }
};

QTEST_GUILESS_MAIN(GgufFileTest)
#include "gguf_file_test.moc"
