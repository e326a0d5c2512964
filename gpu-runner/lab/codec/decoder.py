"""
The network that draws a latent: each cell draws what stands in it on a patch of its own, with transparency; the patches lie
where the cells' offsets say, over the background.

What a patch looks like is learned (train.py); that things are drawn whole, once, and where they stand, is not.
"""

import torch
from torch import Tensor, nn

from lab.codec.code import BACKGROUND_NORM, CHANNELS, CLASS_CHANNELS, TOKENS, codebooks
from lab.world.layout import CELLS, OFFSETS, SIZE, SIZES, STEP
from lab.world.vocabulary import BACKGROUNDS

PATCH = max(SIZES)
BLOCKS = PATCH // STEP
REACH = PATCH + (OFFSETS - 1) * STEP
"""Side in px of what a cell can reach: its patch at any offset."""
OVERHANG = PATCH // 2 - STEP // 2
"""How far that is up and left of the cell."""
REACH_BLOCKS = REACH // STEP
FIRST = OVERHANG // STEP
SHOWN = SIZE // STEP + 1
"""Of the blocks that the reaches of a row of cells cover, the image shows so many from FIRST on; the outermost two in part."""
HIDDEN = 256
STROKES = 120
"""Pictures that every patch is mixed of."""
CERTAINTY = 6.0
"""Sharpness of the choice among offsets, and among backgrounds; their codes may be noisy."""


class Decoder(nn.Module):
    """
    Clean or nearly clean latents [B, TOKENS, CHANNELS] -> images [B, 3, SIZE, SIZE] in [-1, 1].

    Patches are moved and laid together by products of matrices, and nothing large is transposed but in long rows: on a CPU it
    takes onnxruntime as long to transpose an array number by number as to multiply it.
    """

    shifts: Tensor
    places: Tensor
    across: Tensor

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
        shifts, places = shifts_of_blocks(), places_of_blocks()
        self.register_buffer("shifts", shifts.flatten(1), persistent=False)
        self.register_buffer("places", places.flatten(1), persistent=False)
        # From the offsets of a row's cells to where each of their blocks comes to lie: [cells x OFFSETS, SHOWN x cells x BLOCKS].
        across = torch.einsum("orb,sir,ij->iosjb", shifts, places, torch.eye(CELLS))
        self.register_buffer("across", across.reshape(CELLS * OFFSETS, SHOWN * CELLS * BLOCKS), persistent=False)

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
        layer = self.lay(patches, chosen(rows, row_codes), chosen(columns, column_codes))
        # The mean as a product: onnxruntime's reductions over the middle axis add in an order that depends on the batch.
        mean = torch.full((1, TOKENS), 1 / TOKENS, device=latents.device) @ backgrounds
        share = (mean / BACKGROUND_NORM * CERTAINTY).softmax(-1)
        sky = (share * self.sky.flatten(1).T).sum(-1).view(-1, 3, SIZE, 1)
        image = layer[:, :3] + sky * (1 - layer[:, 3:].clamp(max=1))
        return (image * 2 - 1).clamp(-1, 1)

    def lay(self, patches: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """
        Patches [B x TOKENS, BLOCKS, BLOCKS, 4 x STEP x STEP] and shares of each cell's offsets [B, TOKENS, OFFSETS], down and to
        the right -> [B, 4, SIZE, SIZE], the sum of all patches where they lie.
        """
        # Down: each cell's blocks by the cell's own offset, to [B, rows of cells, columns of cells, REACH_BLOCKS, ...].
        down = (rows @ self.shifts).view(-1, REACH_BLOCKS, BLOCKS)
        moved = (down @ patches.flatten(2)).view(-1, CELLS, CELLS, REACH_BLOCKS, BLOCKS * 4 * STEP * STEP)
        # Across: all cells of a row at once, by their offsets and to their places.
        across = (columns.reshape(-1, CELLS, CELLS * OFFSETS) @ self.across).view(-1, CELLS, 1, SHOWN, CELLS * BLOCKS)
        strips = across @ moved.transpose(2, 3).reshape(-1, CELLS, REACH_BLOCKS, CELLS * BLOCKS, 4 * STEP * STEP)
        # Rows of cells one over another, and blocks to pixels.
        blocks = self.places @ strips.flatten(3).flatten(1, 2)
        layer = blocks.view(-1, SHOWN, SHOWN, 4, STEP, STEP).permute(0, 3, 1, 4, 2, 5).reshape(-1, 4, SHOWN * STEP, SHOWN * STEP)
        start = OVERHANG - FIRST * STEP
        return layer[:, :, start : start + SIZE, start : start + SIZE]


def chosen(codes: Tensor, codebook: Tensor) -> Tensor:
    """Shares [..., OFFSETS] of the offsets that channels [..., 2] speak for."""
    return (codes @ codebook.T * CERTAINTY).softmax(-1)


def shifts_of_blocks() -> Tensor:
    """[OFFSETS, REACH_BLOCKS, BLOCKS]: 1 where block b of a patch comes to lie at an offset."""
    return torch.stack([torch.eye(REACH_BLOCKS, BLOCKS).roll(offset, 0) for offset in range(OFFSETS)])


def places_of_blocks() -> Tensor:
    """[SHOWN, CELLS, REACH_BLOCKS]: 1 where a block of a cell's reach is that of the image, along either axis."""
    at = OFFSETS * torch.arange(CELLS)[:, None] + torch.arange(REACH_BLOCKS) - FIRST
    return (torch.arange(SHOWN)[:, None, None] == at).float()


def in_blocks(patches: Tensor) -> Tensor:
    """Pictures [N, 4, PATCH, PATCH] in the order of `Decoder.patches`."""
    return patches.unflatten(3, (BLOCKS, STEP)).unflatten(2, (BLOCKS, STEP)).permute(0, 2, 4, 1, 3, 5).flatten(3)
