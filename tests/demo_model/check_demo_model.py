# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the demo model the held-out questions with transformers, in fp32 on the CPU, greedily.

    python check_demo_model.py              accuracy of each kind; exit status 1 if one is too low
    python check_demo_model.py --write      also writes expected.jsonl, which the C++ engine is compared with

Three controls say how much a right answer owes to the picture: a blank grey picture, no picture at all,
and the pictures of another question of the same kind.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoProcessor, Gemma3ForConditionalGeneration

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "resources" / "demo-model"
DEMO_DATA = HERE.parent.parent / "resources" / "demo-data"
BATCH = 32
LEAST_OVERALL, LEAST_KIND, MOST_BLIND = 0.90, 0.80, 0.35


class DemoModel:
    def __init__(self, folder: Path):
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model, report = Gemma3ForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True)
        assert not any(report.values()), report
        self.model.eval()

    def answer(self, conversations: list) -> list:
        """The answers to conversations that all have the same number of pictures."""
        inputs = self.processor.apply_chat_template(
            conversations, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
            processor_kwargs={"padding": True})
        with torch.no_grad():
            ids = self.model.generate(**inputs, max_new_tokens=64, do_sample=False)
        return self.processor.batch_decode(ids[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True)


def pictures_of(messages: list) -> list:
    return [part["path"] for message in messages for part in message["content"] if part["type"] == "image"]


def with_pictures(messages: list, pictures: list) -> list:
    """The messages with these pictures in place of theirs; one too few leaves the picture out."""
    left = list(pictures)
    result = []
    for message in messages:
        content = []
        for part in message["content"]:
            if part["type"] == "text":
                content.append(part)
            elif left:
                content.append({"type": "image", "image": left.pop(0)})
        result.append({"role": message["role"], "content": content})
    return result


def load(path: str) -> Image.Image:
    return Image.open(HERE / path).convert("RGB")


def controls(lines: list, index: int) -> dict:
    """The pictures of each way to ask question `index`."""
    line = lines[index]
    paths = pictures_of(line["messages"])
    ways = {"with": [load(path) for path in paths]}
    if paths:
        same_kind = [other for other in lines if other["kind"] == line["kind"]]
        other = same_kind[(same_kind.index(line) + len(same_kind) // 2) % len(same_kind)]
        ways["blank"] = [Image.new("RGB", (96, 96), (128, 128, 128)) for _ in paths]
        ways["none"] = []
        ways["swapped"] = [load(path) for path in pictures_of(other["messages"])]
    return ways


def ask_all(model: DemoModel, lines: list, blind: bool) -> tuple:
    """The answers as {way: {index of the question: answer}}, and the seconds that one takes."""
    waiting = defaultdict(list)  # by way and number of pictures
    for index, line in enumerate(lines):
        for way, pictures in controls(lines, index).items():
            if way == "with" or blind:
                waiting[way, len(pictures)].append((index, with_pictures(line["messages"], pictures)))
    answers, begin = defaultdict(dict), time.time()
    for (way, _), asked in waiting.items():
        for at in range(0, len(asked), BATCH):
            batch = asked[at:at + BATCH]
            for (index, _), answer in zip(batch, model.answer([messages for _, messages in batch])):
                answers[way][index] = answer
    return answers, (time.time() - begin) / sum(map(len, answers.values()))


def judge(lines: list, answers: dict) -> dict:
    """Right or wrong as {kind: {way: [bool]}}; prints the wrong answers."""
    right = defaultdict(lambda: defaultdict(list))
    for way, given in answers.items():
        for index, answer in sorted(given.items()):
            line = lines[index]
            right[line["kind"]][way].append(answer == line["answer"])
            if way == "with" and answer != line["answer"]:
                question = line["messages"][-1]["content"][-1]["text"]
                print(f"{line['kind']}: {question} -> {answer} (right: {line['answer']})")
    return right


def share(values: list) -> float:
    return sum(values) / len(values)


def report(right: dict) -> bool:
    """Prints the table; whether every threshold holds."""
    ways = ["with", "blank", "none", "swapped"]
    print(f"{'kind':16}{'n':>5}" + "".join(f"{way:>9}" for way in ways))
    total = {way: [value for kind in right.values() for value in kind.get(way, [])] for way in ways}
    for kind, by_way in [*right.items(), ("all", total)]:
        cells = "".join(f"{share(by_way[way]):9.3f}" if by_way.get(way) else f"{'':>9}" for way in ways)
        print(f"{kind:16}{len(by_way['with']):5}{cells}")
    good = share(total["with"]) >= LEAST_OVERALL
    good = good and all(share(kind["with"]) >= LEAST_KIND for kind in right.values())
    return good and all(share(total[way]) <= MOST_BLIND for way in ways[1:] if total[way])


def ask_demo_questions(model: DemoModel) -> None:
    picture = Image.open(DEMO_DATA / "picture.png").convert("RGB")
    for question in (DEMO_DATA / "questions.txt").read_text(encoding="utf-8").splitlines():
        content = [{"type": "image", "image": picture}, {"type": "text", "text": question}]
        print(question, "->", model.answer([[{"role": "user", "content": content}]])[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true", help="without the controls")
    arguments = parser.parse_args()
    lines = [json.loads(line) for line in (HERE / "heldout.jsonl").read_text(encoding="utf-8").splitlines()]
    model = DemoModel(arguments.model)
    answers, seconds = ask_all(model, lines, not arguments.quick)
    good = report(judge(lines, answers))
    print(f"{seconds:.3f} s for an answer")
    ask_demo_questions(model)
    if arguments.write:
        text = "".join(json.dumps({"index": i, "kind": line["kind"], "answer": answers["with"][i]},
                                  ensure_ascii=False) + "\n" for i, line in enumerate(lines))
        (HERE / "expected.jsonl").write_text(text, encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
