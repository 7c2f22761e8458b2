"""Measures training: facet-engine train beside transformers + peft, on true shapes with random weights made on the spot.

    bench_train.py --engine FACET_ENGINE --out FILE.json [WHAT...] [--peer hf_speed.py] [--device cuda|cpu] [--steps 10]

WHAT is KIND:SHAPE:LENGTH:MICRO:CHECKPOINTED. KIND is lora, dora, qlora (rank 8, all language linears) or full; with ",adamw_8bit" or
",adamw_bf16" without float32 masters and by that optimizer, with ",pictures" on samples with a picture, with ",dropout" of 0.1. SHAPE is
270m, 1b, 4b or 12b. On a GPU by default lora:4b:2048:2:0 lora:4b:8192:1:1 full:1b:2048:4:0. Each is run by Facet, then, lora and full
without more, by the peer without and with Liger's kernels where those are installed: one step is one micro batch of random tokens, all of which count in the loss. Given are the
median step after three and the most memory that tensors took. On a CPU the peer is transformers + peft in this process, with
the same rows; --model DIR then names a folder to train instead of a shape (its name is taken for SHAPE).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT.resolve().parent / "shared/peers/hf_speed.py"
WARM_UP = 3
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LANGUAGE = r".*language_model.*\.(" + "|".join(TARGETS) + ")"
SHAPES = {
    "270m": dict(vocab_size=262144, hidden_size=640, num_hidden_layers=18, num_attention_heads=4, num_key_value_heads=1,
                 intermediate_size=2048, sliding_window=512),
    "1b": dict(vocab_size=262144, hidden_size=1152, num_hidden_layers=26, num_attention_heads=4, num_key_value_heads=1,
               intermediate_size=6912, sliding_window=512),
    "4b": dict(vocab_size=262208, hidden_size=2560, num_hidden_layers=34, num_attention_heads=8, num_key_value_heads=4,
               intermediate_size=10240, sliding_window=1024),
    "12b": dict(vocab_size=262208, hidden_size=3840, num_hidden_layers=48, num_attention_heads=16, num_key_value_heads=8,
                intermediate_size=15360, sliding_window=1024),
}
TOWER = dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16, image_size=896,
             patch_size=14, vision_use_head=False)


def make_folder(shape, folder, device):
    """A Hugging Face folder in bfloat16, 4B and larger with their vision tower."""
    import torch
    from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, Gemma3TextConfig
    torch.manual_seed(1)
    text = dict(head_dim=256, query_pre_attn_scalar=256) | SHAPES[shape]
    with torch.device(device):
        if shape in ("270m", "1b"):
            model = Gemma3ForCausalLM(Gemma3TextConfig(**text))
        else:
            model = Gemma3ForConditionalGeneration(Gemma3Config(text_config=text, vision_config=TOWER, mm_tokens_per_image=256))
    model.to(torch.bfloat16).save_pretrained(folder)
    del model
    if device == "cuda":
        torch.cuda.empty_cache()
    for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json"):
        (folder / name).write_bytes((ROOT / "resources/demo-model" / name).read_bytes())
    if shape not in ("270m", "1b"):
        (folder / "preprocessor_config.json").write_text(json.dumps(
            {"image_processor_type": "Gemma3ImageProcessor", "size": {"height": 896, "width": 896}}))


def ours(engine, model, what, scratch, device, steps):
    kind, _, length, micro, checkpointed = what
    kind, _, extra = kind.partition(",")
    optimizer = extra.startswith("adamw") and extra
    source = "mock:vision" if extra == "pictures" else "mock:text"
    dropout = 0.1 if extra == "dropout" else 0
    job = {"facet_job": 1, "name": "bench", "dir": str(scratch / "run"), "model": {"base": str(model.resolve())}, "method": kind,
           "data": {"sources": [{"path": source}]}, "sequence_length": length, "batch": {"global": micro, "micro": micro},
           "steps": steps + WARM_UP, "schedule": {"warmup_steps": 0, "type": "constant"},
           "precision": "fp32" if device == "cpu" else "bf16" if optimizer else "bf16_mixed",
           "activation_checkpointing": "full" if checkpointed else "none", "saving": {"every_minutes": 0}}
    if optimizer:
        job["optimizer"] = {"type": optimizer}
    if kind != "full":
        job["lora"] = {"rank": 8, "alpha": 16, "dropout": dropout, "targets": LANGUAGE if is_vision(model) else TARGETS}
    else:
        job["freeze"] = {"vision_tower": True, "projector": True}
    (scratch / "job.json").write_text(json.dumps(job))
    environment = {**os.environ, "FACET_HOME": str(scratch / "home")}
    done = subprocess.run([engine, "train", scratch / "job.json", "--device", device], capture_output=True, text=True,
                          env=environment)
    events = scratch / "run/events.jsonl"
    metrics = [json.loads(line) for line in events.read_text().splitlines()] if events.exists() else []
    metrics = [event for event in metrics if event["event"] == "metric"][WARM_UP:]
    if not metrics:
        return {"error": (done.stderr.strip().splitlines() or ["no step"])[-1]}
    row = {"tok_s": statistics.median(event["tokens_per_second"] for event in metrics),
           "peak_gib": max(event["memory_bytes"] for event in metrics) / 2**30, "loss": metrics[-1]["loss"]}
    for part in ("data", "forward", "backward", "optimizer"):
        row[f"{part}_ms"] = statistics.median(event[f"{part}_seconds"] for event in metrics) * 1e3
    row["mfu"] = statistics.median(event["mfu"] for event in metrics)
    if done.returncode != 0:
        row["error"] = done.stderr.strip().splitlines()[-1]
    return row


def is_vision(model):
    return "vision_config" in json.loads((model / "config.json").read_text())


def on_gpu(peer, what, liger):
    name = ("liger" if liger else "") + ":".join(map(str, what))
    done = subprocess.run([sys.executable, peer, name], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        row = json.loads(line) if line.startswith("{") else {}
        if row.get("what") == "train" and "tok_s" in row:
            return {"tok_s": row["tok_s"], "peak_gib": row["peak_gib"]}
        if row.get("oom") or "error" in row:
            return {"error": row.get("error", "out of memory")}
    return {"error": (done.stderr.strip().splitlines() or ["nothing"])[-1]}


def on_cpu(model, what, steps):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
    kind, _, length, micro, checkpointed = what
    loader = AutoModelForImageTextToText if is_vision(model) else AutoModelForCausalLM
    net = loader.from_pretrained(model, dtype=torch.float32, attn_implementation="sdpa")
    net.train()
    if checkpointed:
        net.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if kind == "lora":
        net = get_peft_model(net, LoraConfig(r=8, lora_alpha=16, target_modules=LANGUAGE if is_vision(model) else TARGETS))
        if checkpointed:
            net.enable_input_require_grads()
    else:
        for name, parameter in net.named_parameters():
            parameter.requires_grad_("vision_tower" not in name and "multi_modal" not in name)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
    seconds = []
    for _ in range(steps + WARM_UP):
        ids = torch.randint(8, 1000, (micro, length))
        extra = {"token_type_ids": torch.zeros_like(ids)} if is_vision(model) else {}
        begin = time.perf_counter()
        loss = net(input_ids=ids, labels=ids, **extra).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - begin)
    return {"tok_s": micro * length / statistics.median(seconds[WARM_UP:])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*")
    parser.add_argument("--engine", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--peer", type=Path, default=PEER)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--no-peer", action="store_true")
    arguments = parser.parse_args()
    import torch
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else "cpu"
    report = {"device": device, "torch": torch.__version__, "rows": []}
    default = ["lora:4b:2048:2:0", "lora:4b:8192:1:1", "full:1b:2048:4:0"]
    with tempfile.TemporaryDirectory() as name:
        folders = Path(name)
        for text in arguments.what or default:
            kind, shape, *numbers = text.split(":")
            what = (kind, shape, *map(int, numbers))
            model = arguments.model or folders / shape
            if not model.exists():
                make_folder(shape, model, arguments.device)
            row = {"what": text}
            with tempfile.TemporaryDirectory(dir=folders) as scratch:
                row["facet"] = ours(arguments.engine, model, what, Path(scratch), arguments.device, arguments.steps)
            if not arguments.no_peer and kind in ("lora", "full"):
                if arguments.device == "cpu":
                    row["transformers"] = on_cpu(model, what, arguments.steps)
                else:
                    row["transformers"] = on_gpu(arguments.peer, what, liger=False)
                    row["liger"] = on_gpu(arguments.peer, what, liger=True)
            print(json.dumps(row), flush=True)
            report["rows"].append(row)
            arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
