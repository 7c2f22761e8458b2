#include "core/safetensors/safetensors_writer.h"

#include "core/safetensors/safetensors_file.h"
#include "tests/support/check.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <array>

using namespace facet::core;

class SafetensorsWriterTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path m_path = m_folder.filePath(QStringLiteral("out.safetensors")).toStdString();

    QStringList filesThere() const { return QDir(m_folder.path()).entryList(QDir::Files); }

private Q_SLOTS:
    void cleanup()
    {
        for (const QString& file : filesThere())
            QFile::remove(m_folder.filePath(file));
    }

    void whatIsAppendedInPiecesIsRead()
    {
        auto writer = SafetensorsWriter::create(
            m_path, {{"0", DType::F32, {1, 3}}, {"0.ids", DType::I64, {2}}, {"flags", DType::Bool, {}}},
            {{"made by", "a test"}});
        QVERIFY2(writer, reason(writer));
        const std::array<float, 3> logits = {1.5f, -2, 3};
        const std::array<int64_t, 2> ids = {7, -8};
        const auto bytes = std::as_bytes(std::span(logits));
        QVERIFY(writer->append("0", bytes.first(5)));
        QVERIFY(writer->append("0.ids", std::as_bytes(std::span(ids))));
        QVERIFY(writer->append("flags", std::as_bytes(std::span("\1", 1))));
        QVERIFY(writer->append("0", bytes.subspan(5)));
        QVERIFY(!QFile::exists(QString::fromStdString(m_path.string())));
        QVERIFY(writer->finish());
        QCOMPARE(filesThere(), QStringList{QStringLiteral("out.safetensors")});

        const auto file = SafetensorsFile::open(m_path);
        QVERIFY2(file, reason(file));
        QCOMPARE(file->metadata().at("made by"), std::string("a test"));
        const TensorView& read = file->tensors().at("0");
        QCOMPARE(read.shape, (std::vector<int64_t>{1, 3}));
        QVERIFY(std::ranges::equal(read.bytes, bytes));
        QVERIFY(std::ranges::equal(file->tensors().at("0.ids").bytes, std::as_bytes(std::span(ids))));
        // Wide elements lie where their size divides the address, though the float tensor was declared first.
        QCOMPARE(reinterpret_cast<uintptr_t>(file->tensors().at("0.ids").bytes.data()) % 8, 0u);
    }

    void anUnfinishedFileIsRemoved()
    {
        {
            auto writer = SafetensorsWriter::create(m_path, {{"a", DType::U8, {2}}});
            QVERIFY2(writer, reason(writer));
            QVERIFY(writer->append("a", std::as_bytes(std::span("x", 1))));
            QCOMPARE(writer->finish().error().message,
                     "cannot write " + m_path.string() + ": tensor \"a\" lacks 1 bytes");
        }
        QCOMPARE(filesThere(), QStringList());
    }

    void wrongUseIsSaid()
    {
        auto writer = SafetensorsWriter::create(m_path, {{"a", DType::U8, {2}}});
        QVERIFY2(writer, reason(writer));
        QCOMPARE(writer->append("b", {}).error().message,
                 "cannot write " + m_path.string() + ": tensor \"b\" was not declared");
        QCOMPARE(writer->append("a", std::as_bytes(std::span("xyz", 3))).error().message,
                 "cannot write " + m_path.string() + ": tensor \"a\" has room for 2 more bytes, not 3");
        QVERIFY(!SafetensorsWriter::create(m_path, {{"a", DType::U8, {2}}, {"a", DType::U8, {2}}}));
        QVERIFY(!SafetensorsWriter::create(m_path, {{"a", DType::F64, {INT64_MAX}}}));
        QVERIFY(!SafetensorsWriter::create(m_path, {{"\xff", DType::U8, {1}}}));
        QCOMPARE(SafetensorsWriter::create(m_path / "no" / "folder", {}).error().code, ErrorCode::NotFound);
    }
};

QTEST_GUILESS_MAIN(SafetensorsWriterTest)
#include "safetensors_writer_test.moc"
