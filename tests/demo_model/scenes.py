# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic pictures for the demo model: what is on a picture, and how it is drawn.

A scene is a list of things on a 3 x 3 grid. Some combinations (shape, colour, size), (shape, colour,
place), (number, shape, colour) and (digit, colour, background) are held out: no training picture shows
one, and every held-out question is about one.
"""

import math
import random
import zlib
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

SHAPES = ["circle", "square", "triangle", "star", "diamond", "cross", "ring", "heart"]
DIGITS = list("0123456789")
COLOURS = {
    "red": (220, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (245, 215, 40),
    "green": (40, 160, 70),
    "blue": (40, 90, 210),
    "purple": (130, 60, 170),
    "pink": (245, 130, 185),
    "black": (25, 25, 25),
}
COLOUR_NAMES = list(COLOURS)
PLACES = [
    "at the top left", "at the top", "at the top right",
    "on the left", "in the middle", "on the right",
    "at the bottom left", "at the bottom", "at the bottom right",
]
# Radius as a share of the shorter side. A large thing stands alone, so that it overlaps nothing.
RADII = {"small": (0.075, 0.1), "medium": (0.11, 0.145), "large": (0.19, 0.27)}
GRID = 6  # the model sees a picture as 6 x 6 soft tokens


@dataclass
class Thing:
    name: str  # a shape or a digit
    colour: str
    size: str
    cell: int  # 0..8, row by row
    x: float  # centre and radius as shares of the side
    y: float
    radius: float
    turn: float  # degrees

    @property
    def place(self) -> str:
        return PLACES[self.cell]


@dataclass
class Scene:
    things: list
    background: tuple
    width: int
    height: int

    @property
    def tone(self) -> str:
        return "light" if sum(self.background) > 384 else "dark"


def held_out(*parts) -> bool:
    """One combination in eight, chosen by its own text: no list to keep, the same on each machine."""
    return zlib.crc32("/".join(map(str, parts)).encode()) % 8 == 0


def is_held_out_thing(thing: Thing, tone: str) -> bool:
    if thing.name in DIGITS:
        return held_out("digit", thing.name, thing.colour, tone)
    return held_out("size", thing.name, thing.colour, thing.size) or held_out(
        "place", thing.name, thing.colour, thing.place)


def rarely_trained(thing: Thing) -> bool:
    """A shape in a colour of which the hash holds out two sizes of three, so that training hardly shows
    the pair at all. No held-out question is about one: they test new combinations, not new pairs."""
    return thing.name in SHAPES and sum(held_out("size", thing.name, thing.colour, s) for s in RADII) > 1


def random_background(rng: random.Random, colours) -> tuple:
    """Light or dark, slightly tinted, and far enough from every colour that is drawn on it."""
    while True:
        if rng.random() < 0.65:
            level, spread = rng.randint(205, 250), 14
        else:
            level, spread = rng.randint(15, 75), 12
        background = tuple(min(255, max(0, level + rng.randint(-spread, spread))) for _ in range(3))
        if all(math.dist(background, COLOURS[c]) > 95 for c in colours):
            return background


def random_side(rng: random.Random) -> tuple:
    """Width and height in pixels, square to 4:3 either way."""
    side = rng.randint(56, 128)
    other = side if rng.random() < 0.5 else int(side * rng.uniform(0.75, 1.0))
    return (side, other) if rng.random() < 0.5 else (other, side)


def make_thing(rng: random.Random, name: str, colour: str, size: str, cell: int) -> Thing:
    low, high = RADII[size]
    radius = rng.uniform(low, high) if name not in DIGITS else rng.uniform(0.14, 0.3)
    slack = max(0.0, 0.15 - radius)
    centre = []
    for index in (cell % 3, cell // 3):
        at = (index + 0.5) / 3 + rng.uniform(-slack, slack)
        centre.append(min(1 - radius - 0.02, max(radius + 0.02, at)))
    return Thing(name, colour, size, cell, centre[0], centre[1], radius, rng.uniform(-10, 10))


def make_scene(rng: random.Random, specs, train: bool, background=None) -> Scene | None:
    """A scene of (name, colour, size) in random cells; None if training may not see it."""
    width, height = random_side(rng)
    background = background or random_background(rng, {colour for _, colour, _ in specs})
    cells = rng.sample(range(9), len(specs))
    scene = Scene([], background, width, height)
    for (name, colour, size), cell in zip(specs, cells):
        for _ in range(8):
            thing = make_thing(rng, name, colour, size, cell)
            if not (train and is_held_out_thing(thing, scene.tone)):
                break
            cell = rng.choice([c for c in range(9) if c not in cells] or [cell])
        else:
            return None
        cells.append(cell)
        scene.things.append(thing)
    scene.things.sort(key=lambda t: t.cell)
    if train and any(held_out("count", n, *key) for key, n in counts(scene).items()):
        return None
    return scene


def counts(scene: Scene) -> dict:
    """How often each (shape, colour) that occurs more than once is there."""
    seen = {}
    for thing in scene.things:
        seen[thing.name, thing.colour] = seen.get((thing.name, thing.colour), 0) + 1
    return {key: n for key, n in seen.items() if n > 1}


def polygon(shape: str) -> list:
    """Corners of a shape in a circle of radius 1 around 0, y down."""
    if shape == "square":
        return [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]
    if shape == "triangle":
        return [(0, -0.95), (0.95, 0.75), (-0.95, 0.75)]
    if shape == "diamond":
        return [(0, -1), (0.75, 0), (0, 1), (-0.75, 0)]
    if shape == "cross":
        a, b = 0.32, 0.95
        return [(-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a), (a, b), (-a, b), (-a, a),
                (-b, a), (-b, -a), (-a, -a)]
    if shape == "star":
        corners = []
        for i in range(10):
            r = 1.0 if i % 2 == 0 else 0.42
            corners.append((r * math.sin(i * math.pi / 5), -r * math.cos(i * math.pi / 5)))
        return corners
    if shape == "heart":
        corners = []
        for i in range(40):
            t = i * math.pi / 20
            y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
            corners.append((math.sin(t) ** 3, -y / 16 - 0.1))
        return corners
    assert shape in ("circle", "ring")
    return [(math.cos(i * math.pi / 24), math.sin(i * math.pi / 24)) for i in range(48)]


def draw_thing(draw: ImageDraw.ImageDraw, thing: Thing, ink: tuple, scene: Scene, scale: int) -> None:
    width, height = scene.width * scale, scene.height * scale
    unit = min(width, height) * thing.radius
    x, y = thing.x * width, thing.y * height
    if thing.name in DIGITS:
        font = ImageFont.load_default(size=max(8, round(unit * 2.4)))
        draw.text((x, y), thing.name, fill=ink, font=font, anchor="mm", stroke_width=round(unit * 0.05))
        return
    cos, sin = math.cos(math.radians(thing.turn)), math.sin(math.radians(thing.turn))
    corners = [(x + unit * (px * cos - py * sin), y + unit * (px * sin + py * cos))
               for px, py in polygon(thing.name)]
    draw.polygon(corners, fill=ink)
    if thing.name == "ring":
        inner = [(x + 0.55 * (cx - x), y + 0.55 * (cy - y)) for cx, cy in corners]
        draw.polygon(inner, fill=scene.background)


def draw_scene(scene: Scene, rng: random.Random) -> Image.Image:
    """Draws at twice the size and shrinks it, which makes the edges smooth."""
    scale = 2
    image = Image.new("RGB", (scene.width * scale, scene.height * scale), scene.background)
    draw = ImageDraw.Draw(image)
    for thing in scene.things:
        ink = tuple(min(255, max(0, c + rng.randint(-12, 12))) for c in COLOURS[thing.colour])
        draw_thing(draw, thing, ink, scene, scale)
    return image.resize((scene.width, scene.height), Image.Resampling.BOX)


def grid_labels(scene: Scene) -> tuple:
    """Name and colour (0: nothing) of the thing whose centre is in each of the 6 x 6 cells.

    Only training uses it: a second loss on the soft tokens teaches the vision tower quickly.
    """
    names, colours = [0] * GRID * GRID, [0] * GRID * GRID
    for thing in scene.things:
        at = min(GRID - 1, int(thing.y * GRID)) * GRID + min(GRID - 1, int(thing.x * GRID))
        names[at] = 1 + (SHAPES + DIGITS).index(thing.name)
        colours[at] = 1 + COLOUR_NAMES.index(thing.colour)
    return names, colours
