"""
The network that draws a latent: each cell draws what stands in it on a patch of its own, with transparency; the patches lie
where the cells' offsets say, over the background.

What a patch looks like is learned (train.py); that things are drawn whole, once, and where they stand, is not.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.codec.code import BACKGROUND_NORM, CHANNELS, CLASS_CHANNELS, TOKENS, codebooks
from lab.world.layout import CELLS, OFFSETS, SIZE, SIZES, STEP
from lab.world.vocabulary import BACKGROUNDS

PATCH = max(SIZES)
BLOCKS = PATCH // STEP
CELL = SIZE // CELLS
REACH = PATCH + (OFFSETS - 1) * STEP
"""Side in px of what a cell can reach: its patch at any offset."""
OVERHANG = PATCH // 2 - STEP // 2
"""How far that is up and left of the cell."""
HIDDEN = 256
STROKES = 120
"""Pictures that every patch is mixed of."""
CERTAINTY = 6.0
"""Sharpness of the choice among offsets, and among backgrounds; their codes may be noisy."""


class Decoder(nn.Module):
    """Clean or nearly clean latents [B, TOKENS, CHANNELS] -> images [B, 3, SIZE, SIZE] in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Linear(CLASS_CHANNELS + 2, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, STROKES),
        )
        self.strokes = nn.Linear(STROKES, 4 * PATCH * PATCH)
        self.sky = nn.Parameter(torch.zeros(len(BACKGROUNDS), 3, SIZE))
        """Colours of each background by row, in [0, 1]."""

    def patches(self, looks: Tensor) -> Tensor:
        """
        Class and size channels [N, 22] -> [N, BLOCKS, BLOCKS, 4 x STEP x STEP]: blocks by row and column, in each RGB times
        alpha, and alpha. They lie in [0, 1] but for errors.
        """
        drawn: Tensor = self.strokes(self.look(looks))
        return drawn.unflatten(-1, (BLOCKS, BLOCKS, 4 * STEP * STEP))

    def forward(self, latents: Tensor) -> Tensor:
        classes, rows, columns, sizes, backgrounds = latents.split([CLASS_CHANNELS, 2, 2, 2, CHANNELS - 26], -1)
        _, row_codes, column_codes, _, _ = codebooks(latents.device)
        patches = self.patches(torch.cat([classes, sizes], -1).flatten(0, 1)).clamp(0, 1)
        patches = shift(patches, (rows @ row_codes.T).flatten(0, 1)).transpose(1, 2)
        patches = shift(patches, (columns @ column_codes.T).flatten(0, 1)).transpose(1, 2)
        # [N, block rows, block columns, 4, STEP, STEP] -> [B, 4 x REACH x REACH, TOKENS]
        patches = patches.unflatten(-1, (4, STEP, STEP)).permute(0, 3, 1, 4, 2, 5)
        cells = patches.reshape(-1, TOKENS, 4 * REACH * REACH).transpose(1, 2)
        whole = SIZE - CELL + REACH
        layer = F.fold(cells, (whole, whole), REACH, stride=CELL)
        layer = layer[:, :, OVERHANG : OVERHANG + SIZE, OVERHANG : OVERHANG + SIZE]
        # The mean as a product: onnxruntime's reductions over the middle axis add in an order that depends on the batch.
        mean = torch.full((1, TOKENS), 1 / TOKENS, device=latents.device) @ backgrounds
        chosen = (mean / BACKGROUND_NORM * CERTAINTY).softmax(-1)
        sky = (chosen * self.sky.flatten(1).T).sum(-1).view(-1, 3, SIZE, 1)
        image = layer[:, :3] + sky * (1 - layer[:, 3:].clamp(max=1))
        return (image * 2 - 1).clamp(-1, 1)


def shift(patches: Tensor, scores: Tensor) -> Tensor:
    """Moves [N, BLOCKS, ...] along its first axis of blocks by the offset with the best score [N, OFFSETS]: to REACH / STEP."""
    weights = (scores * CERTAINTY).softmax(-1)
    # Column b of the matrix puts block b of the patch at b + offset.
    columns = [F.pad(weights, (block, BLOCKS - 1 - block)) for block in range(BLOCKS)]
    moved = torch.stack(columns, -1) @ patches.flatten(2)
    return moved.unflatten(-1, patches.shape[2:])


def in_blocks(patches: Tensor) -> Tensor:
    """Pictures [N, 4, PATCH, PATCH] in the order of `Decoder.patches`."""
    return patches.unflatten(3, (BLOCKS, STEP)).unflatten(2, (BLOCKS, STEP)).permute(0, 2, 4, 1, 3, 5).flatten(3)
