"""What transformers and peft compute when they train the tiny models of tests/engine/golden/, in float32.

    .venv/bin/python tests/engine/train/make_training.py FOLDER [CASE...]

Each case becomes a folder:
  case.json            model, samples, what is trained, settings of AdamW, the losses before each of its steps
  values.safetensors   gradient.NAME before the first step, by Facet's names; sample.I.pixels [n, 3, S, S]
  adapter/             for cases with adapters: what peft's save_pretrained wrote before the first step
Cases with nf4 are QLoRA: transformers loads every linear layer but the head by bitsandbytes 0.50.2, which no other
test needs and requirements.txt therefore leaves out; without it they are left out, too (golden/ has them).
A sample's loss counts the tokens of is_target; the loss is the mean over the targets of all samples, which are
computed one by one, so nothing is padded and none sees another.
"""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))

import numpy as np
import torch
from make_golden import BOI, BOS, EOI, IMAGE, call, load_model
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ADAMW = dict(lr=1e-3, betas=(0.9, 0.95), eps=1e-5, weight_decay=0.1)
# The bias of keys shifts all scores of a query alike: its gradient is 0 but for rounding, and AdamW makes steps of full
# size out of that, so that even transformers' two ways of computing attention part by 3e-5 in ten steps.
ALL = r"^(?!vision_tower.*k_proj\.bias)"
LANGUAGE = r".*(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"

CASES = {
    "text_full": dict(model="text_gqa_4_1", lengths=[13, 30, 2, 21], train=ALL),
    "text_embeddings": dict(model="text_rope8", lengths=[9, 17], train="embed_tokens|norm"),
    "text_top_layer": dict(model="text_small", lengths=[24], train=r"layers\.3\."),
    "text_lora": dict(model="text_gqa_8_2", lengths=[13, 30, 5], lora=dict(
        target_modules=LANGUAGE, r=4, lora_alpha=12)),
    "text_dora": dict(model="text_small", lengths=[13, 22], lora=dict(
        target_modules=["q_proj", "down_proj"], r=3, lora_alpha=6, use_dora=True)),
    "text_rslora_patterns": dict(model="text_small", lengths=[13, 22], lora=dict(
        target_modules=["q_proj", "v_proj", "gate_proj"], r=4, lora_alpha=8, use_rslora=True,
        rank_pattern={"v_proj": 2, r"layers.1.mlp.gate_proj": 6}, alpha_pattern={"q_proj": 16})),
    "vision_full": dict(model="vision_many", parts=[["bos", 5, "image", 9, "image", 4], ["bos", 7], ["bos", "image", 11]],
                        train=ALL),
    "vision_projector": dict(model="vision_small_window", parts=[["bos", 6, "image", 13]],
                             train="multi_modal_projector|language_model.*norm"),
    "vision_tower_last": dict(model="vision_one", parts=[["bos", 2, "image", 9], ["bos", 7, "image", 20]], train=ALL + r"vision_tower.*layers\.1\."),
    "vision_lora": dict(model="vision_rope8", parts=[["bos", 5, "image", 9], ["bos", 12]], lora=dict(
        target_modules=r".*(self_attn\.(q|k|v|o|out)_proj|mlp\.(gate_proj|up_proj|down_proj|fc1|fc2))", r=4, lora_alpha=8)),
    "vision_dora": dict(model="vision_one", parts=[["bos", 5, "image", 9]], lora=dict(
        target_modules=["fc1", "v_proj", "o_proj"], r=2, lora_alpha=2, use_dora=True)),
    "text_qlora": dict(model="text_gqa_8_2", nf4=True, lengths=[13, 30, 5], lora=dict(
        target_modules=LANGUAGE, r=4, lora_alpha=12)),
    "vision_qlora": dict(model="vision_rope8", nf4=True, parts=[["bos", 5, "image", 9], ["bos", 12]], lora=dict(
        target_modules=["q_proj", "fc2", "down_proj"], r=4, lora_alpha=8)),
}


def canonical(name):
    """Facet's name of a parameter of a transformers or peft model."""
    name = name.removeprefix("base_model.model.").replace(".default", "").replace("vision_model.", "")
    name = name.removeprefix("model.")
    if not name.startswith(("language_model.", "vision_tower.", "multi_modal_projector.")):
        name = "language_model." + name
    for part, ours in (("lora_A", "lora_A"), ("lora_B", "lora_B"), ("lora_magnitude_vector", "lora_magnitude")):
        if f".{part}" in name:
            return name.split(f".{part}")[0] + f".{ours}"
    return name


def samples_of(case, config, rng):
    vocab = config.get_text_config().vocab_size
    samples = []
    if "lengths" in case:
        for length in case["lengths"]:
            samples.append(dict(ids=[BOS] + [int(i) for i in rng.integers(IMAGE + 1, vocab, length - 1)], pixels=None))
    for parts in case.get("parts", []):
        ids, count = [], 0
        for part in parts:
            if part == "bos":
                ids += [BOS]
            elif part == "image":
                ids += [BOI] + [IMAGE] * config.mm_tokens_per_image + [EOI]
                count += 1
            else:
                ids += [int(i) for i in rng.integers(IMAGE + 1, vocab, part)]
        size = config.vision_config.image_size
        pixels = torch.from_numpy(rng.uniform(-1, 1, (count, 3, size, size)).astype(np.float32)) if count else None
        samples.append(dict(ids=ids, pixels=pixels))
    for sample in samples:
        target = rng.random(len(sample["ids"])) < 0.7
        sample["is_target"] = [bool(t) and i not in (BOI, IMAGE, EOI) for t, i in zip(target, sample["ids"])]
        sample["is_target"][-1] = True
    return samples


def loss_of(model, kind, samples):
    total, count = 0, 0
    for sample in samples:
        inputs = call(kind, sample["ids"], sample["pixels"])
        logits = model(**inputs).logits[0, :-1].float()
        target = torch.tensor(sample["ids"][1:])
        keep = torch.tensor(sample["is_target"][1:])
        total = total + torch.nn.functional.cross_entropy(logits[keep], target[keep], reduction="sum")
        count += int(keep.sum())
    return total / count


def in_nf4(folder):
    """The model as QLoRA trains over it: stored by transformers and bitsandbytes, then widened again to float32.

    By bitsandbytes' portable code: its AVX-512 code (0.50.2) takes wrong scales where a matrix is not as wide as a
    multiple of 64 but of 16, as these tiny models' are.
    """
    from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
    from bitsandbytes.functional import dequantize_blockwise
    from bitsandbytes.nn import Linear4bit
    from transformers import BitsAndBytesConfig
    model = load_model(folder)
    stored = type(model).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", device_map="cpu",
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True))
    whole = [name for name, module in stored.named_modules() if type(module) is torch.nn.Linear]
    assert whole == ["lm_head"], whole
    modules = dict(model.named_modules())
    for name, module in stored.named_modules():
        if isinstance(module, Linear4bit):
            state = module.weight.quant_state
            scales = dequantize_blockwise(state.absmax, state.state2) + state.offset
            modules[name].weight.data = _dequantize_4bit_compute(
                module.weight.data.flatten(), scales, state.code, state.blocksize, state.shape, torch.float32)
    return model


def make(name, folder):
    case = CASES[name]
    torch.manual_seed(1)
    rng = np.random.default_rng(sorted(CASES, key=lambda each: ("nf4" in CASES[each], each)).index(name))
    model = in_nf4(GOLDEN / case["model"]) if "nf4" in case else load_model(GOLDEN / case["model"])
    kind = model
    samples = samples_of(case, model.config, rng)
    folder = folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    if "lora" in case:
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **case["lora"]))
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                if "lora_B" in parameter_name:
                    parameter.normal_(0, 0.1)
                elif "lora_magnitude" in parameter_name:
                    parameter.mul_(1 + 0.2 * torch.randn_like(parameter))
        model.save_pretrained(folder / "adapter")
        (folder / "adapter" / "README.md").unlink(missing_ok=True)
    else:
        import re
        pattern = re.compile(case["train"])
        for parameter_name, parameter in model.named_parameters():
            parameter.requires_grad_(bool(pattern.search(canonical(parameter_name))))
    model.train()  # no dropout in Gemma 3; as training calls it

    trained = {canonical(n): p for n, p in model.named_parameters() if p.requires_grad}
    values = {}
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in trained.values() if p.dim() > 1]},
         {"params": [p for p in trained.values() if p.dim() <= 1], "weight_decay": 0.0}], **ADAMW)
    losses = []
    for step in range(10):
        optimizer.zero_grad()
        loss = loss_of(model, kind, samples)
        losses.append(loss.item())
        loss.backward()
        if step == 0:
            for parameter_name, parameter in trained.items():
                if parameter.grad is not None:
                    values["gradient." + parameter_name] = parameter.grad.clone()
        optimizer.step()
    for index, sample in enumerate(samples):
        pixels = sample.pop("pixels")
        if pixels is not None:
            values[f"sample.{index}.pixels"] = pixels.contiguous()
    save_file({k: v.contiguous() for k, v in sorted(values.items())}, folder / "values.safetensors")
    (folder / "case.json").write_text(json.dumps(dict(
        model=case["model"], samples=samples, trained=sorted(trained), has_adapter="lora" in case,
        weights="nf4" if "nf4" in case else "float32",
        adamw=dict(ADAMW, betas=list(ADAMW["betas"])), losses=losses)) + "\n")
    print(f"{name}: {len(trained)} tensors, loss {losses[0]:.4f} to {losses[-1]:.4f}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    has_bitsandbytes = importlib.util.find_spec("bitsandbytes") is not None
    for chosen in sys.argv[2:] or [name for name in CASES if has_bitsandbytes or "nf4" not in CASES[name]]:
        make(chosen, Path(sys.argv[1]))
