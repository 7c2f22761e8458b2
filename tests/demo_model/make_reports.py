# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes resources/demo-data/reports/: a lesson for the demo model, in a skill that it does not have.

    python make_reports.py

Asked for a report of a picture of one shape, it is to say all at once: "There is one red star at the top left." All of
these words are ones that it has said before: rows of the embedding table that pretraining never used are too short for
any hidden state to make them likely, and LoRA leaves the table as it is. One row in three of train.jsonl is an old question,
so that old skills are kept. The pictures of heldout.jsonl are new, and a third of them show a (shape, colour) pair of which
train.jsonl has no report.
"""

import json
import random
import shutil
from pathlib import Path

from questions import PICTURE_KINDS
from scenes import COLOUR_NAMES, SHAPES, draw_scene, make_scene

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "demo-data" / "reports"
SEED = 20261125
QUESTIONS = ["Give a full report.", "Write a report of this picture.", "Please report all that you see.", "Report.",
             "I need a report.", "Make a report.", "Report what is in the picture.", "Now give me the full report."]
TRAIN, OLD, HELD_OUT = 256, 144, 120


def report(thing):
    return f"There is one {thing.colour} {thing.name} {thing.place}."


def is_new_pair(shape, colour):
    """One pair in eight, each shape and each colour once."""
    return (SHAPES.index(shape) * 3 + 1) % 8 == COLOUR_NAMES.index(colour)


def scene_of(rng, shape, colour):
    while True:
        scene = make_scene(rng, [(shape, colour, rng.choice(["small", "medium", "large"]))], train=True)
        if scene:
            return scene


class Writer:
    def __init__(self, rng):
        self.rng, self.count = rng, 0

    def row(self, question, text, scenes):
        parts = []
        for scene in scenes:
            name = f"pictures/{self.count:03}.png"
            self.count += 1
            draw_scene(scene, self.rng).save(FOLDER / name, optimize=True)
            parts.append({"type": "image", "path": name})
        return {"messages": [{"role": "user", "content": parts + [{"type": "text", "text": question}]},
                             {"role": "assistant", "content": text}]}

    def reports(self, pairs, count):
        rows = []
        for index in range(count):
            scene = scene_of(self.rng, *pairs[index % len(pairs)])
            rows.append(self.row(self.rng.choice(QUESTIONS), report(scene.things[0]), [scene]))
        return rows

    def old(self, count):
        rows = []
        for index in range(count):
            turn = PICTURE_KINDS[index % len(PICTURE_KINDS)](self.rng, True).turns[0]
            rows.append(self.row(turn.question, turn.answer, turn.scenes))
        return rows


def main():
    rng = random.Random(SEED)
    shutil.rmtree(FOLDER / "pictures", ignore_errors=True)
    (FOLDER / "pictures").mkdir(parents=True)
    writer = Writer(rng)
    pairs = [(shape, colour) for shape in SHAPES for colour in COLOUR_NAMES]
    new, known = [p for p in pairs if is_new_pair(*p)], [p for p in pairs if not is_new_pair(*p)]
    for each in (new, known):
        rng.shuffle(each)
    train = writer.reports(known, TRAIN) + writer.old(OLD)
    rng.shuffle(train)
    held_out = writer.reports(new, HELD_OUT // 3) + writer.reports(known, HELD_OUT - HELD_OUT // 3)
    for name, rows in (("train.jsonl", train), ("heldout.jsonl", held_out)):
        (FOLDER / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
