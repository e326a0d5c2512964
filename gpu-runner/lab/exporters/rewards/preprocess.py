"""What image processors do, as modules of one fixed size: from the pack's image [B, 3, H, W] in [-1, 1] to a model's pixels.

Resizing is two products with constant matrices. Pillow rounds to 8 bits after each; so does the graph, which makes a reward that
of the delivered PNG, and leaves it without a slope.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

BILINEAR, BICUBIC = 2, 3
"""Pillow's numbers of its filters."""
PILLOW_ONE = 2**22
"""Pillow's weights are whole numbers of this one."""
FILTERS = {BILINEAR: "bilinear", BICUBIC: "bicubic"}


class Bytes(nn.Module):
    """[-1, 1] -> whole numbers 0 to 255, as the PNG has them (image/png.ts: ties to even)."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.round(torch.clamp((image.float() + 1) * 127.5, 0, 255))


class Scale(nn.Module):
    """A product with a number: 1 / 255 for what works in [0, 1]."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels * self.factor


class Resize(nn.Module):
    """[B, 3, H, W] -> [B, 3, h, w] by a matrix a side, the width first unless `rows_first`.

    `rounded`: to the bit as Pillow, which has weights of 22 bits and rounds to 8 bits after each side. Float32 would err at ties.
    """

    rows: Tensor | None
    columns: Tensor | None

    def __init__(self, rows: Tensor | None, columns: Tensor | None, *, rounded: bool, rows_first: bool = False) -> None:
        super().__init__()
        self.rows_first, self.rounded = rows_first, rounded
        self.precision = torch.float64 if rounded else torch.float32
        for name, matrix in (("rows", rows), ("columns", columns)):
            self.register_buffer(name, None if matrix is None else self.weights(matrix), persistent=False)

    def weights(self, matrix: Tensor) -> Tensor:
        return (torch.round(matrix * PILLOW_ONE) / PILLOW_ONE if self.rounded else matrix).to(self.precision)

    def forward(self, pixels: Tensor) -> Tensor:
        sides = [self.resize_rows, self.resize_columns] if self.rows_first else [self.resize_columns, self.resize_rows]
        pixels = pixels.to(self.precision)
        for resize in sides:
            pixels = self.round(resize(pixels))
        return pixels.float()

    def resize_rows(self, pixels: Tensor) -> Tensor:
        return pixels if self.rows is None else torch.matmul(self.rows, pixels)

    def resize_columns(self, pixels: Tensor) -> Tensor:
        return pixels if self.columns is None else torch.matmul(pixels, self.columns.T)

    def round(self, pixels: Tensor) -> Tensor:
        return torch.clamp(torch.floor(pixels + 0.5), 0, 255) if self.rounded else pixels


def pillow_resize(size: tuple[int, int], target: tuple[int, int], resample: int) -> Resize:
    """As the Pillow that is installed does it: which side goes first is a matter of its version, and is found by trying."""
    rows, columns = (filter_matrix(own, other, resample) for own, other in zip(size, target, strict=True))
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    resized = Image.fromarray(noise).resize((target[1], target[0]), Image.Resampling(resample))
    wanted, given = (torch.from_numpy(np.array(each)).permute(2, 0, 1)[None].float() for each in (resized, noise))
    tried = [Resize(rows, columns, rounded=True, rows_first=first) for first in (False, True)]
    return min(tried, key=lambda one: float((one(given) - wanted).abs().mean()))


def filter_matrix(size: int, target: int, resample: int) -> Tensor | None:
    """[target, size] of a filter widened for shrinking, as Pillow and torch have it; None where nothing changes."""
    if size == target:
        return None
    lines = torch.eye(size, dtype=torch.float64)[None, None]
    return nn.functional.interpolate(lines, size=(target, size), mode=FILTERS[resample], antialias=True)[0, 0]


def gaussian_matrix(size: int, target: int) -> Tensor:
    """[target, size] of a Gaussian and a linear interpolation: how OWLv2 shrinks (scikit-image's `resize`, by scipy)."""
    from scipy import ndimage

    lines = np.eye(size)
    blurred = ndimage.gaussian_filter1d(lines, max(0.0, (size / target - 1) / 2), axis=0, mode="mirror") if target < size else lines
    zoomed = ndimage.zoom(blurred, (target / size, 1), order=1, mode="mirror", grid_mode=True)
    return torch.from_numpy(np.ascontiguousarray(zoomed))


class Crop(nn.Module):
    """The middle. Throws ValueError where the image is smaller."""

    def __init__(self, size: tuple[int, int], target: tuple[int, int]) -> None:
        super().__init__()
        if size[0] < target[0] or size[1] < target[1]:
            raise ValueError(f"an image of {size} is smaller than the crop of {target}")
        self.top, self.left = (size[0] - target[0]) // 2, (size[1] - target[1]) // 2
        self.height, self.width = target

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels[:, :, self.top : self.top + self.height, self.left : self.left + self.width]


class Pad(nn.Module):
    """Zeros around: left, right, top, bottom."""

    def __init__(self, *sides: int) -> None:
        super().__init__()
        self.sides = sides

    def forward(self, pixels: Tensor) -> Tensor:
        return nn.functional.pad(pixels, self.sides)


class Within(nn.Module):
    """The inner module, its result kept between the least and the largest number of the image."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pixels: Tensor) -> Tensor:
        least, most = pixels.amin(dim=(1, 2, 3), keepdim=True), pixels.amax(dim=(1, 2, 3), keepdim=True)
        return torch.minimum(torch.maximum(self.inner(pixels), least), most)


class Normalize(nn.Module):
    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - self.mean) / self.std


def pillow_steps(processor: Any, resolution: tuple[int, int]) -> nn.Sequential:
    """The steps of a transformers image processor that resizes with Pillow. Throws ValueError on one that does anything else."""
    if not (processor.do_resize and processor.do_rescale and processor.do_normalize):
        raise ValueError("only processors that resize, rescale and normalise are known")
    if int(processor.resample) not in FILTERS:
        raise ValueError(f"only bilinear and bicubic resizing are known, not Pillow's filter {processor.resample}")
    height, width = resized_size(processor.size, resolution)
    steps: list[nn.Module] = [Bytes(), pillow_resize(resolution, (height, width), int(processor.resample))]
    if getattr(processor, "do_center_crop", None):
        steps.append(Crop((height, width), (int(processor.crop_size["height"]), int(processor.crop_size["width"]))))
    return nn.Sequential(*steps, Scale(processor.rescale_factor), Normalize(processor.image_mean, processor.image_std))


def resized_size(size: Any, resolution: tuple[int, int]) -> tuple[int, int]:
    """Height and width after resizing: given, or as many times smaller as the shorter side is."""
    if size.get("height") and size.get("width"):
        return int(size["height"]), int(size["width"])
    shortest = size.get("shortest_edge")
    if not shortest or size.get("longest_edge"):
        raise ValueError(f"only a height and width, or a shortest edge, are known, not {size}")
    height, width = resolution
    return (int(shortest * height / width), shortest) if width <= height else (shortest, int(shortest * width / height))


def longest_side_steps(side: int, resolution: tuple[int, int], mean: Sequence[float], std: Sequence[float]) -> nn.Sequential:
    """HPSv2's: [0, 1], bicubic without rounding so that the longer side is `side`, black on both sides of the shorter one."""
    scale = side / max(resolution)
    height, width = (round(each * scale) for each in resolution)
    rows, columns = side - height, side - width
    return nn.Sequential(
        Bytes(),
        Scale(1 / 255),
        Resize(filter_matrix(resolution[0], height, BICUBIC), filter_matrix(resolution[1], width, BICUBIC), rounded=False),
        Pad(columns // 2, columns - columns // 2, rows // 2, rows - rows // 2),
        Normalize(mean, std),
    )


def square_steps(processor: Any, resolution: tuple[int, int]) -> nn.Sequential:
    """OWLv2's: [0, 1], black below or to the right to make a square, blurred and shrunk without rounding."""
    height, width = resolution
    side = max(resolution)
    target = int(processor.size["height"]), int(processor.size["width"])
    resize = Within(Resize(gaussian_matrix(side, target[0]), gaussian_matrix(side, target[1]), rounded=False))
    steps = Bytes(), Scale(processor.rescale_factor), Pad(0, side - width, 0, side - height), resize
    return nn.Sequential(*steps, Normalize(processor.image_mean, processor.image_std))
