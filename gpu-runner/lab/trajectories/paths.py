"""
Paths as latents. A latent [MODES + 2, 2] is the two ends, then the amplitudes of sines that bend the straight line between
them: path(s) = start + s (goal - start) + sum_k c_k sin(pi k s). A latent's numbers are these, scaled.
"""

import torch
from torch import Tensor

MODES = 6
POINTS = 32
LATENT = (MODES + 2, 2)
END_SCALE = 0.4
MODE_SCALES = torch.tensor([0.16, 0.075, 0.05, 0.02, 0.012, 0.008])
"""Of the first three, the standard deviation in the planner's paths, rounded (a test compares); the others are smaller there."""


def basis(points: int) -> Tensor:
    """[points, MODES + 2]: the path at even shares of its parameter is `basis @ latent`, but for the middle of the square."""
    s = torch.linspace(0, 1, points)[:, None]
    modes = torch.sin(torch.pi * torch.arange(1, MODES + 1) * s) * MODE_SCALES
    return torch.cat([(1 - s) * END_SCALE, s * END_SCALE, modes], 1)


def decode(latents: Tensor, points: int = POINTS) -> Tensor:
    """[B, MODES + 2, 2] -> [B, points, 2] in unit coordinates"""
    return basis(points).to(latents) @ latents + 0.5


def encode_ends(ends: Tensor) -> Tensor:
    """Ends [B, 2, 2] as the first two rows of a latent."""
    return (ends - 0.5) / END_SCALE
