"""Does training on this GPU do what transformers + peft do? Fine-tunes a true-shape 4B with random weights on pictures.

    train_check.py FACET_ENGINE OUT.json [--steps 50] [--limit 0.02]

A LoRA of all linear layers of the language model, in bfloat16, on the first rows of resources/demo-data/reports: the same rows in
each step, the same first adapter, drawn by peft. Both losses of each step go into OUT.json; exit code 0 if none is further from
the peer's than --limit of it. Needs torch, transformers, peft and a GPU with 40 GB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from transformers import AutoModelForImageTextToText, Gemma3ImageProcessor

import bench_train

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "resources/demo-data/reports"
NUM_ROWS, IMAGE_TOKEN = 4, 262144
ADAMW = dict(lr=3e-5, betas=(0.9, 0.95), eps=1e-5, weight_decay=0.1)


def rows_of(engine, model, source, environment):
    done = subprocess.run([engine, "data", "preview", "-m", model, source, "--rows", str(NUM_ROWS), "--sequence-length", "1024",
                           "--json"], check=True, capture_output=True, text=True, env=environment)
    return [json.loads(line) for line in done.stdout.splitlines()]


def theirs(folder, rows, pictures, adapter, steps):
    torch.manual_seed(1)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.bfloat16, device_map="cuda")
    model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=bench_train.LANGUAGE))
    model.save_pretrained(adapter)
    model.train()
    processor = Gemma3ImageProcessor.from_pretrained(folder)
    pixels = [processor(Image.open(path).convert("RGB"), return_tensors="pt")["pixel_values"].to("cuda", torch.bfloat16)
              for path in pictures]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, **ADAMW)
    num_targets = sum(sum(row["in_loss"][1:]) for row in rows)
    losses = []
    for _ in range(steps):
        losses.append(0.0)
        for row, pixel in zip(rows, pixels):
            ids = torch.tensor([row["ids"]], device="cuda")
            logits = model(input_ids=ids, pixel_values=pixel, token_type_ids=(ids == IMAGE_TOKEN).long()).logits[0, :-1]
            keep = torch.tensor(row["in_loss"][1:], device="cuda").bool()
            loss = torch.nn.functional.cross_entropy(logits[keep].float(), ids[0, 1:][keep], reduction="sum") / num_targets
            loss.backward()
            losses[-1] += loss.item()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return losses


def ours(engine, folder, source, adapter, scratch, steps, environment):
    job = {"facet_job": 1, "name": "check", "dir": str(scratch / "run"), "model": {"base": str(folder)}, "method": "lora",
           "lora": {"rank": 8, "alpha": 16, "targets": bench_train.LANGUAGE, "init_adapter": str(adapter)},
           "data": {"sources": [{"path": str(source)}]}, "sequence_length": 1024, "batch": {"global": NUM_ROWS, "micro": NUM_ROWS},
           "steps": steps, "schedule": {"type": "constant", "warmup_steps": 0}, "optimizer": {"lr": ADAMW["lr"]},
           "precision": "bf16_mixed", "activation_checkpointing": "none", "saving": {"every_minutes": 0}}
    (scratch / "job.json").write_text(json.dumps(job))
    done = subprocess.run([engine, "train", scratch / "job.json", "--device", "cuda"], capture_output=True, text=True,
                          env=environment)
    if done.returncode != 0:
        sys.exit(done.stderr)
    events = [json.loads(line) for line in (scratch / "run/events.jsonl").read_text().splitlines()]
    return [event["loss"] for event in events if event["event"] == "metric"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--limit", type=float, default=0.02)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        environment = {**os.environ, "FACET_HOME": str(scratch / "home")}
        lines = (REPORTS / "train.jsonl").read_text().splitlines()[:NUM_ROWS]
        (scratch / "pictures").symlink_to(REPORTS / "pictures")
        source = scratch / "rows.jsonl"
        source.write_text("\n".join(lines) + "\n")
        pictures = [REPORTS / json.loads(line)["messages"][0]["content"][0]["path"] for line in lines]
        folder = scratch / "4b"
        bench_train.make_folder("4b", folder, "cuda")
        rows = rows_of(arguments.engine, folder, source, environment)
        expected = theirs(folder, rows, pictures, scratch / "adapter", arguments.steps)
        torch.cuda.empty_cache()
        losses = ours(arguments.engine, folder, source, scratch / "adapter", scratch, arguments.steps, environment)
    off = max(abs(a - b) / b for a, b in zip(losses, expected, strict=True))
    arguments.out.write_text(json.dumps({"device": torch.cuda.get_device_name(), "facet": losses, "transformers": expected,
                                         "largest_share": off}, indent=1) + "\n")
    print(f"{len(losses)} steps, losses {losses[0]:.4f} to {losses[-1]:.4f}, peer's {expected[0]:.4f} to {expected[-1]:.4f}: "
          f"at most {off:.2%} apart")
    return 0 if off <= arguments.limit else 1


if __name__ == "__main__":
    sys.exit(main())
