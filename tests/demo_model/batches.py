# SPDX-License-Identifier: GPL-3.0-or-later
"""Training examples, made in worker processes and kept in a pool that is renewed all the time.

Two pools: conversations with one picture, and all others (two pictures or none), which are longer.
"""

import random
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

import chatter
import questions
from build_tokenizer import Encoder
from model_files import IMAGE_SIZE, SOFT_TOKENS
from questions import Conversation, Turn
from scenes import draw_scene, grid_labels

LENGTHS = {"one": 128, "other": 176}
PICTURES = {"one": 1, "other": 2}
CHUNK = 1024  # examples a worker makes at once
ENCODER = None  # one for each worker process

ONE_PICTURE = [(questions.colour_question, 3), (questions.shape_question, 3), (questions.place_question, 4),
               (questions.describe_question, 4), (questions.count_question, 5), (questions.digit_question, 4),
               (questions.follow_up_question, 5), (questions.empty_question, 1)]
OTHER = [(questions.which_picture_question, 5), (questions.same_question, 5),
         (questions.no_picture_question, 1), ("talk", 1.5), ("recall", 2)]


def make_talk(rng: random.Random, train: bool) -> Conversation:
    return Conversation("small talk", [Turn(*chatter.small_talk(rng))])


def make_recall(rng: random.Random, train: bool) -> Conversation:
    return Conversation("recall", [Turn(*chatter.recall(rng, rng.choice(chatter.CODE_WORDS)))])


MAKERS = {"talk": make_talk, "recall": make_recall}


def make_conversation(rng: random.Random, group: str) -> Conversation:
    table = ONE_PICTURE if group == "one" else OTHER
    maker = rng.choices([m for m, _ in table], [w for _, w in table])[0]
    return questions.vary(rng, MAKERS.get(maker, maker)(rng, True))


def start_worker(folder) -> None:
    global ENCODER
    torch.set_num_threads(1)
    ENCODER = Encoder(folder, SOFT_TOKENS)


def make_chunk(task: tuple) -> dict:
    """One chunk of a group: pictures as the image processor resizes them, ids, answers, grid labels."""
    group, seed = task
    rng = random.Random(f"{group}/{seed}")
    length, slots = LENGTHS[group], PICTURES[group]
    chunk = {
        "pictures": np.zeros((CHUNK, slots, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8),
        "names": np.zeros((CHUNK, slots, SOFT_TOKENS), np.uint8),
        "colours": np.zeros((CHUNK, slots, SOFT_TOKENS), np.uint8),
        "ids": np.zeros((CHUNK, length), np.int16),
        "answer": np.zeros((CHUNK, length), bool),
    }
    row = 0
    while row < CHUNK:
        conversation = make_conversation(rng, group)
        ids, answer = ENCODER.encode(conversation)
        shown = conversation.turns[0].scenes
        if len(ids) > length or (group == "one" and len(shown) != 1):
            continue
        for slot, scene in enumerate(shown):
            picture = draw_scene(scene, rng).resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR)
            chunk["pictures"][row, slot] = np.asarray(picture)
            chunk["names"][row, slot], chunk["colours"][row, slot] = grid_labels(scene)
        chunk["ids"][row, :len(ids)], chunk["answer"][row, :len(ids)] = ids, answer
        row += 1
    return {"group": group, **chunk}


@dataclass
class Batch:
    pixels: torch.Tensor  # (pictures, 3, H, W)
    ids: torch.Tensor  # (B, T)
    answer: torch.Tensor  # (B, T): part of an answer
    names: torch.Tensor  # (pictures, soft tokens)
    colours: torch.Tensor


class Pool:
    """The newest chunks of one group, on the training device. A full pool drops its oldest chunk."""

    def __init__(self, group: str, chunks: int, device):
        self.chunks, self.made, self.device, self.parts = chunks, 0, device, {}
        self.group = group

    def add(self, chunk: dict) -> None:
        if not self.parts:
            self.parts = {name: torch.zeros((self.chunks * CHUNK, *part.shape[1:]), device=self.device,
                                            dtype=torch.from_numpy(part).dtype)
                          for name, part in chunk.items() if name != "group"}
        at = self.made % self.chunks * CHUNK
        for name, store in self.parts.items():
            store[at:at + CHUNK] = torch.from_numpy(chunk[name]).to(self.device)
        self.made += 1

    def draw(self, size: int) -> Batch:
        rows = torch.randint(min(self.made, self.chunks) * CHUNK, (size,), device=self.device)
        part = {name: store[rows] for name, store in self.parts.items()}
        pictures = part["pictures"].flatten(0, 1)
        return Batch(augment(pictures), part["ids"].long(), part["answer"], part["names"].flatten(0, 1).long(),
                     part["colours"].flatten(0, 1).long())


def augment(pictures: torch.Tensor) -> torch.Tensor:
    """Pixels in -1..1, with a little change of light and, in half of the pictures, noise."""
    pixels = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
    n, device = len(pixels), pixels.device
    gain = 1 + 0.06 * torch.randn(n, 1, 1, 1, device=device)
    shift = 0.03 * torch.randn(n, 3, 1, 1, device=device)
    noise = (0.12 * torch.rand(n, 1, 1, 1, device=device) - 0.06).clamp(min=0)
    return (pixels * gain + shift + noise * torch.randn_like(pixels)).clamp(-1, 1)
