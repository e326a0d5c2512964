"""Probabilities of what stands where that add up to the counts that were asked for."""

import torch
from torch import Tensor

LEAST_COUNT = 1e-3


def assign(logits: Tensor, counts: Tensor, rounds: int) -> Tensor:
    """
    Scales exp(logits) [B, TOKENS, classes + 1] by a factor a class and a factor a cell until each class adds up to its
    count [B, classes] over the cells and each cell to 1 (Sinkhorn and Knopp 1967). "Empty", the last, takes what is left.
    Gives log probabilities; cells add up exactly, classes nearly.
    """
    left = logits.shape[1] - counts.sum(1, keepdim=True)
    wanted = torch.cat([counts, left], 1).clamp(min=LEAST_COUNT).log()[:, None]
    for _ in range(rounds):
        logits = logits + wanted - logits.logsumexp(1, keepdim=True)
        logits = logits - logits.logsumexp(2, keepdim=True)
    return logits
