"""
What readers know of an image: of each class how much of it is there and where its middle is, and the colours of the
background. From the peaks of a detector, or, to train on, from layouts with the errors that detectors make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from lab.world.layout import SIZE
from lab.world.scene import Layout
from lab.world.vocabulary import BACKGROUNDS, CLASS_INDEX, CLASSES

MOST: Final = 9
"""Counts above it look the same."""
BINS: Final = MOST + 1


@dataclass(frozen=True)
class Seen:
    """Of B images."""

    counts: Tensor
    """[B, 48] sums of peak probabilities"""
    places: Tensor
    """[B, 48, 2] mean x and y of a class in [-1, 1]; 0 where there is none"""
    background: Tensor
    """[B, 6] RGB of the top and of the bottom row in [-1, 1]"""

    def __getitem__(self, index: Tensor) -> "Seen":
        return Seen(self.counts[index], self.places[index], self.background[index])


def see(image: Tensor, peaks: Tensor) -> Seen:
    """Images [B, 3, H, W] in [-1, 1] and the peaks [B, 48, 32, 32] that a detector sees in them."""
    side = peaks.shape[-1]
    middle = (torch.arange(side, device=image.device, dtype=image.dtype) + 0.5) * (2 / side) - 1
    counts = peaks.sum((2, 3))
    sums = torch.stack([(peaks.sum(2) * middle).sum(2), (peaks.sum(3) * middle).sum(2)], -1)
    places = sums / counts.clamp(min=0.25)[..., None]
    rows = torch.cat([image[:, :, 0].mean(2), image[:, :, -1].mean(2)], 1)
    return Seen(counts, places, rows)


def bins(counts: Tensor) -> Tensor:
    """[..., BINS]: how near each count 0..MOST is, linear between neighbours, so that it has a slope everywhere."""
    levels = torch.arange(BINS, device=counts.device, dtype=counts.dtype)
    return (1 - (counts.clamp(0, MOST)[..., None] - levels).abs()).clamp(min=0)


def imagine(layouts: Sequence[Layout]) -> Seen:
    """What a detector without errors would see."""
    counts = np.zeros((len(layouts), len(CLASSES)), np.float32)
    places = np.zeros((len(layouts), len(CLASSES), 2), np.float32)
    rows = np.zeros((len(layouts), 6), np.float32)
    for index, layout in enumerate(layouts):
        for thing in layout.things:
            number = CLASS_INDEX[thing.name]
            counts[index, number] += 1
            places[index, number] += np.array([thing.x, thing.y], np.float32) + thing.size / 2
        rows[index] = np.concatenate([np.array(color) for color in BACKGROUNDS[layout.background]])
    places /= np.maximum(counts, 1)[..., None]
    places = np.where(counts[..., None] > 0, places * (2 / SIZE) - 1, 0).astype(np.float32)
    return Seen(torch.from_numpy(counts), torch.from_numpy(places), torch.from_numpy(rows / 127.5 - 1))


def disturb(seen: Seen, generator: torch.Generator) -> Seen:
    """With a detector's errors: peaks below 1, now and then a faint one of nothing, places and colours a little off."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    size = seen.counts.shape
    counts = seen.counts * (0.9 + 0.12 * uniform(*size))
    ghosts = (uniform(*size) < 0.01).float() * (0.25 + 0.2 * uniform(*size))
    there = (seen.counts > 0).float()[..., None]
    places = seen.places + 0.03 * torch.randn(seen.places.shape, generator=generator) * there
    background = seen.background + 0.08 * torch.randn(seen.background.shape, generator=generator)
    return Seen(counts + ghosts, places, background)
