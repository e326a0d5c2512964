"""
The detector: 48 heatmaps of the centres of things, on a grid of 32 x 32.

Reward and judge are of different architectures (REWARD, JUDGE), and are trained from different seeds on different data
(train_detector.py). What both readers know of an image comes from the peaks of these maps.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.world.vocabulary import CLASSES

LEAST_PEAK: Final = 0.25
"""A place below this probability is none."""


@dataclass(frozen=True)
class Shape:
    """An architecture: how the image is reduced to 32 x 32, and how wide and deep it goes on."""

    stem: tuple[int, ...]
    """Widths of the strided convolutions before `width`; without any, one of 6 x 6 px does it at once."""
    width: int
    shallow: int
    """Residual blocks at 32 x 32, before those at 16 x 16."""
    deep: int
    """Residual blocks at 16 x 16, of twice the width."""


REWARD: Final = Shape(stem=(), width=64, shallow=1, deep=3)
JUDGE: Final = Shape(stem=(32,), width=56, shallow=2, deep=2)


class Block(nn.Module):
    """Residual: two convolutions of 3 x 3."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(x))))


class Detector(nn.Module):
    """Images [B, 3, 128, 128] in [-1, 1] -> logits [B, 48, 32, 32]. Parameters stand in the order of the computation."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        if shape.stem:
            widths = (3, *shape.stem, width)
            self.stem = nn.ModuleList([nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths)])
        else:
            self.stem = nn.ModuleList([nn.Conv2d(3, width, 6, stride=4, padding=1)])
        self.shallow = nn.Sequential(*[Block(width) for _ in range(shape.shallow)])
        self.down = nn.Conv2d(width, 2 * width, 2, stride=2)
        self.deep = nn.Sequential(*[Block(2 * width) for _ in range(shape.deep)])
        self.up = nn.Conv2d(2 * width, 4 * width, 1)
        self.last = Block(width)
        self.out = nn.Conv2d(width, len(CLASSES), 1)
        # At first every place is improbable.
        nn.init.constant_(self.out.bias, -5.0)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem[0](image)
        for convolution in list(self.stem)[1:]:
            x = convolution(F.silu(x))
        x = self.shallow(x)
        wide = F.pixel_shuffle(self.up(self.deep(self.down(x))), 2)
        logits: Tensor = self.out(F.silu(self.last(x + wide)))
        return logits


def peaks(logits: Tensor) -> Tensor:
    """Probabilities at local maxima, 0 elsewhere; [B, 48, 32, 32]. Differentiable where a peak stands."""
    probability = torch.sigmoid(logits)
    highest = F.max_pool2d(probability, 3, 1, 1)
    kept = (probability >= highest) & (probability > LEAST_PEAK)
    return torch.where(kept, probability, torch.zeros_like(probability))


def load_exported(detector: Detector, graph: Path) -> Detector:
    """The weights of a graph that this detector was exported to: constants stand there in the order of the computation."""
    arrays = [onnx.numpy_helper.to_array(one) for one in onnx.load(str(graph)).graph.initializer]
    weights = [array for array in arrays if array.ndim in (1, 4) and array.dtype == np.float32 and array.size > 2]
    parameters = list(detector.parameters())
    for parameter, array in zip(parameters, weights[: len(parameters)], strict=True):
        if parameter.shape != array.shape:
            raise ValueError(f"{graph.name} holds {array.shape} where the detector has {tuple(parameter.shape)}")
        parameter.data.copy_(torch.from_numpy(array.copy()))
    return detector
