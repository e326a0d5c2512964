"""
Layouts as latents, and back.

A latent is [TOKENS, CHANNELS]: one token a cell of 16 x 16 px, row by row. A cell that holds a thing's centre carries its
class, where in the cell the centre lies (row and column offset) and its size; an empty cell carries zeros there. Every
cell carries the background. Each of these facts is one vector out of a small codebook, in channels of its own, so that
the mean over many layouts is given by the facts' marginal probabilities alone (`expected`): that is what lets the flow
be trained on probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.world.layout import CELLS, OFFSETS, SIZES, STEP, Thing
from lab.world.vocabulary import BACKGROUNDS, CLASS_INDEX, CLASSES

TOKENS: Final = CELLS * CELLS
CLASS_CHANNELS: Final = 20
CHANNELS: Final = CLASS_CHANNELS + 2 + 2 + 2 + len(BACKGROUNDS)
CLASS_NORM: Final = 2.0
OFFSET_NORM: Final = 1.0
SIZE_NORM: Final = 1.0
BACKGROUND_NORM: Final = 0.35
"""Lengths of the codebooks' vectors: how much noise it takes to lose the fact. The background is repeated in 64 cells."""
EMPTY: Final = len(CLASSES)
"""Class index of an empty cell."""


def _class_codebook() -> NDArray[np.float32]:
    """[48, CLASS_CHANNELS] unit vectors, pushed apart from each other: a fixed start, then descent on their cosines."""
    vectors = np.random.default_rng(0).standard_normal((len(CLASSES), CLASS_CHANNELS))
    for _ in range(400):
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = vectors @ vectors.T - np.eye(len(vectors))
        vectors -= 0.05 * (np.sign(cosines) * np.abs(cosines) ** 3 * 8) @ vectors
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _circle(points: int) -> NDArray[np.float32]:
    angles = 2 * np.pi * np.arange(points) / points
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


CLASS_CODES: Final = _class_codebook() * np.float32(CLASS_NORM)
OFFSET_CODES: Final = _circle(OFFSETS) * np.float32(OFFSET_NORM)
SIZE_CODES: Final = _circle(len(SIZES)) * np.float32(SIZE_NORM)
BACKGROUND_CODES: Final = np.eye(len(BACKGROUNDS), dtype=np.float32) * np.float32(BACKGROUND_NORM)


def _codes_of_facts() -> NDArray[np.float32]:
    """[5, FactLogits.WIDTH, CHANNELS]: each fact's codebook in its own entries and channels, 0 elsewhere and for "empty"."""
    empty = np.zeros((1, CLASS_CHANNELS), np.float32)
    books = np.concatenate([CLASS_CODES, empty]), OFFSET_CODES, OFFSET_CODES, SIZE_CODES, BACKGROUND_CODES
    entries, channels = np.cumsum([[0, 0], *(book.shape for book in books)], 0).T
    codes = np.zeros((len(books), entries[-1], channels[-1]), np.float32)
    for fact, book in enumerate(books):
        codes[fact, entries[fact] : entries[fact + 1], channels[fact] : channels[fact + 1]] = book
    return codes


CODES_OF_FACTS: Final = _codes_of_facts()
CODES: Final = CODES_OF_FACTS.sum(0)
"""[FactLogits.WIDTH, CHANNELS]: one product with it is one with each codebook, in their channels."""


@dataclass(frozen=True)
class Facts:
    """What the cells of B latents say; int64 tensors. Offsets and sizes of empty cells are 0 and mean nothing."""

    classes: Tensor
    """[B, TOKENS], EMPTY where nothing stands"""
    rows: Tensor
    """[B, TOKENS] vertical offset in the cell, in steps"""
    columns: Tensor
    """[B, TOKENS]"""
    sizes: Tensor
    """[B, TOKENS] index into SIZES"""
    backgrounds: Tensor
    """[B] index into BACKGROUNDS"""


@dataclass(frozen=True)
class FactLogits:
    """Unnormalised log probabilities of the facts of B latents."""

    classes: Tensor
    """[B, TOKENS, 49], the last is EMPTY"""
    rows: Tensor
    """[B, TOKENS, OFFSETS], given that something stands there; so are columns and sizes"""
    columns: Tensor
    sizes: Tensor
    backgrounds: Tensor
    """[B, TOKENS, 6]"""

    WIDTH: ClassVar = len(CLASSES) + 1 + 2 * OFFSETS + len(SIZES) + len(BACKGROUNDS)

    @staticmethod
    def split(numbers: Tensor) -> "FactLogits":
        """From the WIDTH numbers a token that a network gives."""
        return FactLogits(*numbers.split([len(CLASSES) + 1, OFFSETS, OFFSETS, len(SIZES), len(BACKGROUNDS)], -1))

    def joined(self) -> Tensor:
        """[B, TOKENS, WIDTH]: what `split` takes apart."""
        return torch.cat([self.classes, self.rows, self.columns, self.sizes, self.backgrounds], -1)

    def with_classes(self, classes: Tensor) -> "FactLogits":
        return replace(self, classes=classes)

    def __add__(self, other: "FactLogits") -> "FactLogits":
        return FactLogits(
            self.classes + other.classes,
            self.rows + other.rows,
            self.columns + other.columns,
            self.sizes + other.sizes,
            self.backgrounds + other.backgrounds,
        )


def codebooks(device: torch.device) -> tuple[Tensor, ...]:
    """Of classes, rows, columns, sizes and backgrounds, in the order of their channels; [entries, channels] each."""
    arrays = (CLASS_CODES, OFFSET_CODES, OFFSET_CODES, SIZE_CODES, BACKGROUND_CODES)
    return tuple(torch.from_numpy(array).to(device) for array in arrays)


def facts_of(layouts: Sequence[Sequence[Thing]], backgrounds: Sequence[str]) -> Facts:
    """The facts of layouts, each with its background's name."""
    table = np.zeros((4, len(layouts), TOKENS), np.int64)
    table[0] = EMPTY
    for index, things in enumerate(layouts):
        for thing in things:
            row, column = ((edge + thing.size // 2) // STEP for edge in (thing.y, thing.x))
            cell = row // OFFSETS * CELLS + column // OFFSETS
            table[:, index, cell] = (
                CLASS_INDEX[thing.name], row % OFFSETS, column % OFFSETS, SIZES.index(thing.size)
            )  # fmt: skip
    names = list(BACKGROUNDS)
    chosen = torch.tensor([names.index(background) for background in backgrounds])
    classes, rows, columns, sizes = torch.from_numpy(table)
    return Facts(classes, rows, columns, sizes, chosen)


def encode(facts: Facts) -> Tensor:
    """[B, TOKENS, CHANNELS]"""
    classes, rows, columns, sizes, backgrounds = codebooks(facts.classes.device)
    there = (facts.classes != EMPTY).float()[..., None]
    parts = [
        classes[facts.classes.clamp(max=EMPTY - 1)] * there,
        rows[facts.rows] * there,
        columns[facts.columns] * there,
        sizes[facts.sizes] * there,
        backgrounds[facts.backgrounds][:, None].expand(-1, TOKENS, -1),
    ]
    return torch.cat(parts, -1)


def expected(logits: FactLogits) -> Tensor:
    """The mean latent [B, TOKENS, CHANNELS] under the facts' probabilities: exact, as each fact has its own channels."""
    classes = logits.classes.softmax(-1)
    placed = [part.softmax(-1) for part in (logits.rows, logits.columns, logits.sizes)]
    probabilities = torch.cat([classes, *placed, logits.backgrounds.softmax(-1)], -1)
    mean = probabilities @ torch.from_numpy(CODES).to(probabilities.device)
    named, places, backgrounds = mean.split([CLASS_CHANNELS, 6, len(BACKGROUNDS)], -1)
    return torch.cat([named, places * (1 - classes[..., EMPTY:]), backgrounds], -1)


def read_classes(latents: Tensor) -> Tensor:
    """[B, TOKENS]: the nearest class of each cell of a clean latent, EMPTY where none is near."""
    codes = torch.from_numpy(CLASS_CODES).to(latents.device)
    score = latents[..., :CLASS_CHANNELS] @ codes.T / CLASS_NORM**2
    best, index = score.max(-1)
    return torch.where(best > 0.5, index, EMPTY)
