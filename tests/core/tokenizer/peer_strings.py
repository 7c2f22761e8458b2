"""Writes fuzzed strings and their ids by Hugging Face's `tokenizers`, for tokenizer_peer_test.

    peer_strings.py TOKENIZER_JSON COUNT SEED OUT

OUT is little-endian: for each string its number of bytes, the bytes, the number of ids, the ids, all numbers int32.
Runs of spaces end at 16 and of U+2581, which means the same, at 1: the header of core/tokenizer/tokenizer.h says
that long ones differ.
"""

import random
import re
import struct
import sys

from tokenizers import Tokenizer

WORDS = ("the of and to in is was for that with on as Gemma picture question answer don't it's naïve Straße "
         "日本語 中文字符 한국어 русский العربية हिन्दी ไทย ελληνικά def return import std::vector <div> </table> "
         "<table> <h1> http://example.org 3.14159 1000000 0x7fff").split()
SPECIAL = ["<bos>", "<eos>", "<pad>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>",
           "<end_of_image>", "<image_soft_token>", "<mask>", "[multimodal]", "<unused0>", "<unused6241>"]
EMOJI = ["🙂", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "❤️"]
ODD = ["\u2581", "\u200b", "\ufeff", "\u00a0", "\u3000", "e\u0301", "\u0000", "\u0001", "\x7f", "\u2028", "\uffff", "\U0010ffff", "\r\n"]


def character(rng):
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x110000)])
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def piece(rng, vocab):
    kind = rng.randrange(14)
    if kind < 4:
        return rng.choice(WORDS)
    if kind == 4:
        return rng.choice(SPECIAL)
    if kind == 5:
        return rng.choice(SPECIAL)[rng.randrange(2):rng.randrange(3, 18)]
    if kind == 6:
        return rng.choice(EMOJI)
    if kind == 7:
        return rng.choice(ODD)
    if kind == 8:
        return rng.choice("\n\t") * rng.choice([1, 1, 2, 3, 8, 31, 32, 40])
    if kind == 9:
        return "".join(character(rng) for _ in range(rng.randrange(1, 6)))
    if kind == 10:
        return "".join(rng.choice("abcdeinrstABC0123456789.,;:-_()'\"/") for _ in range(rng.randrange(1, 12)))
    if kind == 11:
        return " " * rng.randrange(1, 17)
    return rng.choice(vocab).replace("▁", " ")


def main():
    path, count, seed, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    rng = random.Random(seed)
    tokenizer = Tokenizer.from_file(path)
    vocab = [text for text in tokenizer.get_vocab() if not text.startswith("▁▁")]
    vocab.sort()  # the dictionary's order changes from run to run
    with open(out, "wb") as file:
        for begin in range(0, count, 10_000):
            texts = [re.sub("\u2581+", "\u2581", "".join(piece(rng, vocab) + rng.choice(["", " "]) for _ in range(rng.randrange(1, 9))))
                     for _ in range(min(10_000, count - begin))]
            for text, encoding in zip(texts, tokenizer.encode_batch_fast(texts, add_special_tokens=False)):
                raw, ids = text.encode(), encoding.ids
                file.write(struct.pack("<i", len(raw)) + raw + struct.pack(f"<{len(ids) + 1}i", len(ids), *ids))


main()
