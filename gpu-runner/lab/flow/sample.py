"""Sampling in Python, for evaluation: the ODE by Euler steps, as the runner's `best-of-n` walks it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lab.codec.code import CHANNELS, TOKENS, expected
from lab.flow.network import Denoiser
from lab.world.tokens import tokenize


def noise_of(seeds: Sequence[int]) -> Tensor:
    """[B, TOKENS, CHANNELS]: one latent of noise a seed."""
    return torch.stack([torch.randn(TOKENS, CHANNELS, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


@torch.no_grad()
def walk(network: Denoiser, captions: Sequence[str], noise: Tensor, steps: int) -> list[Tensor]:
    """The denoised estimates [B, TOKENS, CHANNELS] at t = 1, 1 - 1 / steps, ..., 1 / steps; the last is the sample."""
    device = next(network.parameters()).device
    conditioning = network.text(torch.tensor([tokenize(caption) for caption in captions], device=device))
    x = noise.to(device)
    estimates = []
    for step in range(steps):
        t, following = 1 - step / steps, 1 - (step + 1) / steps
        clean = expected(network(x, torch.full((len(x),), t, device=device), *conditioning))
        estimates.append(clean)
        x = x + (following - t) * (x - clean) / t
    return estimates
