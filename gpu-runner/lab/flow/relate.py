"""Where a thing may stand that has a relation to another, given where that one seems to stand."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lab.codec.code import EMPTY, TOKENS, FactLogits
from lab.world.layout import AXES, CELLS, OFFSETS, displacements

WIDTH = 2 * EMPTY + len(AXES)
"""Of what the encoder reads of a relation: the anchor's class, its mate's, and the axis along which the mate stands before it."""
LEAST = 1e-3
"""Share of a cell that nothing speaks for; its logarithm is the strongest "no"."""


def _reach() -> NDArray[np.float32]:
    """[axes, TOKENS, TOKENS]: the share of places in an anchor's cell (last) from which a mate lies in a cell, highest 1."""
    reach = np.zeros((len(AXES), CELLS, CELLS, CELLS, CELLS), np.float32)
    inside = np.arange(CELLS * OFFSETS)
    rows, columns = (grid.ravel() for grid in np.meshgrid(inside, inside, indexing="ij"))
    for axis, relation in enumerate(AXES):
        for down, right in displacements(relation):
            of_mate = rows + down, columns + right
            there = [(at >= 0) & (at < CELLS * OFFSETS) for at in of_mate]
            kept = there[0] & there[1]
            places = (*(at[kept] // OFFSETS for at in of_mate), rows[kept] // OFFSETS, columns[kept] // OFFSETS)
            np.add.at(reach[axis], places, 1)
    return (reach / reach.max()).reshape(len(AXES), TOKENS, TOKENS)


REACH = torch.from_numpy(_reach())


def lean(classes: Tensor, relation: Tensor, gain: Tensor) -> Tensor:
    """
    What speaks for each fact in each cell [B, TOKENS, FactLogits.WIDTH]: 0 or less for the mate's class, 0 for all others. From
    logits [B, TOKENS, classes + 1], a relation as the encoder read it [B, WIDTH] and a gain [B, 1].
    """
    anchor, mate, axes = relation.split([EMPTY, EMPTY, len(AXES)], 1)
    at = classes.softmax(-1)[..., :EMPTY] @ anchor[..., None]
    fields = REACH.to(at.device) @ at[:, None]
    # The axes are nearly 0 or 1, so this is the field of one of them, or nothing. Cells [B, TOKENS, 1], times classes.
    said = (fields[..., 0] + LEAST).log().transpose(1, 2) @ (axes * gain)[..., None]
    return said * F.pad(mate, (0, FactLogits.WIDTH - EMPTY))[:, None]
