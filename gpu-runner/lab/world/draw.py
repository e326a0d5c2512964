"""A layout as pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.world.layout import SIZE, Thing
from lab.world.sprites import load_sprites
from lab.world.vocabulary import BACKGROUNDS

Image = NDArray[np.uint8]
"""[SIZE, SIZE, 3] RGB"""
JITTER = 6


def draw(things: Sequence[Thing], background: str, rng: np.random.Generator | None = None) -> Image:
    """The things in their order on a background, whose colours vary a little where a generator is given."""
    top, bottom = (np.array(color, np.float32) for color in BACKGROUNDS[background])
    if rng is not None:
        top, bottom = (color + rng.uniform(-JITTER, JITTER, 3).astype(np.float32) for color in (top, bottom))
    down = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    image = np.broadcast_to(top * (1 - down) + bottom * down, (SIZE, SIZE, 3)).copy()
    sprites = load_sprites()
    for thing in things:
        sprite = sprites[thing.name, thing.size]
        part = image[thing.y : thing.y + thing.size, thing.x : thing.x + thing.size]
        part[:] = part * (1 - sprite[..., 3:] / 255) + sprite[..., :3]
    return image.clip(0, 255).round().astype(np.uint8)
