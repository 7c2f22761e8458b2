"""Does pretraining from scratch here make as good a model as with transformers? Both train the demo model on the same rows.

    pretrain_check.py FACET_ENGINE OUT.json [--steps 3000] [--rows 300000] [--peer-gpu 1]

Rows are synthetic pictures and conversations about them (tests/demo_model), of which none shows a held-out combination; one in five
asks for all that is where, which does in words what the demo model's own training did with a second loss. Facet reads them as JSONL
and PNG, transformers as tensors. Both start from random weights, take as many steps of 704 rows, with the same schedule, and answer
tests/demo_model/heldout.jsonl in transformers, in float32. Exit code 0 if Facet's is at most 3 points behind the peer's.
Needs torch, transformers, sentencepiece, Pillow and one GPU, or, with --peer-gpu, another one for the peer at the same time.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/demo_model"))

import batches
import questions
from batches import LENGTHS, PICTURES
from build_tokenizer import Encoder
from model_files import IMAGE_SIZE, SOFT_TOKENS
from questions import Conversation, Turn
from scenes import COLOUR_NAMES, DIGITS, SHAPES, draw_scene, make_scene

DEMO = ROOT / "resources/demo-model"
CHUNK = 1000  # rows a worker makes at once
BATCH, SHARES = 704, {"one": 512 / 704, "other": 192 / 704}
RATE, WARMUP, DECAY, BETAS, EPS = 1e-3, 300, 0.05, (0.9, 0.98), 1e-9
POINTS = 0.03


def list_question(rng, train):
    """All that is in a picture, place by place."""
    while True:
        names = rng.sample(SHAPES + DIGITS, rng.randint(2, 6))
        scene = make_scene(rng, [(name, rng.choice(COLOUR_NAMES), rng.choice(["small", "medium"])) for name in names], train)
        if scene:
            listed = ", ".join(f"{thing.colour} {thing.name} {thing.place}" for thing in scene.things)
            return Conversation("list", [Turn("What is where?", listed[0].upper() + listed[1:] + ".", [scene])])


def pixels_of(scene, rng, noise):
    """As the image processor resizes it, with the change of light and the noise of the demo model's training."""
    picture = draw_scene(scene, rng).resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture, np.float32) / 127.5 - 1
    pixels = pixels * (1 + 0.06 * noise.standard_normal()) + 0.03 * noise.standard_normal((1, 1, 3), np.float32)
    pixels += max(0.0, noise.uniform(-0.06, 0.06)) * noise.standard_normal(pixels.shape, np.float32)
    return ((pixels.clip(-1, 1) + 1) * 127.5).round().astype(np.uint8)


def as_row(conversation, names):
    messages = [{"role": "system", "content": conversation.system}] if conversation.system else []
    for index, turn in enumerate(conversation.turns):
        images = [{"type": "image", "path": name} for name in names] if index == 0 else []
        text = [{"type": "text", "text": turn.question}]
        messages.append({"role": "user", "content": text + images if conversation.pictures_last else images + text})
        messages.append({"role": "assistant", "content": turn.answer})
    return json.dumps({"messages": messages}, ensure_ascii=False)


def make_chunk(task):
    """Writes one chunk's rows and pictures for Facet; the same rows as arrays for the peer."""
    group, seed, folder = task
    rng, noise, encoder = random.Random(f"pretrain/{group}/{seed}"), np.random.default_rng(seed), Encoder(DEMO, SOFT_TOKENS)
    pictures = np.zeros((CHUNK, PICTURES[group], IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    ids, answer = np.zeros((CHUNK, LENGTHS[group]), np.int16), np.zeros((CHUNK, LENGTHS[group]), bool)
    rows = []
    (folder / f"{group}-{seed}").mkdir()
    while len(rows) < CHUNK:
        is_list = group == "one" and rng.random() < 0.27
        conversation = list_question(rng, True) if is_list else batches.make_conversation(rng, group)
        tokens, is_answer = encoder.encode(conversation)
        scenes = conversation.turns[0].scenes
        if len(tokens) > LENGTHS[group] or (group == "one" and len(scenes) != 1):
            continue
        row, names = len(rows), []
        for slot, scene in enumerate(scenes):
            pictures[row, slot] = pixels_of(scene, rng, noise)
            names.append(f"{group}-{seed}/{row}-{slot}.png")
            Image.fromarray(pictures[row, slot]).save(folder / names[-1], compress_level=1)
        ids[row, :len(tokens)], answer[row, :len(tokens)] = tokens, is_answer
        rows.append(as_row(conversation, names))
    (folder / f"{group}-{seed}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return group, seed, {"pictures": pictures, "ids": ids, "answer": answer}


def make_rows(folder, count, workers):
    folder.mkdir()
    tasks = [(group, seed, folder) for group, share in SHARES.items() for seed in range(max(1, round(count * share / CHUNK)))]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        made = sorted(pool.imap_unordered(make_chunk, tasks), key=lambda chunk: chunk[:2])
    with open(folder / "rows.jsonl", "w", encoding="utf-8") as out:
        for group, seed, _ in made:
            out.write((folder / f"{group}-{seed}.jsonl").read_text(encoding="utf-8"))
    return {group: {part: np.concatenate([chunk[part] for name, _, chunk in made if name == group])
                    for part in ("pictures", "ids", "answer")} for group in SHARES}


def ours(engine, rows, out, steps, device, workers, environment):
    """Trains; the folder of the last checkpoint, the losses and the seconds."""
    job = {"facet_job": 1, "name": "pretrain-check", "dir": str(out), "model": {"base": str(DEMO / "config.json")},
           "method": "pretrain", "pretrain": {"tokenizer": str(DEMO)}, "data": {"sources": [{"path": str(rows)}], "num_workers": workers},
           "sequence_length": 256, "packing": False, "batch": {"global": BATCH, "micro": BATCH}, "steps": steps,
           "schedule": {"type": "cosine", "warmup_steps": WARMUP, "min_lr": RATE / 100},
           "optimizer": {"lr": RATE, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "weight_decay": DECAY},
           "precision": "bf16_mixed" if device != "cpu" else "fp32", "activation_checkpointing": "none",
           "saving": {"every_minutes": 0}, "logging": {"every_steps": 10}}
    file = out.parent / "job.json"
    file.write_text(json.dumps(job))
    begin = time.time()
    done = subprocess.run([engine, "train", file, "--device", device], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(done.stderr)
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    return max((out / "checkpoints").glob("step-*")), [e["loss"] for e in events if e["event"] == "metric"], time.time() - begin


class Peer(threading.Thread):
    """transformers, as make_demo_model.py trains it, without its second loss."""

    def __init__(self, data, folder, steps, device):
        super().__init__()
        self.data, self.folder, self.steps, self.device = data, folder, steps, device
        self.losses, self.seconds = [], 0.0

    def run(self):
        import make_demo_model as demo
        from model_files import write_model_files

        torch.manual_seed(1)
        torch.set_float32_matmul_precision("high")
        self.folder.mkdir()
        for file in DEMO.iterdir():
            if file.name.startswith(("tokenizer", "special", "added", "chat")):
                (self.folder / file.name).write_bytes(file.read_bytes())
        write_model_files(self.folder)
        begin = time.time()
        model = demo.new_model(self.folder, None).to(self.device)
        if self.device != "cpu":
            torch._dynamo.config.recompile_limit = 32
            for layer in [*model.model.language_model.layers, *model.model.vision_tower.encoder.layers]:
                layer.compile(dynamic=False)
        parts = {g: {n: torch.from_numpy(a).to(self.device) for n, a in part.items()} for g, part in self.data.items()}
        optimizer = torch.optim.AdamW(
            [{"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": DECAY},
             {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0}], lr=RATE, betas=BETAS, eps=EPS)
        for step in range(self.steps):
            share = max(0, step - WARMUP) / max(1, self.steps - WARMUP)
            rate = RATE * min(1, (step + 1) / WARMUP) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            total = 0.0
            for group, part in parts.items():
                at = torch.randint(len(part["ids"]), (round(BATCH * SHARES[group]),), device=self.device)
                pixels = part["pictures"][at].flatten(0, 1).permute(0, 3, 1, 2).float() / 127.5 - 1
                batch = batches.Batch(pixels, part["ids"][at].long(), part["answer"][at], None, None)
                with torch.autocast(self.device.split(":")[0], torch.bfloat16):
                    logits, targets, _, _ = demo.forward(model, batch)
                loss = torch.nn.functional.cross_entropy(logits.float(), targets)
                (SHARES[group] * loss).backward()
                total += SHARES[group] * loss.detach()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if (step + 1) % 10 == 0:
                self.losses.append(total.item())
        demo.save(model, self.folder)
        self.seconds = time.time() - begin


def answers_right(folder):
    """The share of held-out questions that a model answers right, by kind and in all."""
    import check_demo_model as check

    lines = [json.loads(line) for line in (check.HERE / "heldout.jsonl").read_text(encoding="utf-8").splitlines()]
    answers, _ = check.ask_all(check.DemoModel(folder), lines, blind=False)
    right = {}
    for index, answer in answers["with"].items():
        right.setdefault(lines[index]["kind"], []).append(answer == lines[index]["answer"])
    shares = {kind: round(sum(values) / len(values), 3) for kind, values in right.items()}
    return {**shares, "all": sum(map(sum, right.values())) / len(lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rows", type=int, default=300000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--peer-gpu", type=int, help="train the peer on this GPU at the same time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        environment = {**os.environ, "FACET_HOME": str(scratch / "home")}
        begin = time.time()
        data = make_rows(scratch / "rows", arguments.rows, arguments.workers)
        print(f"{sum(len(part['ids']) for part in data.values())} rows made in {time.time() - begin:.0f} s", flush=True)
        on_cpu = arguments.device == "cpu"
        peer_device = "cpu" if on_cpu else f"cuda:{arguments.peer_gpu or 0}"
        peer = Peer(data, scratch / "peer", arguments.steps, peer_device)
        if arguments.peer_gpu is not None:
            peer.start()
        folder, losses, seconds = ours(arguments.engine, scratch / "rows/rows.jsonl", scratch / "run", arguments.steps,
                                       arguments.device, arguments.workers, environment)
        print(f"Facet: {arguments.steps} steps in {seconds:.0f} s, loss {losses[0]:.3f} to {losses[-1]:.3f}", flush=True)
        if arguments.peer_gpu is None:
            peer.start()
        peer.join()
        print(f"transformers: {peer.seconds:.0f} s, loss {peer.losses[0]:.3f} to {peer.losses[-1]:.3f}", flush=True)
        right = {"facet": answers_right(folder), "transformers": answers_right(scratch / "peer")}
        device = "CPU" if on_cpu else torch.cuda.get_device_name()
        arguments.out.write_text(json.dumps({
            "device": device, "steps": arguments.steps, "rows": arguments.rows,
            "facet": {"seconds": round(seconds), "losses": losses, "right": right["facet"]},
            "transformers": {"seconds": round(peer.seconds), "losses": peer.losses, "right": right["transformers"]}}, indent=1) + "\n")
    for who, shares in right.items():
        print(who, shares)
    return 0 if right["facet"]["all"] >= right["transformers"]["all"] - POINTS else 1


if __name__ == "__main__":
    sys.exit(main())
