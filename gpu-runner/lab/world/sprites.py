"""The pictures of the things: drawn shapes, and Noto sprites from sprites/*.png (made by render-sprites.mjs)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lab.world.layout import SIZES
from lab.world.vocabulary import COLORS, COUNTABLE, SHAPES

Floats = NDArray[np.float32]
Sprite = Floats
"""[size, size, 4] RGB in 0..255, multiplied by alpha, and alpha in 0..255."""
_SIDE = 96
_SUPERSAMPLED = 4


@cache
def load_sprites() -> Mapping[tuple[str, int], Sprite]:
    """Every class in every size."""
    sources = {name: _open_sprite(name) for name in COUNTABLE}
    sources |= {f"{color} {shape}": _draw_shape(shape, COLORS[color]) for shape in SHAPES for color in COLORS}
    return {(name, size): _scaled(image, size) for name, image in sources.items() for size in SIZES}


def _open_sprite(name: str) -> Floats:
    with Image.open(Path(__file__).parent / "sprites" / f"{name}.png") as image:
        pixels: Floats = np.asarray(image.convert("RGBA")).astype(np.float32)
    pixels[..., :3] *= pixels[..., 3:] / 255
    return pixels


def _scaled(pixels: Floats, size: int) -> Sprite:
    """Scaled with alpha already multiplied in, so that edges take no colour from what is transparent."""
    bands = [Image.fromarray(pixels[..., band]) for band in range(4)]
    scaled = [np.asarray(band.resize((size, size), Image.Resampling.HAMMING)) for band in bands]
    return np.stack(scaled, -1).clip(0, 255).astype(np.float32)


def _draw_shape(shape: str, color: tuple[int, int, int]) -> Floats:
    side = _SIDE * _SUPERSAMPLED
    rows, columns = (np.mgrid[0:side, 0:side] / _SUPERSAMPLED).astype(np.float32)
    draw = {"cube": _cube, "sphere": _sphere, "cone": _cone, "cylinder": _cylinder}[shape]
    rgb, mask = draw(np.array(color, np.float32), rows, columns)
    pixels = np.concatenate([rgb.clip(0, 255) * mask[..., None], mask[..., None] * 255], -1)
    scaled: Floats = pixels.reshape(_SIDE, _SUPERSAMPLED, _SIDE, _SUPERSAMPLED, 4).mean((1, 3)).astype(np.float32)
    return scaled


_Drawn = tuple[Floats, Floats]


def _cube(color: Floats, rows: Floats, columns: Floats) -> _Drawn:
    side = len(rows)
    rgb = np.zeros((side, side, 3), np.float32)
    mask = np.zeros((side, side), np.float32)
    faces = (
        (((10, 30), (34, 10), (88, 10), (64, 30)), color + (255 - color) * 0.45),
        (((10, 30), (64, 30), (64, 88), (10, 88)), color),
        (((64, 30), (88, 10), (88, 66), (64, 88)), color * 0.66),
    )
    for corners, shade in faces:
        image = Image.new("1", (side, side))
        ImageDraw.Draw(image).polygon([(x * _SUPERSAMPLED, y * _SUPERSAMPLED) for x, y in corners], fill=1)
        face = np.asarray(image)
        rgb[face], mask[face] = shade, 1
    return rgb, mask


def _sphere(color: Floats, rows: Floats, columns: Floats) -> _Drawn:
    light = np.clip(1 - np.hypot(columns - 34, rows - 32) / 62, 0, 1)[..., None]
    rgb: Floats = color * (0.6 + 0.5 * light) + (255 - color) * np.clip(light - 0.62, 0, 1) * 1.9
    return rgb, (np.hypot(columns - 48, rows - 48) <= 40).astype(np.float32)


def _cone(color: Floats, rows: Floats, columns: Floats) -> _Drawn:
    half = np.clip((rows - 8) / 74 * 36, 0, 36)
    side = (np.abs(columns - 48) <= half) & (rows >= 8) & (rows <= 82)
    foot = (((columns - 48) / 36) ** 2 + ((rows - 82) / 9) ** 2 <= 1) & (rows >= 82)
    shade = np.clip(1.15 - (columns - 48 + half) / (2 * half + 1e-3) * 0.6, 0.5, 1.2)
    rgb = (color * shade[..., None]).astype(np.float32)
    return rgb, (side | foot).astype(np.float32)


def _cylinder(color: Floats, rows: Floats, columns: Floats) -> _Drawn:
    side = (np.abs(columns - 48) <= 28) & (rows >= 18) & (rows <= 78)
    foot = ((columns - 48) / 28) ** 2 + ((rows - 78) / 10) ** 2 <= 1
    top = ((columns - 48) / 28) ** 2 + ((rows - 18) / 10) ** 2 <= 1
    rgb = (color * (1.12 - (columns - 20) / 56 * 0.6)[..., None]).astype(np.float32)
    rgb[top] = color + (255 - color) * 0.45
    return rgb, (side | foot | top).astype(np.float32)
