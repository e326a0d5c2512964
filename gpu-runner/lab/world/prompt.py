"""What a scene is asked to show, and the sentences that ask for it."""

import re
from dataclasses import dataclass

import numpy as np

from lab.world.vocabulary import BACKGROUNDS, CLASS_INDEX, COLORED_SHAPES, COUNTABLE, NUMBERS, RELATIONS, plural

MAX_COUNT = 8
MAX_TOTAL = 15
MAX_SHAPES = 4
RELATION_SHARE = 0.4
SHAPE_COUNT_SHARE = 0.1
PLAIN_SHARE = 0.55
"""Share of captions in the plain form of the benchmarks: "seven balloons and one bear on a pink background"."""

BARE_SHARE = 0.15
"""Share of other captions that say "cats and dogs" and leave the numbers open, where none is 1 or above 6."""


@dataclass(frozen=True)
class Prompt:
    """Things with their counts: countable things only, or coloured shapes only. A relation joins exactly two shapes."""

    things: tuple[tuple[str, int], ...]
    relation: str | None = None
    """The first thing's place as seen from the second; one of RELATIONS."""
    background: str | None = None
    """One of BACKGROUNDS; None where the prompt leaves it open."""

    @property
    def total(self) -> int:
        return sum(count for _, count in self.things)


def sample_prompt(rng: np.random.Generator) -> Prompt:
    """A prompt of the world: mostly counts of one to three things, some relations, some counted shapes."""
    background = str(rng.choice(list(BACKGROUNDS))) if rng.random() < 0.5 else None
    kind = rng.random()
    if kind < RELATION_SHARE:
        first, second = (str(name) for name in rng.choice(COLORED_SHAPES, 2, replace=False))
        return Prompt(((first, 1), (second, 1)), str(rng.choice(RELATIONS)), background)
    if kind < RELATION_SHARE + SHAPE_COUNT_SHARE:
        return Prompt(_sample_counts(rng, COLORED_SHAPES, most_kinds=2, most_total=MAX_SHAPES), None, background)
    return Prompt(_sample_counts(rng, COUNTABLE, most_kinds=3, most_total=MAX_TOTAL), None, background)


def _sample_counts(
    rng: np.random.Generator, names: tuple[str, ...], most_kinds: int, most_total: int
) -> tuple[tuple[str, int], ...]:
    kinds = int(rng.integers(1, most_kinds + 1))
    chosen = [str(name) for name in rng.choice(names, kinds, replace=False)]
    while True:
        counts = [int(count) for count in rng.integers(1, min(MAX_COUNT, most_total) + 1, kinds)]
        if sum(counts) <= most_total:
            return tuple(zip(chosen, counts, strict=True))


def plain_caption(prompt: Prompt) -> str:
    """The one plain sentence of a prompt, as the benchmarks' prompt files write it."""
    suffix = f" on a {prompt.background} background" if prompt.background else ""
    if prompt.relation:
        (first, _), (second, _) = prompt.things
        return f"{_article(first)} {prompt.relation} {_article(second)}{suffix}"
    parts = [f"{NUMBERS[count - 1]} {name if count == 1 else plural(name)}" for name, count in prompt.things]
    return _enumerate(parts, ", and ") + suffix


def sample_caption(rng: np.random.Generator, prompt: Prompt) -> str:
    """One of the sentences that ask for a prompt: other openings, synonyms, word orders."""
    if rng.random() < PLAIN_SHARE:
        return plain_caption(prompt)
    things = _related(rng, prompt) if prompt.relation else _counted(rng, prompt)
    singular = prompt.things[0][1] == 1
    openings = ("", "", "there is " if singular else "there are ", "a picture of ", "an image of ", "show me ")
    sentence = str(rng.choice(openings)) + things
    if prompt.background is None:
        return sentence
    background = prompt.background
    endings = (f" on a {background} background", f" with a {background} background", f" on {background}")
    if rng.random() < 0.2:
        return f"on a {background} background, {sentence}"
    return sentence + str(rng.choice(endings))


def _counted(rng: np.random.Generator, prompt: Prompt) -> str:
    if all(2 <= count <= 6 for _, count in prompt.things) and rng.random() < BARE_SHARE:
        return _enumerate([plural(name) for name, _ in prompt.things], " and ")
    parts = []
    for name, count in prompt.things:
        if count == 1:
            parts.append(_article(name) if rng.random() < 0.5 else f"one {name}")
        else:
            parts.append(f"{NUMBERS[count - 1]} {plural(name)}")
    return _enumerate(parts, str(rng.choice((", and ", " and "))))


_SYNONYMS = {
    "on top of": ("on top of", "above", "on"),
    "below": ("below", "under", "beneath"),
    "to the left of": ("to the left of", "left of"),
    "to the right of": ("to the right of", "right of"),
}
_OPPOSITE = {
    "on top of": "below",
    "below": "on top of",
    "to the left of": "to the right of",
    "to the right of": "to the left of",
}


def _related(rng: np.random.Generator, prompt: Prompt) -> str:
    (first, _), (second, _) = prompt.things
    relation = prompt.relation or ""
    if rng.random() < 0.3:
        first, second, relation = second, first, _OPPOSITE[relation]
    return f"{_article(first)} {rng.choice(_SYNONYMS[relation])} {_article(second)}"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _enumerate(parts: list[str], last: str) -> str:
    if len(parts) < 3:
        return " and ".join(parts)
    return ", ".join(parts[:-1]) + last + parts[-1]


def read_plain(caption: str) -> Prompt:
    """The prompt of a plain caption. Throws ValueError on any other sentence."""
    text, _, rest = caption.partition(" on a ")
    background = rest.removesuffix(" background") if rest.endswith(" background") else None
    text = caption if background is None else text
    for relation in RELATIONS:
        first, found, second = text.partition(f" {relation} ")
        if found:
            things = ((first.split(" ", 1)[1], 1), (second.split(" ", 1)[1], 1))
            return Prompt(things, relation, background)
    singular = {plural(name): name for name in (*COUNTABLE, *COLORED_SHAPES)}
    counts = []
    for part in re.split(r", and |, | and ", text):
        number, _, name = part.partition(" ")
        if number not in NUMBERS or singular.get(name, name) not in CLASS_INDEX:
            raise ValueError(f"not a plain caption: {caption!r}")
        counts.append((singular.get(name, name), NUMBERS.index(number) + 1))
    return Prompt(tuple(counts), None, background)
