// Files go between us and Python's safetensors library in both directions.

#include "core/safetensors/safetensors_file.h"
#include "core/safetensors/safetensors_writer.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QTemporaryDir>
#include <QTest>

#include <array>

using namespace facet::core;

class SafetensorsPeerTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        if (!hasPythonPackages(QStringLiteral("torch, safetensors")))
            QSKIP("Python with torch and safetensors is missing: run ./dev setup");
    }

    void whatPythonWritesIsRead()
    {
        const QString path = m_folder.filePath(QStringLiteral("python.safetensors"));
        const QByteArray printed = runPython(QStringLiteral(R"(
import sys, torch
from safetensors.torch import save_file
types = dict(F64=torch.float64, F32=torch.float32, F16=torch.float16, BF16=torch.bfloat16, I64=torch.int64,
             I32=torch.int32, I16=torch.int16, I8=torch.int8, U8=torch.uint8, BOOL=torch.bool)
tensors = {name: (torch.arange(6) % 2 + 1).reshape(2, 3).to(dtype) for name, dtype in types.items()}
tensors |= {"scalar é": torch.tensor(3, dtype=torch.int8), "empty": torch.zeros(0, 4)}
save_file(tensors, sys.argv[1], metadata={"format": "pt"})
print(len(tensors))
)"),
                                             {path});
        QCOMPARE(printed.trimmed(), QByteArray("12"));
        const auto file = SafetensorsFile::open(path.toStdString());
        QVERIFY2(file, reason(file));
        QCOMPARE(file->tensors().size(), 12u);
        for (const auto& [name, tensor] : file->tensors()) {
            if (const auto type = dtypeNamed(name)) {
                QCOMPARE(nameOf(tensor.dtype), std::string_view(name));
                QCOMPARE(tensor.shape, (std::vector<int64_t>{2, 3}));
                QCOMPARE(tensor.bytes.size(), 6 * sizeOf(*type));
            }
        }
        float second = 0;
        std::memcpy(&second, file->tensors().at("F32").bytes.data() + 4, 4);
        QCOMPARE(second, 2.0f);
        QVERIFY(file->tensors().at("scalar é").shape.empty());
    }

    void pythonReadsWhatIsWritten()
    {
        const QString path = m_folder.filePath(QStringLiteral("ours.safetensors"));
        auto writer = SafetensorsWriter::create(
            path.toStdString(),
            {{"0", DType::F32, {1, 3}}, {"0.ids", DType::I64, {2}}, {"odd", DType::U8, {3}}},
            {{"format", "pt"}});
        QVERIFY2(writer, reason(writer));
        const std::array<float, 3> logits = {1.5f, -2, 3};
        const std::array<int64_t, 2> ids = {7, -8};
        QVERIFY(writer->append("0", std::as_bytes(std::span(logits))));
        QVERIFY(writer->append("0.ids", std::as_bytes(std::span(ids))));
        QVERIFY(writer->append("odd", std::as_bytes(std::span("\1\2\3", 3))));
        QVERIFY(writer->finish());
        const QByteArray printed = runPython(QStringLiteral(R"(
import sys
from safetensors.torch import load_file
print({name: tensor.tolist() for name, tensor in sorted(load_file(sys.argv[1]).items())})
)"),
                                             {path});
        QCOMPARE(printed.trimmed(),
                 QByteArray("{'0': [[1.5, -2.0, 3.0]], '0.ids': [7, -8], 'odd': [1, 2, 3]}"));
    }
};

QTEST_GUILESS_MAIN(SafetensorsPeerTest)
#include "safetensors_peer_test.moc"
