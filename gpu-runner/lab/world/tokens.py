"""Sentences as token ids, exactly as the pack's tokenizer.json and the runner make them."""

import re
from typing import Final

from lab.world.vocabulary import BACKGROUNDS, COLORS, COUNTABLE, NUMBERS, SHAPES, plural

PAD: Final = 0
UNKNOWN: Final = 1
LENGTH: Final = 20
"""Tokens a prompt may have."""
_GRAMMAR: Final = "<pad> <unk> , and a an on top of below to the left right background"
_LATER: Final = "there is are picture image show me with above under beneath"
WORDS: Final = tuple(
    dict.fromkeys(
        [
            *_GRAMMAR.split(),
            *NUMBERS,
            *COUNTABLE,
            *sorted(plural(name) for name in COUNTABLE),
            *SHAPES,
            *COLORS,
            *BACKGROUNDS,
            *(plural(shape) for shape in SHAPES),
            *_LATER.split(),
        ]
    )
)
"""In the order of their ids."""
VOCABULARY: Final = {word: index for index, word in enumerate(WORDS)}


def spell_numbers(text: str) -> str:
    """Digits as the words the model knows, like the runner's spellNumbers: "7 bears" -> "seven bears"."""

    def spelt(digits: re.Match[str]) -> str:
        value = int(digits[0])
        return NUMBERS[value - 1] if 1 <= value <= len(NUMBERS) else digits[0]

    return re.sub(r"\b\d{1,3}\b", spelt, text)


def tokenize(text: str) -> list[int]:
    """LENGTH token ids: words and commas, lower case; unknown words are UNKNOWN, the rest is PAD."""
    words = re.findall(r"[a-z]+|,", spell_numbers(text).lower())
    ids = [VOCABULARY.get(word, UNKNOWN) for word in words][:LENGTH]
    return ids + [PAD] * (LENGTH - len(ids))
