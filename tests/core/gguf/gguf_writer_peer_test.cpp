// gguf-py reads what we write, value by value.

#include "core/gguf/blocks.h"
#include "core/gguf/gguf_writer.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

class GgufWriterPeerTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

private Q_SLOTS:
    void ggufPyReadsWhatIsWritten()
    {
        if (!hasPythonPackages(QStringLiteral("gguf")))
            QSKIP("Python with gguf is missing: run ./dev setup");
        const QString path = m_folder.filePath(QStringLiteral("ours.gguf"));
        const std::vector<float> values = [] {
            std::vector<float> made(128);
            for (size_t i = 0; i < made.size(); ++i)
                made[i] = static_cast<float>(i) - 50;
            return made;
        }();
        const GgufWriter::Metadata metadata = {
            {"general.architecture", std::string("gemma3")},
            {"u", uint32_t{4294967295}},
            {"i", int32_t{-1}},
            {"f", 0.5f},
            {"b", true},
            {"texts", std::vector<std::string>{"▁the", ""}},
            {"floats", std::vector<float>{1, -1000}},
            {"integers", std::vector<int32_t>{3, -3}},
            {"flags", std::vector<bool>{true, false}},
        };
        std::vector<GgufWriter::Tensor> tensors;
        for (const DType type : {DType::F32, DType::F16, DType::BF16, DType::Q8_0})
            tensors.push_back({std::string(nameOf(type)), type, {2, 64}});
        tensors.push_back({"odd", DType::F32, {3}});
        auto writer = GgufWriter::create(path.toStdString(), metadata, tensors);
        QVERIFY2(writer, reason(writer));
        for (const GgufWriter::Tensor& tensor : tensors) {
            std::vector<std::byte> bytes(*byteSize(tensor.dtype, tensor.shape));
            const size_t count = tensor.name == "odd" ? 3 : values.size();
            storeValues(tensor.dtype, std::span(values).first(count), bytes);
            QVERIFY(writer->append(tensor.name, bytes));
        }
        QVERIFY(writer->finish());
        const QByteArray printed = runPython(QStringLiteral(R"(
import sys
import gguf, numpy as np
reader = gguf.GGUFReader(sys.argv[1])
for name, field in reader.fields.items():
    if not name.startswith("GGUF."):
        print(name, [kind.name for kind in field.types], field.contents())
values = (np.arange(128, dtype=np.float32) - 50).reshape(2, 64)
for tensor in reader.tensors:
    kind = tensor.tensor_type
    found = gguf.dequantize(tensor.data, kind)
    wanted = values.reshape(-1)[:3] if tensor.name == "odd" else gguf.dequantize(gguf.quantize(values, kind), kind)
    print(tensor.name, kind.name, tensor.shape.tolist(), np.array_equal(found, wanted))
)"),
                                             {path});
        QCOMPARE(printed, QByteArray(R"(general.architecture ['STRING'] gemma3
u ['UINT32'] 4294967295
i ['INT32'] -1
f ['FLOAT32'] 0.5
b ['BOOL'] True
texts ['ARRAY', 'STRING'] ['▁the', '']
floats ['ARRAY', 'FLOAT32'] [1.0, -1000.0]
integers ['ARRAY', 'INT32'] [3, -3]
flags ['ARRAY', 'BOOL'] [True, False]
F32 F32 [64, 2] True
F16 F16 [64, 2] True
BF16 BF16 [64, 2] True
Q8_0 Q8_0 [64, 2] True
odd F32 [3] True
)"));
    }
};

QTEST_GUILESS_MAIN(GgufWriterPeerTest)
#include "gguf_writer_peer_test.moc"
