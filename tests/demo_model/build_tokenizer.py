# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo model's tokenizer: a small SentencePiece BPE with Gemma 3's settings, and its Hugging Face twin."""

import json
import random
import string
from pathlib import Path

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as spm_model

import chatter
import questions

VOCABULARY = 1024
IMAGE_TOKEN = "<image_soft_token>"
IMAGE_TOKEN_ID = VOCABULARY  # as in Gemma 3: the first id beyond the SentencePiece vocabulary
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>",
           "<end_of_image>"]
BREAKS = ["\n" * n for n in (1, 2, 3, 4)]
SPACES = ["▁" * n for n in (2, 3, 4)]
END_OF_TURN, START_OF_IMAGE, END_OF_IMAGE = 5, 6, 7

# Behaves as Gemma 3's own template: a system prompt becomes a prefix of the first turn, text is trimmed.
CHAT_TEMPLATE = """{{ bos_token }}
{%- set ns = namespace(prefix='', turns=messages) -%}
{%- if messages[0]['role'] == 'system' -%}
    {%- set system = messages[0]['content'] -%}
    {%- set ns.prefix = (system if system is string else system[0]['text']) + '\\n\\n' -%}
    {%- set ns.turns = messages[1:] -%}
{%- endif -%}
{%- for message in ns.turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\\n' + (ns.prefix if loop.first else '') }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for part in message['content'] -%}
            {%- if part['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif part['type'] == 'text' -%}
                {{ part['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception('Invalid content type') }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\\n' }}
{%- endif -%}
"""


def corpus(seed: int, sentences: int = 30000) -> list:
    """Questions, answers and small talk; and words and letters of every kind, so that no piece is rare."""
    rng = random.Random(seed)
    lines = []
    for _ in range(sentences):
        make = rng.choice([*questions.PICTURE_KINDS, questions.no_picture_question, None])
        if make is None:
            lines += rng.choice([chatter.small_talk(rng), chatter.recall(rng, rng.choice(chatter.CODE_WORDS))])
        else:
            for turn in make(rng, True).turns:
                lines += [turn.question, turn.answer]
        if rng.random() < 0.2:
            lines.append("".join(rng.choices(string.ascii_letters + string.punctuation, k=6)))
    return lines + chatter.SYSTEM_PROMPTS * 20 + ["user", "model"] * 200


def train_sentencepiece(prefix: Path, seed: int) -> Path:
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus(seed)), model_prefix=str(prefix), model_type="bpe",
        vocab_size=VOCABULARY, character_coverage=1.0, byte_fallback=True, split_digits=True,
        add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        allow_whitespace_only_pieces=True, pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>",
        eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>", num_threads=1, minloglevel=2,
        user_defined_symbols=SPECIAL[4:] + BREAKS + SPACES)
    return prefix.with_suffix(".model")


def merges(pieces: list) -> list:
    """Every way to join two pieces into a third, in the order in which the third was learnt.

    Runs of spaces come first, the longest before the others: SentencePiece takes them before it merges.
    """
    ids = {piece: i for i, piece in enumerate(pieces)}
    first = len(SPECIAL) + len(BREAKS)
    learnt = pieces[first:first + len(SPACES)][::-1] + pieces[first + len(SPACES) + 256:]
    rules = []
    for piece in learnt:
        splits = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        rules += sorted((s for s in splits if s[0] in ids and s[1] in ids), key=lambda s: (ids[s[0]], ids[s[1]]))
    return rules


def added_token(id_: int, content: str, special: bool) -> dict:
    return {"id": id_, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": special}


def added_tokens(pieces: list) -> list:
    whole = [added_token(i, p, True) for i, p in enumerate(SPECIAL)]
    runs = [added_token(pieces.index(p), p, False) for p in BREAKS + SPACES]
    return [*whole, *runs, added_token(IMAGE_TOKEN_ID, IMAGE_TOKEN, True)]


def fast_tokenizer(pieces: list) -> dict:
    """tokenizer.json: the same normalizer, merges and decoder as Gemma 3's own file."""
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added_tokens(pieces),
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                          "invert": False},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "<bos>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": {piece: i for i, piece in enumerate(pieces)},
                  "merges": [list(rule) for rule in merges(pieces)]},
    }


def tokenizer_config(pieces: list) -> dict:
    decoder = {str(t["id"]): {k: t[k] for k in ("content", "lstrip", "normalized", "rstrip", "single_word", "special")}
               for t in added_tokens(pieces)}
    return {
        "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": decoder,
        "boi_token": "<start_of_image>", "bos_token": "<bos>", "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False, "eoi_token": "<end_of_image>", "eos_token": "<eos>",
        "extra_special_tokens": {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>",
                                 "image_token": IMAGE_TOKEN},
        "image_token": IMAGE_TOKEN, "model_max_length": 2048, "pad_token": "<pad>", "padding_side": "left",
        "processor_class": "Gemma3Processor", "sp_model_kwargs": None, "spaces_between_special_tokens": False,
        "tokenizer_class": "GemmaTokenizer", "unk_token": "<unk>", "use_default_system_prompt": False,
    }


def write_json(path: Path, value, indent=2) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def build_tokenizer(folder: Path, seed: int) -> None:
    """Effect: writes tokenizer.model, tokenizer.json and the small files beside them into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model = train_sentencepiece(folder / "tokenizer", seed)
    (folder / "tokenizer.vocab").unlink()
    proto = spm_model.ModelProto()
    proto.ParseFromString(model.read_bytes())
    pieces = [p.piece for p in proto.pieces]
    assert len(pieces) == VOCABULARY and pieces[:len(SPECIAL)] == SPECIAL
    write_json(folder / "tokenizer.json", fast_tokenizer(pieces), indent=None)
    write_json(folder / "tokenizer_config.json", tokenizer_config(pieces))
    special = {name: {k: v for k, v in added_token(0, f"<{name[:3]}>", True).items() if k not in ("id", "special")}
               for name in ("bos_token", "eos_token", "pad_token", "unk_token")}
    write_json(folder / "special_tokens_map.json", {
        "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": IMAGE_TOKEN, **special})
    write_json(folder / "added_tokens.json", {IMAGE_TOKEN: IMAGE_TOKEN_ID})
    write_json(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})


class Encoder:
    """Conversations to token ids as the processor makes them, with the answers marked."""

    def __init__(self, folder: Path, soft_tokens: int):
        self.model = spm.SentencePieceProcessor(str(folder / "tokenizer.model"))
        self.soft = [IMAGE_TOKEN_ID] * soft_tokens

    def encode(self, conversation) -> tuple:
        """Ids, and for each whether it is part of an answer (its end of turn included)."""
        ids, answer = [2], []
        for index, turn in enumerate(conversation.turns):
            text = turn.question
            if index == 0 and turn.scenes:
                image = "\0" * len(turn.scenes)
                text = text + image if conversation.pictures_last else image + text
            prefix = conversation.system + "\n\n" if index == 0 and conversation.system else ""
            self.append(ids, f"<start_of_turn>user\n{prefix}{text}<end_of_turn>\n<start_of_turn>model\n")
            answer += [False] * (len(ids) - len(answer))
            self.append(ids, f"{turn.answer}<end_of_turn>")
            answer += [True] * (len(ids) - len(answer))
            self.append(ids, "\n")
        answer += [False] * (len(ids) - len(answer))
        return ids, answer

    def append(self, ids: list, text: str) -> None:
        """The line breaks around a picture join those beside them, so text is cut at soft tokens only."""
        for index, part in enumerate(text.replace("\0", "\n\n<start_of_image>\0<end_of_image>\n\n").split("\0")):
            if index:
                ids += self.soft
            ids += self.model.encode(part)
