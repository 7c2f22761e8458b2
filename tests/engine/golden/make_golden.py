"""Makes the golden folders beside this file: tiny Gemma 3 models and what Hugging Face transformers computes with them.

    HF_HUB_OFFLINE=1 .venv/bin/python tests/engine/golden/make_golden.py [CASE...]

A case is a model folder (config.json, model.safetensors in bfloat16, preprocessor_config.json with vision) plus
golden.safetensors: the inputs and the output of every layer, computed by transformers in float32 on the CPU (eager
attention) from those bfloat16 weights. README.md says how the tensors are named and which facts the script asserts.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, Gemma3TextConfig
from transformers.models.gemma3.image_processing_gemma3 import Gemma3ImageProcessor

HERE = Path(__file__).resolve().parent
LOCAL, GLOBAL = "sliding_attention", "full_attention"

# Token ids that mean something; all others are text.
PAD, EOS, BOS, BOI, EOI, IMAGE = 0, 1, 2, 3, 4, 5


# ---------------------------------------------------------------------------------------------------- models

def text_config(**overrides):
    """Gemma3TextConfig's arguments: small, and with N*H unlike D, so that a mix-up shows."""
    config = dict(
        vocab_size=160, hidden_size=32, intermediate_size=72, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, query_pre_attn_scalar=16, sliding_window=8, max_position_embeddings=512,
        pad_token_id=PAD, eos_token_id=EOS, bos_token_id=BOS, sliding_window_pattern=2)
    config.update(overrides)
    if "layer_types" in config:
        del config["sliding_window_pattern"]
    return config


def vision_config(**overrides):
    config = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2, image_size=32,
                  patch_size=8, vision_use_head=False)
    config.update(overrides)
    return config


def rope8():
    return {GLOBAL: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            LOCAL: {"rope_type": "default", "rope_theta": 1e4}}


def fill(model, seed, embedding=1.0, sharpness=0.7):
    """Random weights that make every part matter: norms far from 1, attention that picks few keys."""
    generator = torch.Generator().manual_seed(seed)

    def normal(parameter, std, mean=0.0):
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * std + mean)

    def uniform(parameter, low, high):
        parameter.copy_(torch.rand(parameter.shape, generator=generator) * (high - low) + low)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("q_norm.weight", "k_norm.weight")):
                uniform(parameter, sharpness - 0.3, sharpness + 0.3)
            elif "layer_norm" in name or "post_layernorm" in name:  # SigLIP's, multiplied as they are
                uniform(parameter, 0.7, 1.3) if name.endswith("weight") else normal(parameter, 0.2)
            elif "norm" in name:  # RMSNorm: 1 + w
                uniform(parameter, -0.3, 0.3)
            elif "embed_tokens" in name:
                normal(parameter, embedding / parameter.shape[1] ** 0.5)
            elif "position_embedding" in name:
                normal(parameter, 0.3)
            elif name.endswith("bias"):
                normal(parameter, 0.1)
            elif "mm_input_projection" in name:
                normal(parameter, 0.8 / parameter.shape[0] ** 0.5)
            elif "vision" in name and ("q_proj" in name or "k_proj" in name):
                normal(parameter, 1.4 / parameter.shape[1] ** 0.5)
            else:
                normal(parameter, 1.0 / parameter[0].numel() ** 0.5)
    model.tie_weights()


def make_model(folder, text, vision=None, mm_tokens=4, seed=0, embedding=1.0, old_style=False, sharpness=0.7,
               quiet_specials=False):
    """Writes a model folder with bfloat16 weights and loads it again, as float32."""
    if folder.exists():
        shutil.rmtree(folder)
    if vision is None:
        model = Gemma3ForCausalLM(Gemma3TextConfig(**text))
    else:
        model = Gemma3ForConditionalGeneration(Gemma3Config(
            text_config=text, vision_config=vision, mm_tokens_per_image=mm_tokens, boi_token_index=BOI,
            eoi_token_index=EOI, image_token_index=IMAGE))
    fill(model, seed, embedding, sharpness)
    if quiet_specials:  # small logits, so that none of them is ever the best token
        with torch.no_grad():
            text_part(model).embed_tokens.weight[:IMAGE + 1] *= 0.1
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    if vision is not None:
        size = vision["image_size"]
        processor = Gemma3ImageProcessor(size={"height": size, "width": size}, image_seq_length=mm_tokens)
        processor.save_pretrained(folder)
    if old_style:
        write_old_style(folder / "config.json")
    return load_model(folder)


def write_old_style(path):
    """Rewrites a config.json with the field names of the checkpoints on the hub: rope_theta, sliding_window_pattern."""
    config = json.loads(path.read_text())
    text = config.get("text_config", config)
    rope = text.pop("rope_parameters")
    text["rope_theta"] = rope[GLOBAL].pop("rope_theta")
    text["rope_local_base_freq"] = rope[LOCAL].pop("rope_theta")
    text["rope_scaling"] = rope[GLOBAL] if rope[GLOBAL]["rope_type"] != "default" else None
    layers = text.pop("layer_types")
    text["sliding_window_pattern"] = text.pop("_sliding_window_pattern", None) or layers.index(GLOBAL) + 1
    text["torch_dtype"] = text.pop("dtype", "bfloat16")
    path.write_text(json.dumps(config, indent=2) + "\n")


def load_model(folder, attention="eager"):
    config = json.loads((folder / "config.json").read_text())
    kind = Gemma3ForCausalLM if config["model_type"] == "gemma3_text" else Gemma3ForConditionalGeneration
    model, info = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention,
                                       output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    return model.eval()


def text_part(model):
    return model.model.language_model if hasattr(model.model, "language_model") else model.model


def vision_part(model):
    tower = model.model.vision_tower
    return getattr(tower, "vision_model", tower)


# ---------------------------------------------------------------------------------------------------- inputs

def text_ids(rng, length, vocab):
    """BOS, then text."""
    return np.concatenate([[BOS], rng.integers(IMAGE + 1, vocab, length - 1)]) if length > 1 else np.array([BOS])


def prompt(rng, parts, mm_tokens, vocab):
    """Ids for a list of parts: a number is that many text tokens, "bos" is BOS, "image" a picture between boi and eoi,
    "bare" its soft tokens alone."""
    ids = []
    for part in parts:
        if part == "bos":
            ids += [BOS]
        elif part == "image":
            ids += [BOI] + [IMAGE] * mm_tokens + [EOI]
        elif part == "bare":
            ids += [IMAGE] * mm_tokens
        else:
            ids += list(rng.integers(IMAGE + 1, vocab, part))
    return np.array(ids)


def pictures(rng, count, folder):
    """Pictures of the model's own size, and what transformers' image processor makes of them."""
    size = json.loads((folder / "preprocessor_config.json").read_text())["size"]["height"]
    base = rng.integers(0, 256, (count, 4, 4, 3)).astype(np.float32)
    block = -(-size // 4)
    smooth = np.repeat(np.repeat(base, block, axis=1), block, axis=2)[:, :size, :size]
    raw = np.clip(smooth + rng.normal(0, 24, smooth.shape), 0, 255).astype(np.uint8)
    processor = Gemma3ImageProcessor.from_pretrained(folder)
    values = processor(list(raw), return_tensors="pt")["pixel_values"]
    assert values.shape == (count, 3, size, size), values.shape
    exact = torch.from_numpy(raw).permute(0, 3, 1, 2).float() / 127.5 - 1
    assert (values - exact).abs().max() < 1e-6
    return torch.from_numpy(raw), values


def call(model, ids, pixels=None, with_types=True, **extra):
    """Arguments of a forward call, token types as Gemma3Processor makes them (1 for a soft token)."""
    ids = torch.as_tensor(ids, dtype=torch.long)
    ids = ids[None] if ids.dim() == 1 else ids
    arguments = dict(input_ids=ids, use_cache=False, **extra)
    if isinstance(model, Gemma3ForConditionalGeneration):
        if with_types:
            arguments["token_type_ids"] = (ids == IMAGE).long()
        if pixels is not None:
            arguments["pixel_values"] = pixels
    return arguments


# ---------------------------------------------------------------------------------------------------- recording

class Recorder:
    """Keeps what flows through a model, by the names of golden.safetensors."""

    def __init__(self, model):
        self.values, self.hooks = {}, []
        text = text_part(model)
        self.before(text.layers[0], "embedded")
        for i, layer in enumerate(text.layers):
            self.before(layer.pre_feedforward_layernorm, f"layer.{i}.after_attention")
            self.after(layer, f"layer.{i}")
        self.after(text.norm, "final_norm")
        if isinstance(model, Gemma3ForConditionalGeneration):
            vision = vision_part(model)
            self.after(vision.embeddings, "vision.embeddings")
            for i, layer in enumerate(vision.encoder.layers):
                self.after(layer, f"vision.layer.{i}")
            self.after(vision.post_layernorm, "vision.post_layernorm")
            self.after(model.model.multi_modal_projector, "vision.projected")

    def keep(self, name, value):
        value = value[0] if isinstance(value, tuple) else value
        self.values[name] = value.detach().clone()

    def before(self, module, name):
        self.hooks.append(module.register_forward_pre_hook(
            lambda _m, args, kwargs: self.keep(name, args[0] if args else kwargs["hidden_states"]), with_kwargs=True))

    def after(self, module, name):
        self.hooks.append(module.register_forward_hook(lambda _m, _a, out: self.keep(name, out)))

    def close(self):
        for hook in self.hooks:
            hook.remove()


@torch.no_grad()
def record(model, ids, pixels=None):
    recorder = Recorder(model)
    logits = model(**call(model, ids, pixels)).logits
    recorder.close()
    values = {k: v if k.startswith("vision.") else v[0] for k, v in recorder.values.items()}  # no batch dimension
    values["logits"] = logits[0]
    values["input_ids"] = torch.as_tensor(ids, dtype=torch.long)
    if pixels is not None:
        values["pixel_values"] = pixels
    return values


@torch.no_grad()
def visible(model, ids, layer_index, with_types=True):
    """Which keys each query of one decoder layer sees [T, T], found by changing one input of the layer at a time."""
    layer = text_part(model).layers[layer_index]
    captured = {}
    hook = layer.register_forward_pre_hook(
        lambda _m, args, kwargs: captured.update(args=args, kwargs=kwargs), with_kwargs=True)
    model(**call(model, ids, with_types=with_types))
    hook.remove()
    x = captured["args"][0]
    kwargs = captured["kwargs"]
    first = layer(x, **kwargs)
    first = first[0] if isinstance(first, tuple) else first
    seen = torch.zeros(x.shape[1], x.shape[1], dtype=torch.bool)
    generator = torch.Generator().manual_seed(1)
    for key in range(x.shape[1]):
        # Several changes, since a query that hardly looks at the key may hide one of them.
        for _ in range(3):
            changed = x.clone()
            changed[0, key] = torch.randn(x.shape[2], generator=generator) * 2
            out = layer(changed, **kwargs)
            out = out[0] if isinstance(out, tuple) else out
            seen[:, key] |= (out - first)[0].abs().amax(-1) > 0
    return seen


def expected_mask(ids, window=None, with_blocks=True):
    """(causal OR same run of soft tokens) AND (key > query - window)."""
    ids = np.asarray(ids)
    image = (ids == IMAGE) & with_blocks
    run = np.cumsum(image & ~np.concatenate([[False], image[:-1]]))
    query, key = np.arange(len(ids))[:, None], np.arange(len(ids))[None]
    mask = (key <= query) | (image[:, None] & image[None] & (run[:, None] == run[None]))
    if window is not None:
        mask &= key > query - window
    return torch.from_numpy(mask)


def check_masks(model, ids):
    config = model.config.get_text_config()
    for kind, window in ((LOCAL, config.sliding_window), (GLOBAL, None)):
        for with_types in (True, False) if IMAGE in ids else (True,):  # without token types pictures are causal
            if kind in config.layer_types:
                seen = visible(model, ids, config.layer_types.index(kind), with_types)
                want = expected_mask(ids, window, with_types)
                assert torch.equal(seen, want), f"{kind}: {(seen != want).nonzero().tolist()[:8]}"


def write_case(folder, model, inputs):
    """Records each input (ids, pictures or None) and writes golden.safetensors."""
    tensors, noise = {}, 0.0
    other = load_model(folder, "sdpa")
    for i, (ids, pics) in enumerate(inputs):
        raw, pixels = pics if pics is not None else (None, None)
        values = record(model, ids, pixels)
        if raw is not None:
            values["pictures"] = raw
        check_masks(model, ids)
        second = record(other, ids, pixels)
        noise = max([noise] + [(values[k] - second[k]).abs().max().item() for k in second if k.startswith("layer")])
        tensors.update({f"{i}.{name}": value.contiguous() for name, value in values.items()})
    assert noise < 4e-5, f"{folder.name}: two ways of computing attention differ by {noise}"
    save(folder, tensors)
    peak = max(float(v.abs().max()) for k, v in tensors.items() if k.endswith(".logits"))
    print(f"{folder.name}: {len(inputs)} inputs, |logit| up to {peak:.1f}, eager against sdpa {noise:.1e}, "
          f"{folder_size(folder) / 1e3:.0f} kB", flush=True)


def save(folder, tensors):
    tensors = {k: v.contiguous() for k, v in sorted(tensors.items())}
    assert all(v.dtype in (torch.float32, torch.int64, torch.uint8) for v in tensors.values())
    assert all(torch.isfinite(v).all() for v in tensors.values() if v.dtype == torch.float32)
    # One entry: safetensors writes several in any order.
    save_file(tensors, folder / "golden.safetensors", metadata={
        "made_by": f"transformers {transformers.__version__}, torch {torch.__version__}, float32, cpu"})
    (folder / "golden.safetensors").chmod(0o644)


def folder_size(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


# ---------------------------------------------------------------------------------------------------- text cases

def text_case(name, lengths, seed, old_style=False, embedding=1.0, **overrides):
    def make():
        folder = HERE / name
        config = text_config(**overrides)
        model = make_model(folder, config, seed=seed, old_style=old_style, embedding=embedding)
        rng = np.random.default_rng(seed)
        write_case(folder, model, [(text_ids(rng, n, config["vocab_size"]), None) for n in lengths])
    return name, make


# ---------------------------------------------------------------------------------------------------- vision cases

def vision_case(name, prompts, seed, mm_tokens, vision, old_style=False, keep_pictures=False, sharpness=0.7, **overrides):
    def make():
        folder = HERE / name
        config = text_config(**overrides)
        model = make_model(folder, config, vision, mm_tokens, seed=seed, old_style=old_style, sharpness=sharpness)
        rng = np.random.default_rng(seed)
        inputs = []
        for parts in prompts:
            count = sum(part in ("image", "bare") for part in parts)
            ids = prompt(rng, parts, mm_tokens, config["vocab_size"])
            raw, values = pictures(rng, count, folder) if count else (None, None)
            inputs.append((ids, (raw if keep_pictures else None, values) if count else None))
        write_case(folder, model, inputs)
    return name, make


def mixed_batch():
    """Rows of different lengths, with and without pictures. In transformers' left-padded batch each row must give what it
    gives alone."""
    folder = HERE / "mixed_batch"
    mm_tokens = 4
    model = make_model(folder, text_config(num_hidden_layers=3, layer_types=[LOCAL, GLOBAL, LOCAL], sliding_window=6),
                       vision_config(), mm_tokens, seed=61, sharpness=0.5)
    rng = np.random.default_rng(61)
    rows = [["bos", 8], ["bos", 2, "image", 3], ["bos", 15], ["bos", "image", 1, "image", 2], ["bos", "image", "image", 5],
            ["bos"]]
    inputs = []
    for parts in rows:
        count = parts.count("image")
        ids = prompt(rng, parts, mm_tokens, 160)
        inputs.append((ids, (None, pictures(rng, count, folder)[1]) if count else None))
    write_case(folder, model, inputs)

    golden = load_file(folder / "golden.safetensors")
    longest = max(len(ids) for ids, _ in inputs)
    ids = np.stack([np.concatenate([np.full(longest - len(row), PAD), row]) for row, _ in inputs])
    attention = torch.from_numpy(np.stack([np.arange(longest) >= longest - len(row) for row, _ in inputs]).astype(np.int64))
    pixels = torch.cat([pics[1] for _, pics in inputs if pics is not None])
    for positions in (None, (attention.cumsum(1) - 1).clamp(min=0)):
        with torch.no_grad():
            batch = model(**call(model, ids, pixels, attention_mask=attention, position_ids=positions)).logits
        for i, (row, _) in enumerate(inputs):
            difference = (batch[i, longest - len(row):] - golden[f"{i}.logits"]).abs().max().item()
            assert difference < 1e-4, f"row {i} of the batch differs by {difference}"


# ---------------------------------------------------------------------------------------------------- generation

def generate(model, ids, pixels, count):
    """Greedy ids with a cache, and the logits of every step [count, V]."""
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = PAD
    arguments = call(model, ids, pixels)
    arguments["use_cache"] = True
    out = model.generate(**arguments, attention_mask=torch.ones_like(arguments["input_ids"]), do_sample=False,
                         max_new_tokens=count, output_logits=True, return_dict_in_generate=True)
    return out.sequences[0, len(ids):], torch.stack(out.logits)[:, 0]


def generation_case(name, vision, first_seed):
    """200 greedy tokens where the best token always leads by more than rounding can take away."""
    def make():
        folder = HERE / name
        mm_tokens, count = 4, 200
        overrides = dict(num_hidden_layers=7, hidden_size=32, intermediate_size=64, vocab_size=256, sliding_window=24)
        if vision:
            overrides["layer_types"] = [LOCAL, LOCAL, GLOBAL, LOCAL, LOCAL, LOCAL, GLOBAL]
            overrides["rope_parameters"] = rope8()
        else:
            overrides["sliding_window_pattern"] = 6
        for seed in range(first_seed, first_seed + 400):
            model = make_model(folder, text_config(**overrides), vision_config() if vision else None, mm_tokens, seed=seed,
                               embedding=0.5, sharpness=1.0, quiet_specials=True)
            rng = np.random.default_rng(seed)
            parts = ["bos", 5, "image", 6, "image", "image", 4] if vision else ["bos", 17]
            ids = prompt(rng, parts, mm_tokens, 256)
            pixels = pictures(rng, parts.count("image"), folder)[1] if vision else None
            new, steps = generate(model, ids, pixels, count)
            top = steps.topk(2).values
            lead = (top[:, 0] - top[:, 1]).min().item()
            distinct = len(set(new[-100:].tolist()))
            if lead > 3e-3 and distinct > 40 and min(new) > IMAGE:
                break
            print(f"  {name}: not seed {seed}: lead {lead:.4f}, {distinct} different", flush=True)
        else:
            raise SystemExit(f"{name}: no seed gives an unambiguous path")
        whole = np.concatenate([ids, new.numpy()])
        with torch.no_grad():
            oneshot = model(**call(model, whole, pixels)).logits[0, len(ids) - 1:-1]
        noise = (oneshot - steps).abs().max().item()
        assert noise < 1e-3 and lead > 2 * noise, (noise, lead)
        tensors = {"0.input_ids": torch.as_tensor(ids, dtype=torch.long), "0.generated_ids": new,
                   "0.lead": top[:, 0] - top[:, 1]}
        if vision:
            tensors["0.pixel_values"] = pixels
            # Other pictures give other words, so that the test can tell whether they were looked at.
            assert not torch.equal(generate(model, ids, -pixels, count)[0], new)
        save(folder, tensors)
        print(f"{name}: seed {seed}, smallest lead {lead:.4f}, {distinct} different tokens in the last 100, "
              f"cached against whole {noise:.1e}, {folder_size(folder) / 1e3:.0f} kB", flush=True)
    return name, make


CASES = dict([
    # 6 local layers to a global one by the default pattern; shorter than, equal to and longer than the window.
    text_case("text_small", [1, 7, 8, 9, 20], 11, old_style=True, num_hidden_layers=7, sliding_window_pattern=6),
    text_case("text_gqa_4_1", [5, 19], 12, num_key_value_heads=1),
    text_case("text_gqa_8_2", [5, 19], 13, num_attention_heads=8, num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8),
    text_case("text_mha", [5, 19], 14, old_style=True, num_key_value_heads=4, head_dim=8, query_pre_attn_scalar=8),
    text_case("text_hidden_640", [9], 15, hidden_size=640, num_hidden_layers=2, intermediate_size=24, vocab_size=64,
              num_attention_heads=2, num_key_value_heads=1, head_dim=8, query_pre_attn_scalar=8, sliding_window=6),
    text_case("text_hidden_1152", [6], 16, hidden_size=1152, num_hidden_layers=2, intermediate_size=16, vocab_size=64,
              num_attention_heads=2, num_key_value_heads=1, head_dim=8, query_pre_attn_scalar=8, sliding_window=6),
    text_case("text_window_1", [1, 6], 17, sliding_window=1, num_hidden_layers=2),
    text_case("text_window_large", [12], 18, sliding_window=64, num_hidden_layers=2),
    text_case("text_rope8", [30], 19, rope_parameters=rope8()),
    text_case("text_rope8_old_names", [15], 20, old_style=True, rope_parameters=rope8()),
    # 27B: queries are scaled by (D / N)^-1/2, not by head_dim^-1/2, and D is not N * H.
    text_case("text_query_scale", [12], 21, hidden_size=84, intermediate_size=40, num_attention_heads=4, query_pre_attn_scalar=21,
              head_dim=16, rope_parameters=rope8(), num_hidden_layers=3),
    text_case("text_layer_types", [21], 22, num_hidden_layers=6,
              layer_types=[GLOBAL, LOCAL, LOCAL, GLOBAL, GLOBAL, LOCAL]),
    # All numbers unlike the classes' defaults.
    text_case("text_odd_numbers", [17], 23, rms_norm_eps=1e-3, head_dim=12, query_pre_attn_scalar=10, sliding_window=5,
              rope_parameters={GLOBAL: {"rope_type": "linear", "factor": 2.5, "rope_theta": 5e4},
                               LOCAL: {"rope_type": "default", "rope_theta": 1e3}}),

    vision_case("vision_one", [["bos", 4, "image", 6]], 41, 9, keep_pictures=True, sliding_window=32, sharpness=0.5,
                vision=vision_config(hidden_size=144, intermediate_size=48, image_size=42, patch_size=7),
                num_hidden_layers=3),
    vision_case("vision_many", [["image", 3], ["bos", "image", "image", 2, "image", 3], ["bos", 6], ["bos", 3, "image"]], 42,
                9, vision=vision_config(hidden_size=36, num_attention_heads=3, image_size=24, patch_size=4),
                old_style=True, num_hidden_layers=3, sliding_window=16),
    vision_case("vision_small_window", [["bos", 3, "image", 5], ["bos", "image", 2, "image", 2]], 43, 9, sliding_window=5,
                vision=vision_config(image_size=48), num_hidden_layers=4),
    vision_case("vision_rope8", [["bos", 9, "image", 9]], 44, 4, vision=vision_config(), rope_parameters=rope8(),
                num_hidden_layers=3, layer_types=[LOCAL, GLOBAL, LOCAL]),
    # Two pictures without a token between: transformers makes one block of them.
    vision_case("vision_touching", [["bos", 2, "bare", "bare", 3]], 45, 4, vision=vision_config(), sliding_window=6,
                num_hidden_layers=2),
    ("mixed_batch", mixed_batch),
    generation_case("text_generate", False, 1000),
    generation_case("vision_generate", True, 2045),
])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="names of cases; all without")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # the models are tiny
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in arguments.cases or CASES:
        CASES[name]()
    total = sum(folder_size(folder) for folder in HERE.iterdir() if folder.is_dir())
    print(f"all: {total / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
