// Folders that `data prepare` makes, opened by the real energon (megatron-energon from PyPI): it reads every
// sample as it stands in the file of rows, and its own `energon prepare` makes the same index of our tar
// files.

#include "tests/core/data/prepare_case.h"
#include "tests/support/python.h"

#include <nlohmann/json.hpp>

using namespace facet::core;

namespace {

constexpr int kRows = 17;

const char* const kEnergon = R"(
import json, pathlib, shutil, sqlite3, subprocess, sys
import numpy, torch
from PIL import Image
from megatron.energon import Cooker, DefaultTaskEncoder, WorkerConfig, get_loader, get_val_dataset, stateless

root = pathlib.Path(sys.argv[1])

@stateless
def as_it_is(sample):
    return sample

class Encoder(DefaultTaskEncoder):
    cookers = [Cooker(as_it_is)]

def rows_of(name):
    return [json.loads(line) for line in (root / (name + '.jsonl')).read_text().splitlines()]

def pixels(path):
    return numpy.asarray(Image.open(root / path).convert('RGB'))

def same_pixels(image, path):
    image = numpy.asarray(image.permute(1, 2, 0) if isinstance(image, torch.Tensor) else image)
    if image.dtype != numpy.uint8:
        image = (image * 255).round().astype(numpy.uint8)
    assert numpy.array_equal(image, pixels(path)), path

def read(folder, split):
    data = get_val_dataset(str(folder), split_part=split, batch_size=None, task_encoder=Encoder(),
                           worker_config=WorkerConfig(rank=0, world_size=1, num_workers=0))
    return list(get_loader(data))

def compare(name, row, sample):
    if name == 'vqa':
        assert sample.context == row['conversations'][0]['value'], sample.context
        assert sample.answers == [row['conversations'][1]['value']], sample.answers
        same_pixels(sample.image, row['image'])
    elif name == 'vqa behind':
        assert sample.context == row['messages'][0]['content'] and sample.answers == ['']
        same_pixels(sample.image, row['images'][0])
    elif name == 'caption':
        assert sample.caption == row['completion'], sample.caption
        same_pixels(sample.image, row['image'])
    elif name == 'text':
        assert sample.text == row['text'], sample.text
    else:
        said = sample['json']['messages']
        texts, pictures = [], []
        for message in said:
            content = message['content']
            for part in [{'type': 'text', 'text': content}] if isinstance(content, str) else content:
                if part['type'] == 'text':
                    texts.append(part['text'])
                else:
                    pictures.append(sample[part['image_url']['url']])
        if name == 'two pictures':
            assert texts == ['Be brief.', 'and', '', row['messages'][2]['content'], '<image>?', 'Yes.'], texts
            same_pixels(pictures[0], row['messages'][1]['content'][0]['path'])
            same_pixels(pictures[1], 'pictures/001.png')
        elif name == 'without pictures':
            assert texts == [row['input'], row['output']] and not pictures
        else:
            assert texts == [row['instruction'], row['output']]
            assert len(pictures) == ('image' in row)
            for picture in pictures:
                same_pixels(picture, row['image'])

def index_of(folder):
    counts = json.loads((folder / '.nv-meta/.info.json').read_text())['shard_counts']
    names = list(counts)
    with sqlite3.connect(folder / '.nv-meta/index.sqlite') as db:
        def rows(table):
            return sorted((names[row[0]], *row[1:]) for row in db.execute('SELECT * FROM ' + table))
        def plain(sql):
            return ''.join(sql.replace('IF NOT EXISTS', '').split())
        schema = {plain(sql) for (sql,) in db.execute('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL')}
        return (schema, rows('samples'), rows('sample_parts'), counts,
                {path.name: path.read_bytes() for path in (folder / 'shards').glob('*.idx')})

answer = {}
for name in sys.argv[2].split(','):
    folder = root / ('energon ' + name)
    rows = rows_of(name)
    samples = read(folder, 'train') + read(folder, 'val')
    for sample in samples:
        key = sample['__key__'] if isinstance(sample, dict) else sample.__key__
        compare(name, rows[int(key.split('/')[-1])], sample)
    answer[name] = [len(rows), len(samples)]
    if name != 'vqa':
        continue
    copy = root / 'copy'
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / '.nv-meta')
    for p in (copy / 'shards').glob('*.idx'):
        p.unlink()
    kind = ['--sample-type', 'TextSample', '--field-map', '{"text": "txt"}']
    subprocess.run([sys.executable, '-m', 'megatron.energon.cli.main', 'prepare', str(copy), '--non-interactive',
                    '--split-ratio', '1,0,0', '--num-workers', '1', *kind], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for ours, theirs in zip(index_of(folder), index_of(copy)):
        assert ours == theirs, (ours, theirs)
    shutil.rmtree(copy)
print(json.dumps(answer))
)";

}  // namespace

class EnergonWriterPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void energonReadsEverySampleWeWrote()
    {
        if (!hasPythonPackages("megatron.energon"))
            QSKIP("no .venv/bin/python with megatron-energon");
        const QTemporaryDir folder;
        qputenv("FACET_HOME", folder.filePath("home").toUtf8());
        QStringList names;
        for (const PrepareCase& each : prepareCases()) {
            PrepareOptions options;
            options.splits = {{"train", 2}, {"val", 1}};
            options.shardBytes = 9000;  // several tar files
            const Result<PreparedFolder> prepared =
                prepareEnergonFolder(openIndexed(writeRows(folder, each, kRows)),
                                     folder.filePath(QString("energon ") + each.name).toStdString(), options);
            QVERIFY2(prepared, reason(prepared));
            names << each.name;
        }
        const QByteArray output = runPython(QString::fromUtf8(kEnergon), {folder.path(), names.join(',')});
        const nlohmann::json theirs = nlohmann::json::parse(output.toStdString(), nullptr, false);
        QVERIFY(theirs.is_object());
        for (const PrepareCase& each : prepareCases()) {
            const nlohmann::json& counts = theirs[each.name];
            QVERIFY2(counts.is_array() && counts[0] == counts[1] && counts[0] >= kRows,
                     counts.dump().c_str());
        }
    }
};

QTEST_GUILESS_MAIN(EnergonWriterPeerTest)
#include "energon_writer_peer_test.moc"
