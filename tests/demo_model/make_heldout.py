# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the held-out questions and their pictures, and the demo picture of `./dev run`.

    python make_heldout.py        rewrites heldout.jsonl, heldout/*.png and resources/demo-data
"""

import json
import random
import shutil
from pathlib import Path

import chatter
import questions
from batches import make_recall
from scenes import Scene, Thing, draw_scene

HERE = Path(__file__).resolve().parent
DEMO_DATA = HERE.parent.parent / "resources" / "demo-data"
SEED = 20_000
EACH = 60  # questions of a kind

DEMO_THINGS = [("circle", "red", 0, 0.125), ("star", "yellow", 2, 0.14), ("heart", "pink", 4, 0.13),
               ("square", "blue", 6, 0.12), ("triangle", "green", 8, 0.13)]
DEMO_QUESTIONS = ["What colour is the star?", "How many shapes are there?", "Where is the green triangle?"]


def save_picture(scene, rng, path: Path) -> None:
    """A palette of 32 colours is enough for flat shapes with smooth edges."""
    picture = draw_scene(scene, rng).quantize(32)
    picture.save(path, optimize=True)


def as_messages(conversation, paths: list) -> list:
    messages = []
    for index, turn in enumerate(conversation.turns):
        images = [{"type": "image", "path": path} for path in paths] if index == 0 else []
        messages.append({"role": "user", "content": [*images, {"type": "text", "text": turn.question}]})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": turn.answer}]})
    return messages[:-1]  # the last answer is the one to give


def write_heldout(folder: Path) -> None:
    rng = random.Random(SEED)
    shutil.rmtree(folder / "heldout", ignore_errors=True)
    (folder / "heldout").mkdir()
    lines = []
    for maker in [*questions.PICTURE_KINDS, make_recall, questions.no_picture_question]:
        for number in range(EACH if maker in questions.PICTURE_KINDS else 20):
            conversation = maker(rng, False)
            paths = []
            for slot, scene in enumerate(conversation.turns[0].scenes):
                name = f"{conversation.kind.replace(' ', '-')}-{number:02}{'ab'[slot]}.png"
                save_picture(scene, rng, folder / "heldout" / name)
                paths.append(f"heldout/{name}")
            lines.append({"kind": conversation.kind, "messages": as_messages(conversation, paths),
                          "answer": conversation.turns[-1].answer})
    for question, answer in [("Hello!", chatter.GREETING), ("Who are you?", chatter.ABOUT),
                             ("What can you do?", chatter.ABOUT), ("Thank you!", "You are welcome!"),
                             ("Tell me about a holiday by the sea.", chatter.ABOUT)]:
        lines.append({"kind": "small talk", "answer": answer, "messages": [
            {"role": "user", "content": [{"type": "text", "text": question}]}]})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "heldout.jsonl").write_text(text, encoding="utf-8")
    print(len(lines), "questions")


def write_demo_picture(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    things = [Thing(shape, colour, "medium", cell, (cell % 3 + 0.5) / 3, (cell // 3 + 0.5) / 3, radius, 0.0)
              for shape, colour, cell, radius in DEMO_THINGS]
    save_picture(Scene(things, (246, 243, 235), 448, 448), random.Random(5), folder / "picture.png")
    (folder / "questions.txt").write_text("\n".join(DEMO_QUESTIONS) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_heldout(HERE)
    write_demo_picture(DEMO_DATA)
