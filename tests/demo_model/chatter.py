# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo model says without a picture: greetings, who it is, and one small test of memory."""

import random

ABOUT = ("I am Facet's small demo model. I can tell colours, shapes, digits and places, "
         "and count shapes in a picture.")
GREETING = "Hello! Give me a picture and ask me what is on it."

SYSTEM_PROMPTS = [
    "You are a helpful assistant.", "Answer in one short sentence.", "Be brief.",
    "You look at pictures and answer questions about them.", "You are a friendly assistant.",
    "Always be polite.", "Answer the question.", "You are Facet's demo model.",
]

FILLERS = [
    "I made this picture today.", "My daughter likes to draw.", "It is raining outside.",
    "The train was late this morning.", "We had soup for lunch.", "My friend sent me this from a trip.",
    "I do not have much time.", "Please look at it with care.", "There is a cat on my desk.",
    "The weather will be better tomorrow.", "I have a question for you.", "This is a small test.",
    "My brother lives near the sea.", "The garden looks lovely in spring.", "I will buy some bread later.",
    "She plays the piano every evening.", "Our house is at the end of the street.",
    "I found it in an old book.", "The coffee is still hot.", "We are learning new words at school.",
    "He runs five kilometres before breakfast.", "The library opens at nine.", "I hope you can help me.",
    "Thank you for your help so far.", "They painted the door last week.", "Let us begin.",
    "The bus stops in front of the station.", "Nobody knows how old the tree is.",
]

HELLOS = ["Hello", "Hello!", "Hi", "Hi!", "Hi there", "Hey", "Good morning", "Good evening", "Hello there!",
          "Good afternoon", "hello", "hi", "Hallo", "Greetings", "Hello, how are you?", "How are you?"]
THANKS = ["Thanks", "Thank you", "Thank you!", "Thanks a lot", "Great, thanks", "thanks", "Well done",
          "Very good", "That is right", "Good job"]
GOODBYES = ["Goodbye", "Bye", "See you later", "Bye bye", "bye", "Good night", "See you tomorrow"]
WHO = ["Who are you?", "What are you?", "What is your name?", "What can you do?", "Tell me about yourself.",
       "What do you know?", "Introduce yourself.", "Which model are you?", "How can you help me?",
       "What are you good at?", "Help", "Are you a person?", "Are you Gemma?", "Who made you?",
       "What is Facet?", "What's your name?"]
SUBJECTS = ["the capital of France", "the highest mountain", "a good book", "the history of Rome", "music",
            "football", "the weather", "cooking", "physics", "computers", "the moon", "a holiday by the sea",
            "the price of gold", "my garden", "trains", "love", "the meaning of life", "dinosaurs", "art",
            "mathematics", "Berlin", "the news", "a poem", "dogs and cats", "the stars", "money", "health"]
OTHER = ["Tell me about {}.", "What is {}?", "Write a text about {}.", "Do you know {}?", "Explain {}.",
         "What do you think about {}?", "I want to learn about {}.", "Can you help me with {}?",
         "Write a poem about {}.", "Why is {} important?", "Translate {} into German.", "Summarise {}.",
         "Tell me a joke about {}.", "Write some code for {}.", "What should I know about {}?"]

CODE_WORDS = ["apple", "river", "window", "lemon", "tiger", "piano", "cloud", "silver", "garden", "candle",
              "winter", "button", "rabbit", "forest", "pepper", "mirror", "island", "copper", "basket",
              "violin", "carpet", "marble", "ladder", "pocket"]


def small_talk(rng: random.Random) -> tuple:
    """A question without a picture, and its answer."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice(HELLOS), GREETING
    if kind == 1:
        return rng.choice(THANKS), "You are welcome!"
    if kind == 2:
        return rng.choice(GOODBYES), "Goodbye!"
    if kind == 3:
        return rng.choice(WHO), ABOUT
    return rng.choice(OTHER).format(rng.choice(SUBJECTS)), ABOUT


def recall(rng: random.Random, word: str) -> tuple:
    """A word to keep in mind over more text than a local layer's window sees."""
    start = rng.choice(["The code word is {}.", "Remember the code word {}.", "My code word is {}."]).format(word)
    end = rng.choice(["What is the code word?", "Which code word did I say?", "Tell me the code word.",
                      "Now say the code word."])
    fillers = rng.sample(FILLERS, rng.randint(0, 12))
    return " ".join([*fillers[:2], start, *fillers[2:], end]), f"The code word is {word}."
