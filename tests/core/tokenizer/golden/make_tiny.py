"""Makes a small tokenizer of Gemma 3's kind, in both file forms, and what Hugging Face reads with it.

    .venv/bin/python tests/core/tokenizer/golden/make_tiny.py

Writes tiny/tokenizer.model (SentencePiece's trainer, Gemma's settings), tiny/tokenizer.json (the same pieces for
Hugging Face's `tokenizers`, merges ordered as transformers' converter does), tiny/tokenizer_config.json and
expected.json: texts with the ids that `tokenizers` gives. Made with sentencepiece 0.2.3, tokenizers 0.23.3.
"""

import io
import json
import pathlib

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>",
           "<end_of_image>"]
USER_DEFINED = (["<start_of_turn>", "<end_of_turn>"] + ["\n" * n for n in range(1, 9)]
                + ["▁" * n for n in range(2, 9)] + ["<table>", "</table>"] + ["\t" * n for n in range(1, 4)]
                + ["<start_of_image>", "<end_of_image>"])
SOFT = "<image_soft_token>"

TEXTS = [
    "", " ", "a", "The GNU General Public License", "free software,  and   other kinds", "\n", "\n\n\nx\n\n", "tab\t\there",
    "<bos>The<eos>", "<start_of_turn>user\nhello<end_of_turn>\n", "x<start_of_image>y<end_of_image>", f"a{SOFT}b", "<unk> <pad>",
    "<table><tr>1</table>", "naïve café", "日本語", "🙂👍🏽", "a\u0000b", "\u2581x\u2581", " leading", "trailing ",
    "1234567890", "<end_of_turn", "<<end_of_turn>>", "\r\n\r\n", "freedom\u00a0to", "e\u0301", "        eight", "<0x0A>", "\u200b\ufeff",
]


def train():
    sentences = [line for line in (ROOT / "LICENSE").read_text().split("\n") if line.strip()]
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=out, model_type="bpe", vocab_size=900, byte_fallback=True,
        normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        split_digits=True, character_coverage=1.0, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>",
        user_defined_symbols=USER_DEFINED, minloglevel=2)
    return out.getvalue()


def merges_of(vocab, scores):
    """All ways to make a piece of two others, the best piece first."""
    merges = []
    for piece, score in scores.items():
        found = [(piece[:i], piece[i:], score) for i in range(1, len(piece))
                 if piece[:i] in vocab and piece[i:] in vocab]
        merges += sorted(found, key=lambda merge: (vocab[merge[0]], vocab[merge[1]]))
    merges.sort(key=lambda merge: (merge[2], len(merge[0]), len(merge[1])), reverse=True)
    return [(left, right) for left, right, _ in merges]


def main():
    folder = HERE / "tiny"
    folder.mkdir(exist_ok=True)
    proto = train()
    (folder / "tokenizer.model").write_bytes(proto)
    model = sentencepiece.SentencePieceProcessor(model_proto=proto)
    ids = range(model.get_piece_size())
    vocab = {model.id_to_piece(i): i for i in ids}
    scores = {model.id_to_piece(i): model.get_score(i) for i in ids
              if not (model.is_control(i) or model.is_byte(i) or model.is_unknown(i))}

    hf = Tokenizer(models.BPE(vocab, merges_of(vocab, scores), fuse_unk=True, byte_fallback=True, unk_token="<unk>"))
    hf.normalizer = normalizers.Replace(" ", "▁")
    hf.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    hf.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    hf.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIAL])
    hf.add_tokens([AddedToken(text, normalized=False) for text in USER_DEFINED if text not in SPECIAL])
    hf.add_special_tokens([AddedToken(SOFT, normalized=False, special=True)])
    hf.save(str(folder / "tokenizer.json"), pretty=False)

    added = {str(i): {"content": token.content, "special": token.special}
             for i, token in sorted(hf.get_added_tokens_decoder().items())}
    config = {"added_tokens_decoder": added, "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>",
              "unk_token": "<unk>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>",
              "image_token": SOFT, "tokenizer_class": "GemmaTokenizer", "padding_side": "left"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n")

    expected = []
    for text in TEXTS:
        encoded = hf.encode(text, add_special_tokens=False).ids
        expected.append({"text": text, "ids": encoded, "skipped": hf.decode(encoded, skip_special_tokens=True),
                         "all": hf.decode(encoded, skip_special_tokens=False)})
    (HERE / "expected.json").write_text(
        "[\n" + ",\n".join(json.dumps(each) for each in expected) + "\n]\n")


main()
