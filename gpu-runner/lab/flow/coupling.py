"""
Which noise goes with which layout: each noise is coupled with the layout of its prompt that lies nearest to it.

With noise drawn independently of the data, the paths of a flow cross, so its estimate at t = 1 is the mean of all layouts, a
blur, and its ODE bends. Pairing noise with near data makes the paths straight (Pooladian et al. 2023, arXiv 2304.14772;
Tong et al. 2023, arXiv 2302.00482: optimal transport within batches). Here the nearest layout need not be sought in a
batch: the inner product of latent and noise is a sum over cells, so putting things where the noise already leans towards
them, greedily, gives it (lab/world/layout.py). Noise stays normal, and layouts stay as random as those of the world.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.codec.code import BACKGROUND_CODES, CHANNELS, CLASS_CHANNELS, CLASS_CODES, OFFSET_CODES
from lab.world.layout import CELLS, KINDS, OFFSETS, Priorities, Thing, class_indices, place
from lab.world.prompt import Prompt
from lab.world.vocabulary import BACKGROUNDS

ROWS = slice(CLASS_CHANNELS, CLASS_CHANNELS + 2)
COLUMNS = slice(CLASS_CHANNELS + 2, CLASS_CHANNELS + 4)
BACKGROUND = slice(CHANNELS - len(BACKGROUNDS), CHANNELS)


def priorities_of(noise: NDArray[np.float32], prompts: Sequence[Prompt]) -> Priorities:
    """Inner products of the noise [B, TOKENS, CHANNELS] with what could stand in each cell."""
    batch = len(prompts)
    kinds = np.zeros((batch, KINDS), np.int64)
    for index, prompt in enumerate(prompts):
        found = class_indices(prompt)
        kinds[index, : len(found)] = found
    cell = np.einsum("btc,bkc->bkt", noise[..., :CLASS_CHANNELS], CLASS_CODES[kinds])
    shape = (batch, CELLS, CELLS, OFFSETS)
    return Priorities(
        cell.reshape(batch, KINDS, CELLS, CELLS),
        (noise[..., ROWS] @ OFFSET_CODES.T).reshape(shape),
        (noise[..., COLUMNS] @ OFFSET_CODES.T).reshape(shape),
    )


def couple(noise: NDArray[np.float32], prompts: Sequence[Prompt]) -> tuple[list[tuple[Thing, ...] | None], list[str]]:
    """The nearest layout of each prompt (None where the things found no room) and its background."""
    layouts = place(prompts, priorities_of(noise, prompts))
    leaning = (noise[..., BACKGROUND] @ BACKGROUND_CODES.T).sum(1).argmax(1)
    names = list(BACKGROUNDS)
    return layouts, [prompt.background or names[lean] for prompt, lean in zip(prompts, leaning, strict=True)]
