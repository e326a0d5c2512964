"""The velocity of a path's latent, from the latent, the time, the two ends and the obstacles."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.trajectories.paths import MODES, encode_ends
from lab.trajectories.scenes import DISCS

WIDTH = 192
TIMES = 8


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.into, self.out = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.out(F.silu(self.into(F.silu(x))))
        return x + added


class Velocity(nn.Module):
    """
    latents [B, MODES + 2, 2], t [B] in [0, 1], ends [B, 2, 2], obstacles [B, DISCS, 3] -> velocity [B, MODES + 2, 2].

    What is known of the answer is not learned: the ends of a clean latent are those that were asked for, so their velocity is
    (x - ends) / t. The obstacles are a set: each is looked at beside the bends, and what was seen is summed by a product with
    ones, whose bits do not depend on the batch (lab/README.md).
    """

    frequencies: Tensor

    def __init__(self) -> None:
        super().__init__()
        given = 2 * MODES + 4 + TIMES
        self.look = nn.Sequential(nn.Linear(3 + given, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU())
        self.into = nn.Linear(given + WIDTH, WIDTH)
        self.blocks = nn.Sequential(Block(), Block(), Block())
        self.out = nn.Linear(WIDTH, 2 * MODES)
        self.register_buffer("frequencies", torch.arange(1, TIMES // 2 + 1) * torch.pi / 2, persistent=False)

    def forward(self, latents: Tensor, t: Tensor, ends: Tensor, obstacles: Tensor) -> Tensor:
        fixed = encode_ends(ends)
        bends = latents[:, 2:].reshape(-1, 2 * MODES)
        phases = t[:, None] * self.frequencies
        given = torch.cat([bends, fixed.reshape(-1, 4), torch.sin(phases), torch.cos(phases)], 1)
        discs = torch.cat([obstacles, given[:, None].expand(-1, DISCS, -1)], 2)
        there = (obstacles[..., 2:] > 0).to(latents)
        ones = torch.ones(1, DISCS, dtype=latents.dtype, device=latents.device)
        seen = torch.matmul(ones, self.look(discs) * there).squeeze(1) / DISCS**0.5
        moved = self.out(F.silu(self.blocks(self.into(torch.cat([given, seen], 1))))).reshape(-1, MODES, 2)
        known = (latents[:, :2] - fixed) / t.clamp(min=1e-3)[:, None, None]
        return torch.cat([known, moved], 1)


@torch.no_grad()
def sample(network: Velocity, noise: Tensor, ends: Tensor, obstacles: Tensor, steps: int) -> Tensor:
    """The ODE in even Euler steps from t = 1 to 0: clean latents."""
    x = noise
    for step in range(steps):
        t = torch.full((len(x),), 1 - step / steps)
        x = x - network(x, t, ends, obstacles) / steps
    return x
