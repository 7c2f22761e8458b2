# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains Facet's demo model with transformers and writes it as a Hugging Face folder.

    python make_demo_model.py --out /tmp/demo-model --minutes 8      one GPU, 16 cores
    python make_demo_model.py --out /tmp/demo-model --tiny           a few steps on a CPU, to try the script

The time is the budget: the learning rate falls with the share of the minutes that is used up, so the
number of steps depends on the machine. Seeds fix the data, not the rounding of a GPU. The committed model
came from two runs on one GPU: `--minutes 7.6 --compile`, and from its result on
`--start FOLDER --minutes 6.3 --compile --rate 6e-4 --seed 2000`.
"""

import argparse
import copy
import json
import math
import multiprocessing
import queue
import threading
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

from batches import Batch, Pool, make_chunk, start_worker
from build_tokenizer import IMAGE_TOKEN_ID, build_tokenizer
from model_files import write_model_files
from scenes import COLOUR_NAMES, DIGITS, SHAPES


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--batch", type=int, default=512, help="conversations with one picture in a step")
    parser.add_argument("--other", type=int, default=192, help="conversations with two or no pictures in a step")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=15)
    parser.add_argument("--pool", type=int, default=200, help="chunks kept in each pool")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a model folder to go on from")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    if arguments.tiny:
        arguments.batch, arguments.other, arguments.pool, arguments.workers = 8, 4, 1, 2
    return arguments


class GridHead(nn.Module):
    """Names the thing and the colour that each soft token covers. Thrown away after training."""

    def __init__(self, width: int):
        super().__init__()
        self.name = nn.Linear(width, 1 + len(SHAPES + DIGITS))
        self.colour = nn.Linear(width, 1 + len(COLOUR_NAMES))

    def forward(self, features, names, colours):
        loss = nn.functional.cross_entropy
        return (loss(self.name(features).flatten(0, 1).float(), names.flatten())
                + loss(self.colour(features).flatten(0, 1).float(), colours.flatten()))


def new_model(folder: Path, start: Path | None) -> Gemma3ForConditionalGeneration:
    if start:
        return Gemma3ForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    model = Gemma3ForConditionalGeneration(Gemma3Config.from_pretrained(folder))
    # transformers starts this matrix at zero, which leaves the vision tower without a gradient.
    nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.03)
    return model.float()


def masks(ids: torch.Tensor, window: int) -> dict:
    """Who sees whom: what is behind, and all of the picture that one is part of; in the window, or anywhere.

    Padding is behind everything, so that causality alone hides it.
    """
    image = ids == IMAGE_TOKEN_ID
    starts = image & ~nn.functional.pad(image, (1, 0))[:, :-1]
    block = torch.where(image, starts.cumsum(1), 0)
    at = torch.arange(ids.shape[1], device=ids.device)
    distance = at[:, None] - at[None, :]
    same_image = (block[:, :, None] == block[:, None, :]) & image[:, :, None]
    full = (distance >= 0) | same_image
    local = full & (distance < window)
    return {"full_attention": full[:, None], "sliding_attention": local[:, None]}


def forward(model, batch: Batch):
    """Logits for every position that comes before a token of an answer, those tokens, and soft tokens."""
    core = model.model
    image = batch.ids == IMAGE_TOKEN_ID
    features = core.get_image_features(batch.pixels, return_dict=True).pooler_output
    embeddings = core.get_input_embeddings()(batch.ids)
    # A conversation without pictures has empty slots: only the pictures that are shown are put in.
    slots = len(features) // len(batch.ids)
    shown = torch.arange(slots, device=image.device) < image.sum(1, keepdim=True) // features.shape[1]
    embeddings = embeddings.masked_scatter(image[..., None], features[shown.flatten()].to(embeddings.dtype))
    window = model.config.text_config.sliding_window
    hidden = core.language_model(inputs_embeds=embeddings, attention_mask=masks(batch.ids, window),
                                 use_cache=False).last_hidden_state
    wanted = batch.answer[:, 1:]
    return model.lm_head(hidden[:, :-1][wanted]), batch.ids[:, 1:][wanted], features, shown.flatten()


def losses(model, head: GridHead, batch: Batch):
    logits, targets, features, shown = forward(model, batch)
    text = nn.functional.cross_entropy(logits.float(), targets)
    grid = head(features[shown], batch.names[shown], batch.colours[shown])
    return text, grid


def feed(arguments, folder: Path, stop: threading.Event) -> threading.Thread:
    """Starts a thread that makes chunks in worker processes until `stop`, and puts them into its queue."""
    chunks = queue.Queue(maxsize=8)

    def tasks():
        seed = arguments.seed * 1_000_000
        while not stop.is_set():
            seed += 1
            yield ("other" if seed % 4 == 0 else "one", seed)

    def run():
        with multiprocessing.get_context("spawn").Pool(arguments.workers, start_worker, (folder,)) as workers:
            waiting = []
            source = tasks()
            while not stop.is_set():
                while len(waiting) < 2 * arguments.workers:
                    waiting.append(workers.apply_async(make_chunk, (next(source),)))
                chunks.put(waiting.pop(0).get())

    thread = threading.Thread(target=run, daemon=True)
    thread.chunks = chunks
    thread.start()
    return thread


def fill(pools: dict, thread, least: int) -> None:
    """Takes what is ready; waits only until each pool has `least` chunks."""
    while True:
        wait = any(pool.made < least for pool in pools.values())
        try:
            chunk = thread.chunks.get(block=wait)
        except queue.Empty:
            return
        pools[chunk["group"]].add(chunk)
        if not wait:
            return


def save(model, folder: Path) -> None:
    """Writes bf16 weights with the names that checkpoints on the hub have."""
    names = {"model.language_model.": "language_model.model.", "model.vision_tower.": "vision_tower.",
             "model.multi_modal_projector.": "multi_modal_projector."}
    tensors = {}
    for name, tensor in model.state_dict().items():
        old = next((n for n in names if name.startswith(n)), None)
        if old:  # lm_head is tied to the embedding
            new = names[old] + name[len(old):]
            if new.startswith("vision_tower.") and not new.startswith("vision_tower.vision_model."):
                new = new.replace("vision_tower.", "vision_tower.vision_model.", 1)
            tensors[new] = tensor.to(torch.bfloat16).contiguous().cpu()
    part = folder / "model.safetensors.part"
    save_file(tensors, part, metadata={"format": "pt"})
    part.rename(folder / "model.safetensors")


def optimizer_for(model, head, rate):
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in [*model.parameters(), *head.parameters()] if p.ndim < 2] + [
        p for p in head.parameters() if p.ndim >= 2]
    return torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
                             lr=rate, betas=(0.9, 0.98), eps=1e-9, fused=torch.cuda.is_available())


def train(arguments) -> None:
    torch.manual_seed(arguments.seed)
    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    folder = arguments.out
    build_tokenizer(folder, arguments.seed)
    write_model_files(folder)
    pools = {group: Pool(group, arguments.pool, device) for group in ("one", "other")}
    stop = threading.Event()
    thread = feed(arguments, folder, stop)
    model = new_model(folder, arguments.start).to(device)
    head = GridHead(model.config.text_config.hidden_size).to(device)
    average = copy.deepcopy(model)
    optimizer = optimizer_for(model, head, arguments.rate)
    if arguments.compile:
        torch._dynamo.config.recompile_limit = 32
        for layer in [*model.model.language_model.layers, *model.model.vision_tower.encoder.layers]:
            layer.compile(dynamic=False)
    fill(pools, thread, 1 if arguments.tiny else 12)
    print("parameters", sum(p.numel() for p in model.parameters()), flush=True)

    step, begin, saved = 0, time.time(), time.time()
    seen = {"text": [], "grid": []}
    while (share := (time.time() - begin) / 60 / arguments.minutes) < 1:
        fill(pools, thread, 1)
        rate = arguments.rate * min(1, (step + 1) / 300) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        sizes = {"one": arguments.batch, "other": arguments.other}
        for name, size in sizes.items():
            with torch.autocast(device, torch.bfloat16):
                text, grid = losses(model, head, pools[name].draw(size))
            weight = size / sum(sizes.values())
            (weight * (text + 0.3 * max(0.0, 1 - 1.5 * share) * grid)).backward()
            seen["text"].append(text.detach())
            seen["grid"].append(grid.detach())
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        with torch.no_grad():
            decay = min(0.998, 1 - 1 / (1 + step / 4))
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
        if step % (2 if arguments.tiny else 200) == 0:
            mean = {n: [torch.stack(v[i::2]).mean().item() for i in range(2)] for n, v in seen.items()}
            seen = {"text": [], "grid": []}
            print(json.dumps({"step": step, "minutes": round((time.time() - begin) / 60, 2), "rate": rate, **mean,
                              "chunks": {n: p.made for n, p in pools.items()}}), flush=True)
        if time.time() - saved > 60:
            save(average, folder)
            saved = time.time()
    save(average, folder)
    stop.set()
    print("steps", step, flush=True)


if __name__ == "__main__":
    train(parse_arguments())
