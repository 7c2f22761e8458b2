// Folders that the real `energon prepare` makes (megatron-energon from PyPI), against what energon's own
// loader gives.

#include "core/data/energon_folder.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <nlohmann/json.hpp>

#include <QFile>
#include <QTemporaryDir>

#include <fstream>

using namespace facet::core;

namespace {

// Makes DIR/vqa, DIR/caption, ... with `energon prepare`, and prints what energon's loader reads of split
// train.
const char* const kEnergon =
    "import hashlib, io, json, pathlib, subprocess, sys, tarfile\n"
    "from PIL import Image\n"
    "root = pathlib.Path(sys.argv[1])\n"
    "def picture(n):\n"
    "    out = io.BytesIO(); Image.new('RGB', (8, 8), (n * 7 % 256, n, 0)).save(out, 'PNG'); return "
    "out.getvalue()\n"
    "def write(name, rows, shards=4, fmt=tarfile.GNU_FORMAT, deep=''):\n"
    "    (root / name / 'shards').mkdir(parents=True)\n"
    "    each = len(rows) // shards\n"
    "    for s in range(shards):\n"
    "        with tarfile.open(root / name / 'shards' / f'part_{s:03d}.tar', 'w', format=fmt) as tar:\n"
    "            for i, row in enumerate(rows[s * each:(s + 1) * each]):\n"
    "                for ext, data in row.items():\n"
    "                    info = tarfile.TarInfo(f'{deep}{s * each + i:06d}.{ext}'); info.size = len(data)\n"
    "                    tar.addfile(info, io.BytesIO(data))\n"
    "def prepare(name, kind, fields, more=()):\n"
    "    subprocess.run([sys.executable, '-m', 'megatron.energon.cli.main', 'prepare', str(root / name), "
    "'--non-interactive', '--num-workers', '1',\n"
    "        '--sample-type', kind, '--field-map', json.dumps(fields), *more], check=True, "
    "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    "j = lambda value: json.dumps(value).encode()\n"
    "N = 16\n"
    "ratio = ('--split-ratio', '2,1,1')\n"
    "write('vqa', [{'png': picture(n), 'json': j({'q': f'What is {n}?', 'a': [f'no {n}', f'yes {n}'], 'w': "
    "[0.25, 0.75]})} for n in range(N)], deep='a.b/' + 'long/' * 30, fmt=tarfile.PAX_FORMAT)\n"
    "prepare('vqa', 'VQASample', {'image': 'jpg,png', 'context': 'json[q]', 'answers': 'json[a]', "
    "'answer_weights': 'json[w]'}, ratio)\n"
    "write('caption', [{'png': picture(n), 'txt': f'caption {n}'.encode()} for n in range(N)], deep='x/' * "
    "60)\n"
    "prepare('caption', 'CaptioningSample', {'image': 'png', 'caption': 'txt'}, ratio)\n"
    "write('ocr', [{'png': picture(n), 'txt': f'text {n}'.encode()} for n in range(N)])\n"
    "prepare('ocr', 'OCRSample', {'image': 'png', 'text': 'txt'}, ratio)\n"
    "write('text', [{'txt': f'words {n}'.encode()} for n in range(N)], fmt=tarfile.USTAR_FORMAT)\n"
    "prepare('text', 'TextSample', {'text': 'txt'}, ratio)\n"
    "write('choice', [{'png': picture(n), 'json': j({'q': f'Which {n}?', 'c': ['red', 'blue', 'green'], 'i': "
    "n % 3})} for n in range(N)])\n"
    "prepare('choice', 'MultiChoiceVQASample', {'image': 'png', 'context': 'json[q]', 'choices': 'json[c]', "
    "'correct_choice_idx': 'json[i]'}, ratio)\n"
    "write('interleaved', [{'0.png': picture(n), 'json': j([f'before {n}', '0.png', f'after {n}'])} for n in "
    "range(N)])\n"
    "prepare('interleaved', 'InterleavedSample', {'sequence': 'json'}, ratio)\n"
    "text = (root / 'text/.nv-meta/split.yaml').read_text()\n"
    "(root / 'text/.nv-meta/split.yaml').write_text(text.replace('exclude: []', 'exclude: "
    "[shards/part_000.tar]'))\n"
    "from megatron.energon import get_train_dataset, WorkerConfig, DefaultTaskEncoder, get_loader\n"
    "from megatron.energon.flavors.webdataset.metadata import WebdatasetMeta\n"
    "from megatron.energon.epathlib import EPath\n"
    "from megatron.energon import get_val_dataset, basic_sample_keys\n"
    "import torch\n"
    "answers = {}\n"
    "for name in ('vqa', 'caption', 'ocr', 'text', 'choice', 'interleaved'):\n"
    "    data = get_val_dataset(str(root / name), split_part='train', worker_config=WorkerConfig(rank=0, "
    "world_size=1, num_workers=0), batch_size=None, task_encoder=DefaultTaskEncoder())\n"
    "    rows = []\n"
    "    for sample in get_loader(data):\n"
    "        row = {'key': sample.__key__}\n"
    "        for field in ('context', 'answers', 'caption', 'text', 'choices', 'correct_choice_idx', "
    "'sequence', "
    "'answer_weights'):\n"
    "            value = getattr(sample, field, None)\n"
    "            if isinstance(value, torch.Tensor): value = value.tolist()\n"
    "            if value is not None: row[field] = value\n"
    "        if hasattr(sample, 'image'):\n"
    "            row['green'] = round(float(sample.image[1, 0, 0]) * 255)\n"
    "        rows.append(row)\n"
    "    answers[name] = rows\n"
    "print(json.dumps(answers))\n";

std::string textOf(const std::vector<ContentPart>& content)
{
    std::string text;
    for (const ContentPart& part : content)
        if (const auto* each = std::get_if<TextPart>(&part))
            text += each->text;
    return text;
}

}  // namespace

class EnergonFolderPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!hasPythonPackages("megatron.energon"))
            QSKIP("no .venv/bin/python with megatron-energon");
        const QByteArray output = runPython(QString::fromUtf8(kEnergon), {m_folder.path()});
        m_theirs = nlohmann::json::parse(output.toStdString(), nullptr, false);
        QVERIFY(m_theirs.is_object());
    }

    void energonsLoaderReadsTheSameSamples_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"vqa", "caption", "ocr", "text", "choice", "interleaved"})
            QTest::newRow(name) << name;
    }
    void energonsLoaderReadsTheSameSamples()
    {
        QFETCH(QString, name);
        const Result<EnergonFolder> folder = EnergonFolder::open(path(name));
        QVERIFY2(folder, reason(folder));
        const nlohmann::json& theirs = m_theirs[name.toStdString()];
        QCOMPARE(static_cast<size_t>(folder->numSamples()), theirs.size());
        QVERIFY(folder->numSamples() >= 4);
        for (int64_t i = 0; i < folder->numSamples(); ++i) {
            const nlohmann::json& row = theirs[static_cast<size_t>(i)];
            QVERIFY2(row["key"].get<std::string>().ends_with(folder->keyOf(i)), row.dump().c_str());
            const Result<DataSample> sample = folder->sample(i);
            QVERIFY2(sample, reason(sample));
            if (name == "text") {
                QCOMPARE(textOf(sample->document), row["text"].get<std::string>());
                continue;
            }
            const std::vector<ContentPart>& content =
                name == "interleaved" ? sample->document : sample->messages[0].content;
            const auto* picture = std::get_if<ImagePart>(&content[name == "interleaved" ? 1 : 0]);
            QVERIFY(picture);
            const Result<std::string> bytes = readSource(picture->source);
            QVERIFY2(bytes, reason(bytes));
            QVERIFY(bytes->starts_with("\x89PNG"));
            if (name == "interleaved") {
                QCOMPARE(textOf(content),
                         row["sequence"][0].get<std::string>() + row["sequence"][2].get<std::string>());
                continue;
            }
            const std::string answer = textOf(sample->messages[1].content);
            const std::string asked = textOf(sample->messages[0].content);
            if (name == "vqa") {
                QCOMPARE(asked, row["context"].get<std::string>());
                QCOMPARE(answer, row["answers"][1].get<std::string>());  // it has the larger weight
            } else if (name == "choice") {
                QVERIFY(asked.starts_with(row["context"].get<std::string>() + "\nA. red\nB. blue\nC. green"));
                QVERIFY(answer.ends_with(
                    row["choices"][row["correct_choice_idx"].get<size_t>()].get<std::string>()));
            } else {
                QCOMPARE(answer, row[name == "ocr" ? "text" : "caption"].get<std::string>());
            }
        }
    }

    void splitsAndCrudeFoldersAreUnderstood()
    {
        const Result<EnergonFolder> test =
            EnergonFolder::open(path("vqa"), {.split = "test", .fieldMap = {}});
        QVERIFY2(test, reason(test));
        QCOMPARE(test->numSamples(), 4);
        QVERIFY(EnergonFolder::open(path("vqa"), {.split = "tset", .fieldMap = {}})
                    .error()
                    .message.find("did you mean \"test\"?") != std::string::npos);

        std::ofstream(path("vqa") / ".nv-meta/dataset.yaml")
            << "__module__: megatron.energon\n__class__: CrudeWebdataset\n";
        QVERIFY(EnergonFolder::open(path("vqa")).error().message.find("give a field map") !=
                std::string::npos);
        const Result<EnergonFolder> crude = EnergonFolder::open(
            path("vqa"), {.split = "train",
                          .fieldMap = {{"image", "png"}, {"context", "json[q]"}, {"answers", "json[a][0]"}}});
        QVERIFY2(crude, reason(crude));
        QCOMPARE(textOf(crude->sample(0)->messages[1].content), std::string("no 0"));
        std::ofstream(path("vqa") / ".nv-meta/dataset.yaml")
            << "sample_type:\n  __class__: VQASample\nsample_loader: x.py:f\n";
        QVERIFY(EnergonFolder::open(path("vqa")).error().message.find("is Python and is not run") !=
                std::string::npos);
    }

private:
    std::filesystem::path path(const QString& name) const { return m_folder.filePath(name).toStdString(); }

    QTemporaryDir m_folder;
    nlohmann::json m_theirs;
};

QTEST_GUILESS_MAIN(EnergonFolderPeerTest)
#include "energon_folder_peer_test.moc"
