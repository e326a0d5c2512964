"""
Where the things of a prompt stand.

Centres lie on a grid of 4 px (at 2, 6, 10, ... 126); a cell is a square of 4 x 4 of them. A layout is drawn by
priorities: every place has a number, and things are put one after another where it is highest among the places that are
still free. With normal numbers this is a random layout; with numbers read from a latent's noise (lab/flow/coupling.py)
it is the layout nearest to that noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lab.world.prompt import Prompt
from lab.world.vocabulary import CLASS_INDEX, COUNTABLE

SIZE: Final = 128
"""Pixels of an image's side."""
STEP: Final = 4
PLACES: Final = SIZE // STEP
CELLS: Final = 8
OFFSETS: Final = PLACES // CELLS
"""Places along one side of a cell."""
KINDS: Final = 3
"""Kinds of things that a prompt has at most."""
CLEARANCE: Final = 0.92
"""The centres of two things keep this share of their size between them along one axis; sprites have clear margins."""
SIZES: Final = (20, 24, 28, 36, 40)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Thing:
    """One thing in an image."""

    name: str
    x: int
    """Left edge in px."""
    y: int
    """Top edge in px."""
    size: int
    """Side in px, one of SIZES."""


@dataclass(frozen=True)
class Priorities:
    """Numbers of a batch of B scenes; a place's priority is the sum of the three that concern it."""

    cell: Floats
    """[B, KINDS, CELLS, CELLS]: for each kind of thing in its prompt's order, by row and column."""
    row: Floats
    """[B, CELLS, CELLS, OFFSETS]: for each vertical offset in a cell."""
    column: Floats
    """[B, CELLS, CELLS, OFFSETS]: for each horizontal offset in a cell."""


def random_priorities(rng: np.random.Generator, batch: int) -> Priorities:
    """Priorities of layouts that know nothing of each other."""
    return Priorities(
        rng.standard_normal((batch, KINDS, CELLS, CELLS), dtype=np.float32),
        rng.standard_normal((batch, CELLS, CELLS, OFFSETS), dtype=np.float32),
        rng.standard_normal((batch, CELLS, CELLS, OFFSETS), dtype=np.float32),
    )


def size_of(prompt: Prompt) -> int:
    """The size of a prompt's things in px: the fewer, the larger; shapes are larger than sprites."""
    total = prompt.total
    if prompt.things[0][0] in COUNTABLE:
        return 28 if total <= 6 else 24 if total <= 10 else 20
    return 40 if total <= 2 else 36


def place(prompts: Sequence[Prompt], priorities: Priorities) -> list[tuple[Thing, ...] | None]:
    """One layout a prompt, its things in the order they were put down; None where not all found room."""
    scores = _scores_of_places(priorities)
    layouts: list[tuple[Thing, ...] | None] = [None] * len(prompts)
    related = [index for index, prompt in enumerate(prompts) if prompt.relation]
    counted = [index for index, prompt in enumerate(prompts) if not prompt.relation]
    for index in related:
        layouts[index] = _place_related(prompts[index], scores[index])
    for index, layout in zip(counted, _place_counted([prompts[i] for i in counted], scores[counted]), strict=True):
        layouts[index] = layout
    return layouts


def _scores_of_places(priorities: Priorities) -> Floats:
    """[B, KINDS, PLACES, PLACES]"""
    of_cell = np.repeat(np.repeat(priorities.cell, OFFSETS, 2), OFFSETS, 3)
    of_offset = priorities.row[..., :, None] + priorities.column[..., None, :]
    batch = of_offset.shape[0]
    of_offset = of_offset.transpose(0, 1, 3, 2, 4).reshape(batch, 1, PLACES, PLACES)
    return of_cell + of_offset


def _centre(place: int) -> int:
    return place * STEP + STEP // 2


def _thing(name: str, row: int, column: int, size: int) -> Thing:
    return Thing(name, _centre(column) - size // 2, _centre(row) - size // 2, size)


def _inside(size: int) -> tuple[int, int]:
    """The first and the last place at which a thing of this size lies inside the image."""
    first = -(-(size // 2 - STEP // 2) // STEP)
    return first, PLACES - 1 - first


def _place_counted(prompts: Sequence[Prompt], scores: Floats) -> list[tuple[Thing, ...] | None]:
    """Greedy, over all kinds at once: the highest free place of a kind that is still wanted takes the next thing."""
    batch = len(prompts)
    if batch == 0:
        return []
    sizes = np.array([size_of(prompt) for prompt in prompts])
    left = np.zeros((batch, KINDS), np.int64)
    for index, prompt in enumerate(prompts):
        left[index, : len(prompt.things)] = [count for _, count in prompt.things]
    free = _free_at_first(sizes)
    places = np.arange(PLACES)
    reach = np.ceil(CLEARANCE * sizes / STEP).astype(np.int64)
    things: list[list[Thing]] = [[] for _ in prompts]
    rows = np.arange(batch)
    for _ in range(max(prompt.total for prompt in prompts)):
        open_ = free[:, None] & (left > 0)[:, :, None, None]
        best = np.where(open_, scores, -np.inf).reshape(batch, -1).argmax(1)
        kind, row, column = np.unravel_index(best, scores.shape[1:])
        put = open_[rows, kind, row, column]
        left[rows[put], kind[put]] -= 1
        near_row = np.abs(places[None] - row[:, None]) < reach[:, None]
        near_column = np.abs(places[None] - column[:, None]) < reach[:, None]
        free &= ~(near_row[:, :, None] & near_column[:, None, :] & put[:, None, None])
        for index in np.flatnonzero(put).tolist():
            name = prompts[index].things[kind[index]][0]
            things[index].append(_thing(name, int(row[index]), int(column[index]), int(sizes[index])))
    return [tuple(layout) if not wanted.any() else None for layout, wanted in zip(things, left, strict=True)]


def _free_at_first(sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    free = np.zeros((len(sizes), PLACES, PLACES), np.bool_)
    for index, size in enumerate(sizes.tolist()):
        first, last = _inside(size)
        free[index, first : last + 1, first : last + 1] = True
    return free


AXES: Final = ("on top of", "to the left of")
"""Every relation is one of these between a mate and its anchor: the anchor is the lower thing, or the right one."""


def displacements(axis: str) -> tuple[tuple[int, int], ...]:
    """Where the mate may stand as seen from its anchor, as (rows, columns) of places."""
    if axis == "on top of":
        return tuple((-9, columns) for columns in (-1, 0, 1))
    return tuple((rows, -columns) for rows in (-1, 0, 1) for columns in range(11, 16))


def roles(relation: str) -> tuple[str, int, int]:
    """The axis, and which of a prompt's two things is the mate and which the anchor."""
    axis = AXES[0] if relation in ("on top of", "below") else AXES[1]
    return (axis, 0, 1) if relation == axis else (axis, 1, 0)


def _place_related(prompt: Prompt, scores: Floats) -> tuple[Thing, ...]:
    """The anchor at its best place of those that leave room for its mate, which takes the best place in the relation."""
    size = size_of(prompt)
    low, high = _inside(size)
    axis, mate, anchor = roles(prompt.relation or "")
    ways = displacements(axis)
    room = np.full((PLACES, PLACES), -np.inf, np.float32)
    for down, right in ways:
        rows = slice(max(low, low - down), min(high, high - down) + 1)
        room[rows, max(low, low - right) : min(high, high - right) + 1] = 0
    row, column = (int(at) for at in np.unravel_index(int((scores[anchor] + room).argmax()), room.shape))
    reached = [(row + down, column + right) for down, right in ways]
    free = [at for at in reached if low <= min(at) and max(at) <= high]
    places = {anchor: (row, column), mate: max(free, key=lambda at: float(scores[mate][at]))}
    first, second = (_thing(name, *places[index], size) for index, (name, _) in enumerate(prompt.things))
    return first, second


def class_indices(prompt: Prompt) -> list[int]:
    """CLASS_INDEX of each kind of the prompt, in its order."""
    return [CLASS_INDEX[name] for name, _ in prompt.things]
