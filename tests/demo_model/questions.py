# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about the synthetic pictures, in many phrasings, and the one right answer to each.

An answer is a function of the picture and of the question's meaning, never of its phrasing, so that
whole answers can be compared. Each `*_question` function makes one conversation of its kind.
"""

import random
from dataclasses import dataclass, field

from chatter import FILLERS, SYSTEM_PROMPTS
from scenes import (COLOUR_NAMES, DIGITS, SHAPES, held_out, is_held_out_thing, make_scene,
                    random_background, rarely_trained)

NUMBERS = ["no", "one", "two", "three", "four", "five", "six"]
NO_PICTURE = "Please add a picture first."
EMPTY_PICTURE = "I see no shape in this picture."


@dataclass
class Turn:
    question: str
    answer: str
    scenes: list = field(default_factory=list)


@dataclass
class Conversation:
    kind: str
    turns: list
    system: str = ""
    pictures_last: bool = False  # the text before the picture, in the first turn


def a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def named(thing) -> str:
    return f"{thing.colour} {thing.name}"


def pick_specs(rng: random.Random, n: int, sizes=("small", "medium")) -> list:
    """n things whose shapes and colours are all different: every one can be asked for by either."""
    shapes, colours = rng.sample(SHAPES, n), rng.sample(COLOUR_NAMES, n)
    return [(s, c, rng.choice(sizes)) for s, c in zip(shapes, colours)]


def subject_scene(rng: random.Random, train: bool, most: int = 4) -> tuple:
    """A scene of one to four different things and the thing that is asked about.

    Held-out scenes have a held-out thing, and that is the one asked about.
    """
    while True:
        n = rng.choice([1, 1, 2, 3, most])
        sizes = ("small", "medium", "large") if n == 1 else ("small", "medium")
        scene = make_scene(rng, pick_specs(rng, n, sizes), train)
        if scene is None or not train and any(map(rarely_trained, scene.things)):
            continue
        subjects = scene.things if train else [t for t in scene.things if is_held_out_thing(t, scene.tone)]
        if subjects:
            return scene, rng.choice(subjects)


# --- what can be asked of one thing; each returns (question, answer)

def ask_colour(rng, scene, thing):
    noun = thing.name if len(scene.things) > 1 or rng.random() < 0.4 else "shape"
    if thing.name in DIGITS:
        noun = "digit"
    word = rng.choice(["colour", "colour", "color"])
    question = rng.choice([
        f"What {word} is the {noun}?", f"Which {word} is the {noun}?", f"Which {word} does the {noun} have?",
        f"What is the {word} of the {noun}?", f"Tell me the {word} of the {noun}.",
        f"What {word} does the {noun} have?", f"Can you tell me the {noun}'s {word}?",
    ])
    return question, f"The {'digit' if thing.name in DIGITS else thing.name} is {thing.colour}."


def ask_shape(rng, scene, thing):
    if len(scene.things) == 1:
        question = rng.choice([
            "What shape is this?", "Which shape is it?", "What shape do you see?", "What is the shape?",
            "Which shape is in the picture?", "What shape is in the picture?", "Name the shape.",
            "What is in the picture?", "What is this?", "What shape is it?",
        ])
        return question, f"It is {a(named(thing))}."
    question = rng.choice([
        f"What shape is {thing.colour}?", f"Which shape is {thing.colour}?",
        f"What is the {thing.colour} shape?", f"What shape is the {thing.colour} one?",
        f"Name the {thing.colour} shape.", f"What kind of shape is the {thing.colour} one?",
    ])
    return question, f"It is {a(named(thing))}."


def ask_place(rng, scene, thing):
    if len(scene.things) == 1:
        noun = rng.choice(["shape", thing.name, named(thing)])
    else:
        noun = rng.choice([thing.name, thing.name, f"{thing.colour} shape", named(thing)])
    question = rng.choice([
        f"Where is the {noun}?", f"Where do you see the {noun}?", f"In which part of the picture is the {noun}?",
        f"Where in the picture is the {noun}?", f"Tell me where the {noun} is.",
        f"What is the position of the {noun}?", f"Can you find the {noun}?",
    ])
    return question, f"The {named(thing)} is {thing.place}."


# --- one conversation of each kind

def colour_question(rng, train):
    scene, thing = subject_scene(rng, train)
    return Conversation("colour", [Turn(*ask_colour(rng, scene, thing), [scene])])


def shape_question(rng, train):
    scene, thing = subject_scene(rng, train)
    return Conversation("shape", [Turn(*ask_shape(rng, scene, thing), [scene])])


def place_question(rng, train):
    scene, thing = subject_scene(rng, train)
    return Conversation("place", [Turn(*ask_place(rng, scene, thing), [scene])])


def describe_question(rng, train):
    while True:
        scene, _ = subject_scene(rng, train, most=3)
        if len(scene.things) < 4:
            break
    question = rng.choice([
        "Describe the picture.", "What do you see?", "What can you see in the picture?",
        "Tell me what you see.", "Describe what you see.", "List all the shapes.",
        "Please describe this picture.", "Which shapes are in the picture?",
    ])
    names = [a(named(t)) for t in scene.things]
    text = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    return Conversation("describe", [Turn(question, f"I see {text}.", [scene])])


def count_phrase(rng, noun):
    return rng.choice([
        f"How many {noun} are there?", f"How many {noun} do you see?", f"How many {noun} are in the picture?",
        f"Count the {noun}.", f"What is the number of {noun}?", f"How many {noun} can you see?",
        f"Please count the {noun}.", f"How many {noun} does the picture show?",
    ])


def count_answer(n, noun):
    return f"There is one {noun}." if n == 1 else f"There are {NUMBERS[n]} {plural(noun)}."


def plural(noun):
    return noun + "es" if noun.endswith("ss") else noun + "s"


def count_scene(rng, train):
    """n equal things, and now and then up to two others that must not be counted along."""
    while True:
        n = rng.choice([1, 2, 3, 4, 5, 6])
        shape, colour = rng.choice(SHAPES), rng.choice(COLOUR_NAMES)
        if train == held_out("count", n, shape, colour):
            continue
        size = rng.choice(["small", "medium"])
        others = [(s, c, size) for s, c, _ in pick_specs(rng, rng.choice([0, 0, 1, 2]))
                  if s != shape and c != colour]
        scene = make_scene(rng, [(shape, colour, size)] * n + others, train)
        if scene is not None:
            return scene, n, shape, colour


def count_question(rng, train):
    scene, n, shape, colour = count_scene(rng, train)
    total = len(scene.things)
    if rng.random() < 0.12:  # something that is not there
        colour = rng.choice([c for c in COLOUR_NAMES if all(t.colour != c for t in scene.things)])
        noun, n = f"{colour} {shape}", 0
    elif total <= 6 and rng.random() < 0.35:
        noun, n = "shape", total
    else:
        noun = rng.choice([shape, f"{colour} {shape}", f"{colour} shape"])
    return Conversation("count", [Turn(count_phrase(rng, plural(noun)), count_answer(n, noun), [scene])])


def digit_question(rng, train):
    while True:
        digit, colour = rng.choice(DIGITS), rng.choice(COLOUR_NAMES)
        scene = make_scene(rng, [(digit, colour, "large")], train)
        if scene and (train or is_held_out_thing(scene.things[0], scene.tone)):
            break
    if rng.random() < 0.15:
        return Conversation("digit", [Turn(*ask_colour(rng, scene, scene.things[0]), [scene])])
    question = rng.choice([
        "Which digit is this?", "What digit do you see?", "Which number is in the picture?",
        "What number is this?", "Read the digit.", "Which digit is in the picture?",
        "Which digit do you see?", "What is the digit?", "What number do you see?", "Which digit is it?",
    ])
    return Conversation("digit", [Turn(question, f"It is the digit {digit}.", [scene])])


def which_picture_question(rng, train):
    """Two pictures: a colour or a shape is in the first, the second, both or neither."""
    by_colour = rng.random() < 0.5
    wanted = rng.choice(COLOUR_NAMES if by_colour else SHAPES)
    case = rng.randrange(4)  # bit 0: in the first, bit 1: in the second
    scenes = []
    for index in range(2):
        while True:
            scene, _ = subject_scene(rng, train, most=2)
            there = any(wanted == (t.colour if by_colour else t.name) for t in scene.things)
            if len(scene.things) <= 2 and there == bool(case >> index & 1):
                scenes.append(scene)
                break
    noun = f"{a(wanted)} shape" if by_colour else a(wanted)
    question = rng.choice([
        f"Which picture shows {noun}?", f"Which picture has {noun}?", f"In which picture is {noun}?",
        f"Which of the two pictures shows {noun}?", f"Where do you see {noun}, in the first or in the second picture?",
    ])
    subject = ["Neither picture shows", "Only the first picture shows", "Only the second picture shows",
               "Both pictures show"][case]
    return Conversation("which picture", [Turn(question, f"{subject} {noun}.", scenes)])


def same_question(rng, train):
    """Two pictures of one thing each: the same shape, or the same colour?"""
    first, one = subject_scene(rng, train, most=1)
    by_colour = rng.random() < 0.4
    same = rng.random() < 0.5
    while True:
        second, two = subject_scene(rng, train, most=1)
        if len(first.things) > 1:
            first, one = subject_scene(rng, train, most=1)
        elif len(second.things) == 1:
            equal = one.colour == two.colour if by_colour else one.name == two.name
            if equal == same:
                break
    word = rng.choice(["colour", "color"]) if by_colour else "shape"
    question = rng.choice([
        f"Do both pictures show the same {word}?", f"Is the {word} the same in both pictures?",
        f"Do the two pictures show the same {word}?", f"Is it the same {word} in both pictures?",
        f"Compare the {word} in the two pictures.",
    ])
    left, right = (one.colour, two.colour) if by_colour else (a(one.name), a(two.name))
    if same:
        answer = f"Yes, both are {left}." if by_colour else f"Yes, both show {left}."
    elif by_colour:
        answer = f"No, the first is {left} and the second is {right}."
    else:
        answer = f"No, the first shows {left} and the second shows {right}."
    return Conversation("same", [Turn(question, answer, [first, second])])


def follow_up_question(rng, train):
    """A second question about the same picture, which is then out of reach of the local layers.

    The first answer never gives the second away: it is about another thing or about the number of
    things, or the second question is about the place.
    """
    scene, thing = subject_scene(rng, train, most=3)
    asks = [ask_colour, ask_shape, ask_place]
    others = [t for t in scene.things if t is not thing]
    if others and rng.random() < 0.6:
        first, second = rng.choice(asks)(rng, scene, rng.choice(others)), rng.choice(asks)
    elif rng.random() < 0.5:
        first = count_phrase(rng, "shapes"), count_answer(len(scene.things), "shape")
        second = rng.choice(asks)
    else:
        first, second = rng.choice([ask_colour, ask_shape])(rng, scene, thing), ask_place
        if rng.random() < 0.5:  # "it": only the turn before says what is meant
            question = rng.choice(["And where is it?", "Where is it?", "Where do you see it?"])
            turns = [Turn(*first, [scene]), Turn(question, f"The {named(thing)} is {thing.place}.")]
            return Conversation("follow-up", turns)
    question, answer = second(rng, scene, thing)
    start = rng.choice(["", "", "And ", "Now "])
    if start:
        question = start + question[0].lower() + question[1:]
    return Conversation("follow-up", [Turn(*first, [scene]), Turn(question, answer)])


def empty_question(rng, train):
    """A picture with nothing on it: the model says so instead of guessing."""
    scene = make_scene(rng, [], train, random_background(rng, [] if rng.random() < 0.5 else ["black"]))
    if rng.random() < 0.4:
        level = rng.randint(0, 255)
        scene.background = (level, level, level)
    source = rng.choice(PICTURE_KINDS)(rng, True).turns[0]
    scenes = [scene] * len(source.scenes)
    return Conversation("empty", [Turn(source.question, EMPTY_PICTURE, scenes)])


def no_picture_question(rng, train):
    """The same questions without any picture."""
    source = rng.choice(PICTURE_KINDS)(rng, True).turns[0]
    return Conversation("no picture", [Turn(source.question, NO_PICTURE)])


PICTURE_KINDS = [colour_question, shape_question, place_question, describe_question, count_question,
                 digit_question, which_picture_question, same_question, follow_up_question]


def vary(rng: random.Random, conversation: Conversation) -> Conversation:
    """Makes a training question less tidy: a system prompt, text around the question, lower case, no mark."""
    if rng.random() < 0.08:
        conversation.system = rng.choice(SYSTEM_PROMPTS)
    conversation.pictures_last = rng.random() < 0.1
    for turn in conversation.turns:
        if rng.random() < 0.1:
            turn.question = turn.question[0].lower() + turn.question[1:]
        if rng.random() < 0.1:
            turn.question = turn.question.rstrip("?.")
        if rng.random() < 0.1:
            fillers = rng.sample(FILLERS, rng.randint(1, 5))
            turn.question = " ".join(fillers) + " " + turn.question
    return conversation
