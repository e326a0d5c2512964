"""
What a caption means, fact by fact, read from its words by rule: readers are taught it beside their answers, because a "yes" or "no"
alone says little about which word was not understood.
"""

import re
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from lab.rewards.seen import BINS
from lab.world.vocabulary import BACKGROUNDS, CLASS_INDEX, CLASSES, NUMBERS, plural

ANY: Final = BINS
"""A number that is not said."""
NUMBER_WORDS: Final = BINS + 1
RELATION_WORDS: Final = (("above", "top", "on"), ("below", "under", "beneath"), ("left",), ("right",))
OPPOSITE: Final = (0, 2, 1, 4, 3)
"""Of a relation's number, which is 1 + its place in RELATION_WORDS; 0 is none."""
NOBODY: Final = len(CLASSES)
_NAMED: Final = {word: name for name in CLASSES for word in (name, plural(name))}


@dataclass(frozen=True)
class Meanings:
    """Of B captions; int64 but `mentioned`."""

    mentioned: Tensor
    """[B, 48] 1 where a class is asked for"""
    numbers: Tensor
    """[B, 48] how many of it, ANY where that is not said"""
    relations: Tensor
    """[B] 0 none, 1 above, 2 below, 3 left, 4 right: the subject's place as seen from the object"""
    subjects: Tensor
    """[B] class, NOBODY without a relation; so are objects"""
    objects: Tensor
    backgrounds: Tensor
    """[B] index into BACKGROUNDS, 6 where none is said"""

    @property
    def roles(self) -> Tensor:
        """[B, 48] the relation in which a class stands to the other one, 0 where it stands in none."""
        roles = torch.zeros(len(self.relations), NOBODY + 1, dtype=torch.int64)
        rows = torch.arange(len(roles))
        roles[rows, self.subjects] = self.relations
        roles[rows, self.objects] = torch.tensor(OPPOSITE)[self.relations]
        return roles[:, :NOBODY]


def meanings_of(captions: list[str]) -> Meanings:
    mentioned = torch.zeros(len(captions), NOBODY)
    numbers = torch.full((len(captions), NOBODY), ANY)
    relations = torch.zeros(len(captions), dtype=torch.int64)
    subjects = torch.full((len(captions),), NOBODY)
    objects = torch.full((len(captions),), NOBODY)
    backgrounds = torch.full((len(captions),), len(BACKGROUNDS))
    for row, caption in enumerate(captions):
        text, background = _without_background(caption)
        if background is not None:
            backgrounds[row] = list(BACKGROUNDS).index(background)
        words = re.findall(r"[a-z]+", text)
        found = _things(words)
        for name, number in found:
            mentioned[row, CLASS_INDEX[name]] = 1
            numbers[row, CLASS_INDEX[name]] = number
        between = [1 + at for at, spoken in enumerate(RELATION_WORDS) if set(spoken) & set(words)]
        if between and len(found) == 2:
            relations[row] = between[0]
            subjects[row], objects[row] = (CLASS_INDEX[name] for name, _ in found)
    return Meanings(mentioned, numbers, relations, subjects, objects, backgrounds)


def _without_background(caption: str) -> tuple[str, str | None]:
    """The caption without what it says of the background, and that."""
    names = "|".join(BACKGROUNDS)
    pattern = rf"(?:on|with) (?:a )?({names})(?: background)?(?=$|,)"
    found = re.search(pattern, caption)
    return (re.sub(pattern, " ", caption), found[1]) if found else (caption, None)


def _things(words: list[str]) -> list[tuple[str, int]]:
    """Classes in the order they are named, each with the number before it."""
    found = []
    for at, word in enumerate(words):
        pair = f"{word} {words[at + 1]}" if at + 1 < len(words) else ""
        name = _NAMED.get(pair) or _NAMED.get(word)
        if name is None:
            continue
        before = words[at - 1] if at > 0 else ""
        number = NUMBERS.index(before) + 1 if before in NUMBERS else 1 if before in ("a", "an") else ANY
        found.append((name, number))
    return found
