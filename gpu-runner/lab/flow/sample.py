"""Sampling in Python, for evaluation: the ODE by Euler steps, as the runner's `best-of-n` walks it."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from lab.codec.code import CHANNELS, TOKENS, Facts, expected
from lab.flow.check import likeliest
from lab.flow.data import Batch
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
        clean = expected(network(x, torch.full((len(x),), t, device=device), conditioning))
        estimates.append(clean)
        x = x + (following - t) * (x - clean) / t
    return estimates


@torch.no_grad()
def sample_facts(network: Denoiser, batch: Batch, steps: int, shift: float = 1.0) -> Facts:
    """The facts at the end of an ODE of `steps` Euler steps from a batch's noise; shift as FLUX and SD3 shift time."""
    conditioning = network.text(batch.ids)
    x = batch.noise
    uniform = torch.linspace(1, 0, steps + 1, device=x.device)
    grid = shift * uniform / (1 + (shift - 1) * uniform)
    logits = network(x, grid[:1].expand(len(x)), conditioning)
    for at, (t, following) in enumerate(pairwise(grid)):
        if at > 0:
            logits = network(x, t.expand(len(x)), conditioning)
        x = x + (following - t) * (x - expected(logits)) / t
    return likeliest(logits)
