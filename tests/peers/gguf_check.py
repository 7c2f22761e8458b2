"""Holds our GGUF files against llama.cpp and against the model that they were made from.

    gguf_check.py --engine FACET_ENGINE --model demo|FOLDER --work DIR [--picture IMAGE] [--limit-kl 1e-3]

Exports the model as f32, bf16 and q8_0. Of f32 and bf16 llama.cpp's 64 greedy tokens have to be those that we find best, one by
one. Of q8_0 every byte has to be what ggml's own quantizer makes of the f32 file, and the mean KL from our own logits of the
checkpoint small: at most the limit where we read the file, ten times that where llama.cpp does, whose products of 8 bits cost more
than the file's weights (demo model: 5e-4 and 1e-3; 270M: 7e-4 and 3.3e-3). The bf16 file then goes back to a Hugging Face folder,
whose tensors must have every bit of the original's. With a picture of the size that the tower wants, what llama.cpp's CLIP makes of
it must be what transformers makes of it. One line of JSON each; exit code 1 if one is wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parent))
import llama_gguf

PROMPTS = ["The capital of France is", "Once upon a time there was a", "def fibonacci(n):\n", "Water boils at"]
TEXTS = [
    "The lighthouse stood on the last rock before the open sea, and for eighty years somebody had climbed its stairs every evening "
    "to light the lamp. When the railway came, the harbour grew, and the ships no longer needed to be told where the land began.",
    "To bake bread you need flour, water, salt and time. Mix the flour with two thirds of its weight in water, knead it for ten "
    "minutes, cover it with a cloth, and wait until it has doubled. Then fold it, shape it, and bake it in a very hot oven.",
    "import math\n\ndef area(radius: float) -> float:\n    \"\"\"The area of a circle.\"\"\"\n    if radius < 0:\n        raise "
    "ValueError(\"a radius is not negative\")\n    return math.pi * radius ** 2\n\nprint(area(2))\n",
    "Die Elbe entspringt im Riesengebirge, fließt durch Prag nicht, wohl aber durch Dresden und Magdeburg, und mündet nach mehr als "
    "tausend Kilometern bei Cuxhaven in die Nordsee. Auf ihr fahren Schiffe bis Hamburg und weiter.",
]
# A lead below this may fall either way: llama.cpp keeps keys and values in float16, and beside bfloat16 weights rounds activations
# to bfloat16, too.
ROUNDING = {"f32": 0.02, "bf16": 0.1}


class Check:
    def __init__(self, arguments):
        self.engine, self.model, self.work = arguments.engine, arguments.model, arguments.work
        self.failed = False

    def run(self, *words):
        subprocess.run([self.engine, *map(str, words)], check=True, stdout=sys.stderr)

    def say(self, what, is_right, **numbers):
        self.failed = self.failed or not is_right
        print(json.dumps({"check": what, "right": is_right, **numbers}), flush=True)

    def export(self, kind):
        path = self.work / f"model-{kind}.gguf"
        self.run("export", self.model, "--format", "gguf", "--type", kind, "--out", path, "--overwrite")
        return path

    def our_logits(self, rows, model=None):
        source, out = self.work / "ids.jsonl", self.work / "ours.safetensors"
        source.write_text("".join(json.dumps({"tokens": ids}) + "\n" for ids in rows))
        self.run("score", "-m", model or self.model, "--device", "cpu", "--input", source, "--out", out)
        return load_file(out)

    def greedy(self, kind, llama):
        """Our best token behind each prefix of theirs: if all agree, greedy decoding is the same."""
        prompts = [llama.tokenize(text) for text in PROMPTS]
        theirs = [llama.greedy(ids, 64) for ids in prompts]
        ours = self.our_logits([ids + answer["ids"] for ids, answer in zip(prompts, theirs)])
        equal, close, wrong = 0, 0, 0
        for i, (ids, answer) in enumerate(zip(prompts, theirs)):
            rows = ours[str(i)][len(ids) - 1:-1]
            for row, token in zip(rows, answer["ids"]):
                lead = (row.max() - row[token]).item()
                equal += lead == 0
                close += 0 < lead <= ROUNDING[kind]
                wrong += lead > ROUNDING[kind]
        self.say(f"greedy {kind}", wrong == 0, equal=equal, within_rounding=close, wrong=wrong)

    def kl(self, kind, llama, limit):
        rows = [llama.tokenize(text) for text in TEXTS]
        ours = self.our_logits(rows)
        all_kl = []
        for i, ids in enumerate(rows):
            a = ours[str(i)].double().log_softmax(-1)
            b = torch.from_numpy(llama.logits(ids)).double().log_softmax(-1)
            all_kl.append((a.exp() * (a - b)).sum(-1))
        every = torch.cat(all_kl)
        self.say(f"kl {kind}", every.mean().item() <= limit, mean=every.mean().item(), largest=every.max().item(),
                 tokens=len(every))

    def kl_of_file(self, kind, path, llama, limit):
        """What the file itself costs: we read it, too. llama.cpp's own products of 8 bits add to that (kl)."""
        rows = [llama.tokenize(text) for text in TEXTS]
        ours, of_file = self.our_logits(rows), self.our_logits(rows, path)
        every = []
        for i in map(str, range(len(rows))):
            a, b = ours[i].double().log_softmax(-1), of_file[i].double().log_softmax(-1)
            every.append((a.exp() * (a - b)).sum(-1))
        mean = torch.cat(every).mean().item()
        self.say(f"kl of the file {kind}", mean <= limit, mean=mean)

    def quantizer(self, plain, quantized):
        """Every quantized tensor has the bytes that ggml's own quantizer makes of the plain file's numbers."""
        from gguf import GGMLQuantizationType, GGUFReader
        numbers = {tensor.name: tensor.data for tensor in GGUFReader(plain).tensors}
        equal, different = 0, []
        for tensor in GGUFReader(quantized).tensors:
            if tensor.tensor_type == GGMLQuantizationType.F32:
                continue
            theirs = llama_gguf.quantized(numbers[tensor.name], tensor.tensor_type)
            same = theirs.tobytes() == tensor.data.tobytes()
            equal += same
            different += [] if same else [tensor.name]
        self.say("quantizer", equal > 0 and not different, equal=equal, different=different[:5])

    def way_back(self, path):
        folder = self.work / "back"
        self.run("export", path, "--format", "hf", "--out", folder)
        original = {}
        source = Path(self.model) if Path(self.model).is_dir() else llama_gguf.ROOT / "resources/demo-model"
        for file in sorted(source.glob("*.safetensors")):
            original |= load_file(file)
        back = load_file(folder / "model.safetensors")
        tail = lambda name: name.replace("vision_model.", "").replace("language_model.", "").replace("model.", "")
        back = {tail(name): tensor for name, tensor in back.items()}
        different = [name for name, tensor in original.items()
                     if tail(name) not in back or not torch.equal(tensor.view(torch.int16), back[tail(name)].view(torch.int16))]
        self.say("way back", not different and len(original) == len(back), tensors=len(back), different=different[:5])

    def tokenizer(self, llama):
        """transformers reads the folder that the way back gave, and cuts texts as llama.cpp does."""
        from transformers import AutoTokenizer
        tokenizer = AutoTokenizer.from_pretrained(self.work / "back")
        texts = PROMPTS + TEXTS
        different = [text for text in texts if tokenizer(text)["input_ids"] != llama.tokenize(text)]
        self.say("tokenizer", not different, texts=len(texts), different=different[:2])

    def picture(self, llama, path, image):
        from PIL import Image
        from transformers import AutoModelForImageTextToText
        theirs = torch.from_numpy(llama.picture(path.with_name("mmproj-" + path.name), image))
        model = AutoModelForImageTextToText.from_pretrained(self.work / "back", dtype=torch.float32)
        pixels = torch.tensor(list(Image.open(image).convert("RGB").getdata()), dtype=torch.float32)
        side = int(len(pixels) ** 0.5)
        pixels = (pixels.reshape(1, side, side, 3).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
        with torch.no_grad():
            features = model.model.get_image_features(pixels)
        features = getattr(features, "pooler_output", features)
        features = features[0] if isinstance(features, (list, tuple)) else features.reshape(theirs.shape)
        difference = (features - theirs).norm().item() / features.norm().item()
        self.say("picture", difference < 1e-2, relative_difference=difference, shape=list(theirs.shape))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--limit-kl", type=float, default=1e-3)
    arguments = parser.parse_args()
    arguments.work = Path(tempfile.mkdtemp(dir=arguments.work))
    check = Check(arguments)
    for kind in ("f32", "bf16"):
        path = check.export(kind)
        llama = llama_gguf.Model(path)
        check.greedy(kind, llama)
        check.kl(kind, llama, arguments.limit_kl)
    check.way_back(path)
    check.tokenizer(llama)
    if arguments.picture:
        check.picture(llama, path, arguments.picture)
    plain = path.with_name("model-f32.gguf")
    path = check.export("q8_0")
    check.quantizer(plain, path)
    llama = llama_gguf.Model(path)
    check.kl_of_file("q8_0", path, llama, arguments.limit_kl)
    check.kl("q8_0", llama, 10 * arguments.limit_kl)  # it rounds activations to 8 bits
    sys.exit(check.failed)


if __name__ == "__main__":
    main()
