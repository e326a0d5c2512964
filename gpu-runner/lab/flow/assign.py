"""Logits of what stands where whose probabilities add up to the counts that were asked for."""

import torch
from torch import Tensor
from torch.nn import functional as F

LEAST_COUNT = 1e-3
AT_ONCE = 4
"""
Rounds on the same exponentials. Each class and each cell has one of 1, so in four rounds no factor leaves 1e-20 to 1e20, and
what exp rounds to 0 comes to less than 1e-6 of a cell.
"""


def assign(logits: Tensor, counts: Tensor, rounds: int) -> Tensor:
    """
    Scales exp(logits) [B, TOKENS, classes + 1] by a factor a class and a factor a cell until each class adds up to its
    count [B, classes] over the cells and each cell to 1 (Sinkhorn and Knopp 1967). "Empty", the last, takes what is left.
    Gives logits, whose softmax adds up to 1 in each cell and to the counts nearly.
    """
    left = logits.shape[1] - counts.sum(1, keepdim=True)
    wanted = torch.cat([counts, left], 1).clamp(min=LEAST_COUNT)[:, None]
    logits, of_cells, of_classes = rescale(logits, wanted, min(AT_ONCE, rounds))
    for done in range(AT_ONCE, rounds, AT_ONCE):
        logits, of_cells, of_classes = rescale(logits + of_cells.log(), wanted, min(AT_ONCE, rounds - done))
    # onnxruntime's log has other bits for the numbers that are left behind its vectors, of 16 at most: none shall be left.
    logs = F.pad(of_classes, (0, -of_classes.shape[-1] % 16), value=1.0).log()
    return logits + logs[..., : of_classes.shape[-1]]


def rescale(logits: Tensor, wanted: Tensor, rounds: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    At most AT_ONCE rounds: to sums over the cells `wanted` [B, 1, classes + 1], then to sums of 1 over the classes. Gives
    logits, the same but for a summand a class and a cell, and the factors of the cells and of the classes.

    The sums are products of matrices with the factors of the other axis, which cost a CPU a tenth of as many logsumexp.
    """
    logits = logits - logits.amax(1, keepdim=True)
    highest = logits.amax(2, keepdim=True)
    logits = logits - highest
    scaled = logits.exp()
    of_cells = highest.exp()
    for _ in range(rounds):
        of_classes = wanted / (of_cells.transpose(1, 2) @ scaled)
        of_cells = 1 / (scaled @ of_classes.transpose(1, 2))
    return logits, of_cells, of_classes
