"""
Scenes: a prompt, a layout that does what it asks, the caption, the image.

`scene(rng)` makes all of it; `sample_layout` leaves the image out (`draw_scene` makes it later).
`python -m lab.world.scene FILE.png` draws a grid of 24 scenes to look at.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image

from lab.world.draw import Image, draw
from lab.world.layout import Thing, place, random_priorities
from lab.world.prompt import Prompt, sample_caption, sample_prompt
from lab.world.vocabulary import BACKGROUNDS, CLASSES


@dataclass(frozen=True)
class Layout:
    """A scene without its image."""

    prompt: Prompt
    caption: str
    things: tuple[Thing, ...]
    background: str
    """One of BACKGROUNDS; the prompt's where it names one."""

    @property
    def counts(self) -> dict[str, int]:
        """Things of each class."""
        return {name: sum(thing.name == name for thing in self.things) for name in {t.name for t in self.things}}


@dataclass(frozen=True)
class Scene:
    layout: Layout
    image: Image
    """uint8 [128, 128, 3]"""


def sample_layout(rng: np.random.Generator, prompt: Prompt | None = None) -> Layout:
    """A layout of a sampled or given prompt. Deterministic in the generator's state."""
    while True:
        asked = prompt or sample_prompt(rng)
        things = place([asked], random_priorities(rng, 1))[0]
        if things is not None:
            background = asked.background or str(rng.choice(list(BACKGROUNDS)))
            return Layout(asked, sample_caption(rng, asked), things, background)


def draw_scene(rng: np.random.Generator, layout: Layout) -> Scene:
    return Scene(layout, draw(layout.things, layout.background, rng))


def scene(rng: np.random.Generator) -> Scene:
    """One random scene of the world, image and all."""
    return draw_scene(rng, sample_layout(rng))


def count_vector(things: Sequence[Thing]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """[len(CLASSES)]: how many of each class."""
    counts = np.zeros(len(CLASSES), np.float32)
    for thing in things:
        counts[CLASSES.index(thing.name)] += 1
    return counts


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    scenes = [scene(rng) for _ in range(24)]
    for one in scenes:
        print(one.layout.caption)
    rows = [np.concatenate([one.image for one in scenes[start : start + 8]], 1) for start in (0, 8, 16)]
    PIL.Image.fromarray(np.concatenate(rows, 0)).save(Path(sys.argv[1]))
