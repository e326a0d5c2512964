"""
Questions about a layout, true ones and hard false ones: a count off by one, a class, a colour or a relation exchanged.
"Does this picture show seven balloons and one bear?" is true of an image with exactly these things.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from lab.world.prompt import MAX_COUNT, Prompt, plain_caption, sample_caption, sample_prompt
from lab.world.scene import Layout
from lab.world.tokens import PAD, UNKNOWN, VOCABULARY
from lab.world.vocabulary import BACKGROUNDS, COLORS, COUNTABLE, NUMBERS, RELATIONS, SHAPES

TEXT: Final = "Does this picture show {prompt}?"
LENGTH: Final = 24
TRUE_SHARE: Final = 0.45
_WORDS: Final = frozenset(NUMBERS)

KINDS: Final = ("count", "class", "colour", "relation", "order", "background", "missing", "added", "other")


def ids_of(caption: str) -> list[int]:
    """LENGTH token ids of the question, as the pack's tokenizer and the runner make them."""
    text = TEXT.replace("{prompt}", caption).lower()
    words = [word.strip() for word in text.replace("?", " ").replace(",", " , ").split()]
    ids = [VOCABULARY.get(word, UNKNOWN) for word in words][:LENGTH]
    return ids + [PAD] * (LENGTH - len(ids))


def holds(prompt: Prompt, layout: Layout) -> bool:
    """Whether the layout shows just what the prompt says. A relation is asked only of layouts that have one."""
    if prompt.background is not None and prompt.background != layout.background:
        return False
    if dict(prompt.things) != layout.counts:
        return False
    if prompt.relation is None:
        return True
    first, second = (name for name, _ in layout.prompt.things)
    asked = [name for name, _ in prompt.things]
    if asked == [first, second]:
        return prompt.relation == layout.prompt.relation
    return _OPPOSITE[prompt.relation] == layout.prompt.relation


_OPPOSITE: Final = {
    "on top of": "below",
    "below": "on top of",
    "to the left of": "to the right of",
    "to the right of": "to the left of",
}


def ask(rng: np.random.Generator, layout: Layout) -> tuple[str, bool, str]:
    """A caption, whether it holds of the layout, and what kind of question it is (`true`, or one of KINDS)."""
    if rng.random() < TRUE_SHARE:
        prompt = layout.prompt
        if prompt.background is None and rng.random() < 0.3:
            prompt = replace(prompt, background=layout.background)
        return sample_caption(rng, prompt), True, "true"
    while True:
        kind = str(rng.choice(KINDS))
        spoilt = spoil(rng, layout, kind)
        if spoilt is not None and not holds(spoilt, layout):
            return stated(rng, spoilt), False, kind


def stated(rng: np.random.Generator, prompt: Prompt) -> str:
    """A caption that says its numbers: "cats and dogs" would hold of many."""
    caption = sample_caption(rng, prompt)
    words = caption.split()
    open_ = prompt.relation is None and not _WORDS & set(words) and "a" not in words and "an" not in words
    open_ = open_ or (prompt.relation is None and all(count > 1 for _, count in prompt.things) and not _WORDS & set(words))
    return plain_caption(prompt) if open_ else caption


def spoil(rng: np.random.Generator, layout: Layout, kind: str) -> Prompt | None:
    """The layout's prompt with one fact changed; None where it has no such fact."""
    prompt = layout.prompt
    things = list(prompt.things)
    at = int(rng.integers(len(things)))
    name, count = things[at]
    names = {one for one, _ in things}
    if kind == "count":
        things[at] = (name, count + (1 if count == 1 or rng.random() < 0.5 else -1))
        valid = prompt.relation is None and things[at][1] <= MAX_COUNT
        return replace(prompt, things=tuple(things)) if valid else None
    if kind == "class":
        other = str(rng.choice(COUNTABLE)) if name in COUNTABLE else f"{name.split()[0]} {rng.choice(SHAPES)}"
        return _with(prompt, at, other, names)
    if kind == "colour":
        return None if name in COUNTABLE else _with(prompt, at, f"{rng.choice(list(COLORS))} {name.split()[1]}", names)
    if kind == "relation":
        return replace(prompt, relation=str(rng.choice(RELATIONS))) if prompt.relation else None
    if kind == "order":
        if len(things) < 2:
            return None
        if prompt.relation:
            return replace(prompt, things=(things[1], things[0]))
        # The counts change places.
        things[0], things[1] = (things[0][0], things[1][1]), (things[1][0], things[0][1])
        return replace(prompt, things=tuple(things))
    if kind == "background":
        return replace(prompt, background=str(rng.choice(list(BACKGROUNDS))))
    if kind == "missing":
        return replace(prompt, things=tuple(things[:at] + things[at + 1 :]), relation=None) if len(things) > 1 else None
    if kind == "added":
        other = str(rng.choice(COUNTABLE))
        wanted = (*things, (other, int(rng.integers(1, 5))))
        return None if len(things) > 2 or other in names or name not in COUNTABLE else replace(prompt, things=wanted)
    return sample_prompt(rng)


def _with(prompt: Prompt, at: int, other: str, names: set[str]) -> Prompt | None:
    if other in names:
        return None
    things = list(prompt.things)
    things[at] = (other, things[at][1])
    return replace(prompt, things=tuple(things))
