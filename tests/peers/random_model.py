"""Makes a random Gemma 3 and an input for it, to compare Facet with transformers on configurations nobody thought of.

    random_model.py SEED DIR [--count N] [--logits] [--kind text|vision]

writes DIR/model/ (config.json and weights as transformers' save_pretrained writes them, then at random: another
generation of tensor names, the hub's older config fields, fields equal to the class default left out; one file or
shards; stored in bfloat16, float16 or float32), DIR/input.jsonl and its pictures (see hf_common.py), and prints a line of
JSON that says what it drew. The same seed gives the same files. No tokenizer: the input consists of ids.
With --logits also DIR/transformers.safetensors, what hf_logits.py would write for it: starting Python takes longer than
the work. With --count, SEED, SEED + 1, ... go to DIR/SEED, DIR/SEED + 1, ...
"""

import argparse
import json
import random
import shutil
import sys
from pathlib import Path

import hf_common  # before torch, sets the environment

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, Gemma3TextConfig
from transformers.models.gemma3.image_processing_gemma3 import Gemma3ImageProcessor

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine" / "golden"))
from make_golden import GLOBAL, LOCAL, fill, write_old_style  # noqa: E402

HEAD = "lm_head.weight"


def draw_text(rng):
    kv = rng.choice([1, 1, 2, 3, 4])
    heads = kv * rng.choice([1, 2, 2, 4, 5])
    head_dim = rng.choice([4, 8, 12, 16, 32, 64, 72])
    hidden = heads * rng.choice([3, 4, 5, 8, 13, 16])
    hidden += heads * max(0, (16 - hidden + heads - 1) // heads)  # a few numbers at least; must be a multiple of the heads
    layers = rng.randint(1, 8)
    factor = rng.choice([1, 1, 8, 8, 2.5])
    config = dict(
        vocab_size=rng.choice([97, 128, 200, 301]), hidden_size=hidden, intermediate_size=rng.choice([17, 40, 64, 96]),
        num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv, head_dim=head_dim,
        query_pre_attn_scalar=rng.choice([head_dim, head_dim, max(1, hidden // heads)]),
        sliding_window=rng.choice([1, 2, 5, 8, 16, 33, 512]), max_position_embeddings=rng.choice([256, 2048, 131072]),
        rms_norm_eps=rng.choice([1e-6, 1e-6, 1e-5]), pad_token_id=0, eos_token_id=1, bos_token_id=2,
        rope_parameters={
            GLOBAL: {"rope_type": "linear", "factor": float(factor), "rope_theta": rng.choice([1e6, 1e6, 1e5])} if factor != 1
            else {"rope_type": "default", "rope_theta": rng.choice([1e6, 1e6, 5e4])},
            LOCAL: {"rope_type": "default", "rope_theta": rng.choice([1e4, 1e4, 5e3])}})
    style = rng.choice(["default", "pattern", "types"])
    if style == "pattern":
        config["sliding_window_pattern"] = rng.randint(1, 4)
    elif style == "types":
        config["layer_types"] = [rng.choice([LOCAL, GLOBAL]) for _ in range(layers)]
    return config, style


def draw_vision(rng):
    side = rng.choice([1, 2, 3])
    patches = side * rng.choice([1, 2, 3])
    patch = rng.choice([4, 5, 8, 14])
    heads = rng.choice([1, 2, 3])
    return dict(hidden_size=heads * rng.choice([8, 18, 24, 72]), intermediate_size=rng.choice([20, 48]),
                num_hidden_layers=rng.randint(1, 3), num_attention_heads=heads, image_size=patches * patch, patch_size=patch,
                layer_norm_eps=rng.choice([1e-6, 1e-6, 1e-5]), vision_use_head=rng.random() < 0.3), side * side


def rename(name, naming):
    """From the names save_pretrained of 5.17 writes (language_model.model..., vision_tower...) to older generations."""
    if naming == "hub":
        return name.replace("vision_tower.", "vision_tower.vision_model.", 1)
    if naming == "4.52":
        name = name.replace("language_model.model.", "model.language_model.", 1)
        name = name.replace("vision_tower.", "model.vision_tower.vision_model.", 1)
        return name.replace("multi_modal_projector.", "model.multi_modal_projector.", 1)
    return name


def rewrite(folder, naming, head):
    """Renames the tensors of all files of a folder, and adds a copy of the embedding table as head if asked."""
    index_path = folder / "model.safetensors.index.json"
    index = json.loads(index_path.read_text()) if index_path.exists() else None
    for file in sorted(folder.glob("*.safetensors")):
        tensors = {rename(k, naming): v for k, v in load_file(file).items()}
        table = next((k for k in tensors if k.endswith("embed_tokens.weight")), None)
        if head and table:
            tensors[HEAD] = tensors[table].clone()
        save_file(tensors, file, metadata={"format": "pt"})
        if index:
            index["weight_map"].update({k: file.name for k in tensors})
            index["weight_map"] = {k: v for k, v in index["weight_map"].items() if v != file.name or k in tensors}
    if index:
        index_path.write_text(json.dumps(index, indent=2))


def make_sparse(path):
    """Leaves out the fields that equal the class default, as the configs on the hub do."""
    config = json.loads(path.read_text())
    default = json.loads(json.dumps(Gemma3TextConfig().to_dict()))
    text = config.get("text_config", config)
    for key in [k for k, v in text.items() if k in default and v == default[k] and k != "model_type"]:
        del text[key]
    path.write_text(json.dumps(config, indent=2) + "\n")


def picture(rng, path):
    """Odd sizes and kinds, since the processor resizes them."""
    width, height = rng.choice([1, 7, 20, 31, 64, 150]), rng.choice([1, 9, 24, 40, 90])
    random_pixels = np.random.default_rng(rng.getrandbits(32))
    mode = rng.choice(["RGB", "RGB", "RGBA", "L"])
    coarse = random_pixels.integers(0, 256, (3, 4, len(mode))).astype(np.uint8)
    image = Image.fromarray(coarse[..., 0] if mode == "L" else coarse, mode).resize((width, height), Image.BILINEAR)
    noisy = np.clip(np.asarray(image).astype(int) + random_pixels.integers(-20, 21, np.asarray(image).shape), 0, 255)
    Image.fromarray(noisy.astype(np.uint8), mode).save(path)


def write_input(rng, folder, vocab, special, mm_tokens):
    """Rows of ids; with vision, pictures between start and end token, at any place, several, or none."""
    first_text = max(special.values(), default=2) + 1 if special and special["image"] < vocab else 8
    lines = []
    for row in range(rng.randint(3, 5)):
        def text(n):
            return [rng.randrange(first_text, vocab) for _ in range(n)]

        tokens, images = ([2] if rng.random() < 0.9 else []), []
        tokens += text(rng.choice([1, 3, 12, 40, 150] if row == 0 else [1, 2, 8, 20, 60]))
        for _ in range(rng.choice([0, 1, 1, 2, 3]) if mm_tokens else 0):
            name = f"picture-{row}-{len(images)}.png"
            picture(rng, folder / name)
            images.append(name)
            tokens += [special["boi"]] + [special["image"]] * mm_tokens + [special["eoi"]] + text(rng.choice([0, 0, 1, 5, 20]))
        lines.append({"tokens": tokens, **({"images": images} if images else {})})
    (folder / "input.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [len(line["tokens"]) for line in lines]


def check_weights(model, folder):
    """What transformers loads from the folder is what was drawn, whatever names and fields it was written with."""
    loaded = hf_common.load_model(folder)
    drawn = model.state_dict()
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, drawn[name].float()), f"{folder}: transformers loads another {name}"
    return loaded


def make(seed, directory, kind, with_logits):
    rng = random.Random(seed)
    vision = rng.random() < 0.5
    vision = kind == "vision" if kind else vision
    if directory.exists():
        shutil.rmtree(directory)
    folder = directory / "model"
    folder.mkdir(parents=True)

    text, layer_style = draw_text(rng)
    special, mm_tokens = {}, 0
    if vision:
        tower, mm_tokens = draw_vision(rng)
        # The soft token may lie outside the table, as that of a text-only tokenizer does.
        special = {"boi": 3, "eoi": 4, "image": rng.choice([5, 5, text["vocab_size"] + 3])}
        model = Gemma3ForConditionalGeneration(Gemma3Config(
            text_config=text, vision_config=tower, mm_tokens_per_image=mm_tokens, boi_token_index=special["boi"],
            eoi_token_index=special["eoi"], image_token_index=special["image"]))
    else:
        model = Gemma3ForCausalLM(Gemma3TextConfig(**text))
    fill(model, seed, sharpness=0.3)
    dtype = rng.choice(["bfloat16", "bfloat16", "float32", "float16"])
    sharded = rng.random() < 0.4
    model.to(hf_common.DTYPES[dtype]).save_pretrained(folder, max_shard_size="40KB" if sharded else "5GB")
    if vision:
        size = tower["image_size"]
        Gemma3ImageProcessor(size={"height": size, "width": size}, image_seq_length=mm_tokens).save_pretrained(folder)

    naming = rng.choice(["saved", "hub", "4.52"]) if vision else "saved"
    head = rng.random() < 0.2
    rewrite(folder, naming, head)
    has_pattern = layer_style != "types" and GLOBAL in model.config.get_text_config().layer_types
    old_fields = has_pattern and rng.random() < 0.6
    if old_fields:
        write_old_style(folder / "config.json")
    sparse = rng.random() < 0.4
    if sparse:
        make_sparse(folder / "config.json")
    lengths = write_input(rng, directory, text["vocab_size"], special, mm_tokens)
    if with_logits:
        loaded = check_weights(model, folder)
        tensors = {}
        for i, entry in enumerate(hf_common.Inputs(folder).read(directory / "input.jsonl")):
            tensors[f"{i}.ids"] = entry["input_ids"][0].contiguous()
            tensors[str(i)] = hf_common.logits(loaded, entry).contiguous()
        save_file(tensors, directory / "transformers.safetensors")
    print(json.dumps({"seed": seed, "kind": "vision" if vision else "text", "names": naming, "dtype": dtype,
                      "files": len(list(folder.glob("*.safetensors"))), "own_head": head, "old_fields": old_fields,
                      "sparse": sparse, "layers": text["num_hidden_layers"], "heads": text["num_attention_heads"],
                      "kv_heads": text["num_key_value_heads"], "head_dim": text["head_dim"], "hidden": text["hidden_size"],
                      "window": text["sliding_window"], "tokens_per_image": mm_tokens, "lengths": lengths}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--logits", action="store_true")
    parser.add_argument("--kind", choices=["text", "vision"], help="drawn without")
    arguments = parser.parse_args()
    hf_common.quiet()
    torch.set_num_threads(1)
    for i in range(arguments.count or 1):
        seed = arguments.seed + i
        make(seed, arguments.dir / str(seed) if arguments.count else arguments.dir, arguments.kind, arguments.logits)


if __name__ == "__main__":
    main()
