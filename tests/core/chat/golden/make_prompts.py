"""Writes prompts.json: conversations with the text and the ids that transformers makes of them.

    .venv/bin/python tests/core/chat/golden/make_prompts.py [COUNT TOKENIZER_FOLDER OUT [TEMPLATE_FOLDER]]

Template: Gemma 3's own, of ../shared/data/gemma3_tokenizer/tokenizer_config.json (Google's text, not kept here), or that
of TEMPLATE_FOLDER.
Tokenizer: tests/core/tokenizer/golden/tiny, so the numbers are small; chat_peer_test asks for the real one.
Ids of pictures: Gemma3Processor's full_image_sequence, 4 image tokens each; what it does is written out below, as the
processor itself wants real pictures. Made with transformers 5.17.
"""

import json
import pathlib
import random
import sys

from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
SHARED = ROOT.parent / "shared/data/gemma3_tokenizer"
TOKENS_PER_IMAGE = 4
IMAGE = "\n\n<start_of_image>" + "<image_soft_token>" * TOKENS_PER_IMAGE + "<end_of_image>\n\n"
WORDS = ["free", "software", "The", "licence", "What is this?", "naïve", "日本語", "🙂", "1234", "don't", "<table>",
         "code:\n\n    x = 1", "a\tb", "{{ x }}", "'quoted'"]
SPACES = ["", " ", "  ", "\n", "\n\n", "\n\n\n", "\t", "\u00a0", "\u3000", "\u2003", "\x1c", "\x85", "\u200b", "\r\n"]


def text(rng):
    words = [rng.choice(WORDS) + rng.choice([" ", " ", "\n", "\n\n"]) for _ in range(rng.randrange(0, 5))]
    return rng.choice(SPACES) + rng.choice(SPACES) + "".join(words) + rng.choice(SPACES) + rng.choice(SPACES)


def content(rng, images):
    if rng.random() < 0.4:
        return text(rng)
    parts = []
    for _ in range(rng.randrange(1, 5)):
        if images and rng.random() < 0.4:
            parts.append({"type": "image", "path": f"{rng.randrange(100)}.png"})
        else:
            parts.append({"type": "text", "text": text(rng)})
    return parts


def conversation(rng):
    messages = []
    if rng.random() < 0.4:
        messages.append({"role": "system", "content": content(rng, images=False)})
    for i in range(rng.randrange(1, 6)):
        messages.append({"role": "assistant" if i % 2 else "user", "content": content(rng, images=not i % 2)})
    return messages


def crops_text(crops):
    """Gemma3Processor.replace_image_token"""
    if not crops:
        return IMAGE
    return (f"Here is the original image {IMAGE} and here are some crops to help you see better "
            + " ".join([IMAGE] * crops))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "tests/core/tokenizer/golden/tiny"
    out = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else HERE / "prompts.json"
    template_folder = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else SHARED
    template = json.loads((template_folder / "tokenizer_config.json").read_text())["chat_template"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rng = random.Random(3)
    cases = []
    for i in range(count):
        messages, generation = conversation(rng), rng.random() < 0.5
        rendered = render_jinja_template(
            conversations=[messages], chat_template=template, add_generation_prompt=generation, bos_token="<bos>")[0][0]
        pieces = rendered.split("<start_of_image>")
        crops = [rng.randrange(4) for _ in pieces[1:]] if i % 3 == 0 else [0] * (len(pieces) - 1)
        full = pieces[0] + "".join(crops_text(n) + piece for n, piece in zip(crops, pieces[1:]))
        cases.append({"messages": messages, "generation": generation, "text": rendered, "crops": crops,
                      "ids": tokenizer.encode(full, add_special_tokens=False).ids})
    out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
