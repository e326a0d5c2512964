"""What a prompt names: places in the unit square (y upwards) and layouts of round obstacles."""

import itertools

import torch
from torch import Tensor

DISCS = 12
"""Obstacles of a scene: (x, y, radius) each; a radius of 0 is none."""

PLACES: dict[str, tuple[float, float]] = {
    "bottom left": (0.06, 0.06),
    "bottom right": (0.94, 0.06),
    "bottom": (0.5, 0.06),
    "top left": (0.06, 0.94),
    "top right": (0.94, 0.94),
    "top": (0.5, 0.94),
    "left": (0.06, 0.5),
    "right": (0.94, 0.5),
}


def _wall(*heights: float) -> list[tuple[float, float, float]]:
    return [(0.5, height, 0.06) for height in heights]


LAYOUTS: dict[str, list[tuple[float, float, float]]] = {
    "one pillar": [(0.5, 0.5, 0.2)],
    "two pillars": [(0.36, 0.62, 0.13), (0.64, 0.38, 0.13)],
    "three pillars": [(0.5, 0.7, 0.11), (0.31, 0.36, 0.11), (0.69, 0.36, 0.11)],
    "four pillars": [(x, y, 0.11) for x, y in itertools.product((0.32, 0.68), repeat=2)],
    "a grid of pillars": [(x, y, 0.065) for x, y in itertools.product((0.26, 0.5, 0.74), repeat=2)],
    "a wall with a gap": _wall(0.19, 0.28, 0.37, 0.63, 0.72, 0.81),
    "a wall": _wall(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "a slalom": [(0.26, 0.42, 0.11), (0.5, 0.6, 0.11), (0.74, 0.4, 0.11), (0.5, 0.3, 0.06)],
    "a corner": [(x, 0.66, 0.055) for x in (0.3, 0.39, 0.48, 0.57, 0.66)] + [(0.66, y, 0.055) for y in (0.3, 0.39, 0.48, 0.57)],
    "a horseshoe": [
        (0.42, 0.74, 0.068), (0.53, 0.73, 0.068), (0.63, 0.67, 0.068), (0.69, 0.57, 0.068), (0.7, 0.46, 0.068),
        (0.66, 0.36, 0.068), (0.57, 0.29, 0.068), (0.46, 0.26, 0.068),
    ],
    "scattered rocks": [
        (0.25, 0.3, 0.07), (0.42, 0.46, 0.05), (0.6, 0.28, 0.08), (0.3, 0.68, 0.08), (0.55, 0.7, 0.06), (0.76, 0.52, 0.07),
        (0.74, 0.78, 0.05),
    ],
}  # fmt: skip

FORM = "from {start} to {goal} around {obstacles}"
"""Every prompt. Its tokens are: from, a place, to, a place, around, a layout."""

START, GOAL, OBSTACLES, LENGTH = 1, 3, 5, 6
PAD, UNKNOWN = 0, 1
VOCABULARY: dict[str, int] = {
    word: number for number, word in enumerate(("<pad>", "<unk>", "from", "to", "around", *PLACES, *LAYOUTS))
}

PHRASES = sorted((*PLACES, *LAYOUTS), key=lambda phrase: -len(phrase))
"""Longest first: "a wall with a gap" is no wall with something behind it."""


def prompt_of(start: str, goal: str, obstacles: str) -> str:
    return FORM.format(start=start, goal=goal, obstacles=obstacles)


def all_prompts() -> list[str]:
    """Of two different places, in a fixed order."""
    return [prompt_of(a, b, layout) for layout in LAYOUTS for a, b in itertools.permutations(PLACES, 2)]


def ids_of(start: str, goal: str, obstacles: str) -> list[int]:
    return [VOCABULARY[word] for word in ("from", start, "to", goal, "around", obstacles)]


def discs_of(layout: str) -> list[tuple[float, float, float]]:
    """[DISCS] of them, with those that are none at the end."""
    discs = LAYOUTS[layout]
    return discs + [(0.0, 0.0, 0.0)] * (DISCS - len(discs))


def place_table() -> Tensor:
    """[vocabulary, 2]: the centre of the square for a word that is no place."""
    table = torch.full((len(VOCABULARY), 2), 0.5)
    for name, place in PLACES.items():
        table[VOCABULARY[name]] = torch.tensor(place)
    return table


def disc_table() -> Tensor:
    """[vocabulary, DISCS, 3]: nothing for a word that is no layout."""
    table = torch.zeros(len(VOCABULARY), DISCS, 3)
    for name in LAYOUTS:
        table[VOCABULARY[name]] = torch.tensor(discs_of(name))
    return table


def read(ids: Tensor) -> tuple[Tensor, Tensor]:
    """[B, LENGTH] -> ends [B, 2, 2], obstacles [B, DISCS, 3]"""
    places, discs = place_table(), disc_table()
    return torch.stack([places[ids[:, START]], places[ids[:, GOAL]]], 1), discs[ids[:, OBSTACLES]]


def random_scenes(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """
    ends [count, 2, 2], obstacles [count, DISCS, 3]: half of them named layouts that are moved, turned, mirrored and resized a
    little between ends that may be anywhere, half of them discs at random. None lies on an end.
    """
    names = list(LAYOUTS)
    table = torch.tensor([discs_of(name) for name in names])
    named = table[torch.randint(len(names), (count,), generator=generator)]
    there = named[..., 2:] > 0
    quarter = torch.randint(4, (count,), generator=generator) * (torch.pi / 2)
    angle = quarter + 0.1 * torch.randn(count, generator=generator)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()], -1), torch.stack([angle.sin(), angle.cos()], -1)], -2)
    centres = (named[..., :2] - 0.5) @ turn + 0.5 + 0.02 * torch.randn(count, 1, 2, generator=generator)
    named = torch.cat([centres, named[..., 2:] * (0.9 + 0.2 * torch.rand(count, 1, 1, generator=generator))], -1) * there
    number = torch.randint(1, DISCS - 2, (count, 1), generator=generator)
    radii = (0.04 + 0.3 * torch.rand(count, DISCS, 1, generator=generator) / number[..., None].sqrt()).clamp(max=0.2)
    drawn = torch.cat([0.12 + 0.76 * torch.rand(count, DISCS, 2, generator=generator), radii], -1)
    drawn = drawn * (torch.arange(DISCS) < number)[..., None]
    obstacles = torch.where(torch.rand(count, 1, 1, generator=generator) < 0.6, named, drawn)
    places = torch.tensor(list(PLACES.values()))
    anywhere = 0.05 + 0.9 * torch.rand(count, 2, 2, generator=generator)
    chosen = torch.rand(count, len(places), generator=generator).argsort(1)[:, :2]
    ends = torch.where(torch.rand(count, 1, 1, generator=generator) < 0.7, places[chosen], anywhere)
    gaps = (ends[:, :, None] - obstacles[:, None, :, :2]).norm(dim=-1) - obstacles[:, None, :, 2]
    covered = ((gaps < 0.04) & (obstacles[:, None, :, 2] > 0)).any(1)
    return ends, obstacles * ~covered[..., None]
