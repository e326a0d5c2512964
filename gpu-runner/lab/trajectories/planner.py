"""
The data: paths that go around obstacles, made on the fly. Random bends of the straight line are pushed out of the obstacles and
pulled short by gradient descent; which way around each ends up on is its noise's choice. Those that touch are thrown away.
"""

import torch
from torch import Tensor

from lab.trajectories.paths import MODES, decode, encode_ends
from lab.trajectories.scenes import random_scenes

MARGIN = 0.035
FINE = 48
STEPS = 60
FIRST_BENDS = 1.6
"""Standard deviation of the first bends, as a share of what the sines have in the data."""


def gaps_of(points: Tensor, obstacles: Tensor) -> Tensor:
    """[B, points, 2], [B, DISCS, 3] -> distance of each point from each disc's rim [B, points, DISCS]; far where there is none."""
    distance = torch.cdist(points, obstacles[..., :2])
    return torch.where(obstacles[:, None, :, 2] > 0, distance - obstacles[:, None, :, 2], 9.0)


def clear(points: Tensor, obstacles: Tensor, margin: float = 0.0) -> Tensor:
    """[B] whether no point comes nearer than the margin to a disc, and none leaves the square."""
    inside = ((points >= 0) & (points <= 1)).flatten(1).all(1)
    return inside & (gaps_of(points, obstacles).flatten(1).min(1).values > margin)


def plan(ends: Tensor, obstacles: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latents [B, MODES + 2, 2], and which of them are clear [B]."""
    fixed = encode_ends(ends)
    bends = FIRST_BENDS * torch.randn(len(ends), MODES, 2, generator=generator)
    bends[:, 3:] *= 0.1
    velocity = torch.zeros_like(bends)
    for step in range(STEPS):
        bends.requires_grad_(True)
        points = decode(torch.cat([fixed, bends], 1), FINE)
        hits = (MARGIN + 0.02 - gaps_of(points, obstacles)).clamp(min=0).square().sum((1, 2))
        out = ((0.03 - points).clamp(min=0).square() + (points - 0.97).clamp(min=0).square()).sum((1, 2))
        stretch = points.diff(dim=1).square().sum((1, 2)) * FINE
        weight = 4e-3 if step < STEPS * 3 // 4 else 1e-3
        (slope,) = torch.autograd.grad((hits + out + weight * stretch).sum(), bends)
        with torch.no_grad():
            length = slope.flatten(1).norm(dim=1)[:, None, None]
            velocity = 0.7 * velocity - 0.3 * slope / (length + 0.05)
            bends = (bends + 0.5 * velocity).detach()
    latents = torch.cat([fixed, bends], 1)
    return latents, clear(decode(latents, FINE), obstacles, MARGIN * 0.4)


def make_data(count: int, seed: int, batch: int = 2048) -> tuple[Tensor, Tensor, Tensor]:
    """Latents [count, MODES + 2, 2], ends [count, 2, 2], obstacles [count, DISCS, 3] of clear paths."""
    generator = torch.Generator().manual_seed(seed)
    made: list[tuple[Tensor, Tensor, Tensor]] = []
    while sum(len(latents) for latents, _, _ in made) < count:
        ends, obstacles = random_scenes(batch, generator)
        latents, good = plan(ends, obstacles, generator)
        made.append((latents[good], ends[good], obstacles[good]))
    latents, ends, obstacles = (torch.cat(parts)[:count] for parts in zip(*made, strict=True))
    return latents, ends, obstacles
