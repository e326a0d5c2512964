"""What a path is worth, and the judge that no search sees: both read from the prompt where the obstacles are."""

import torch
from torch import Tensor, nn

from lab.trajectories.paths import POINTS
from lab.trajectories.scenes import DISCS, OBSTACLES, disc_table

MARGIN = 0.02
"""Clearance, in sides of the square, from which on more is worth nothing."""
CLEARANCE_WEIGHT = 20.0
BEND_WEIGHT = 10.0
TOUCHING = 4.0
"""Worse than any detour: a search must not squeeze through where a robot cannot."""
UNITS = (
    f"minus {TOUCHING:.0f} where it touches something, minus the detour (length over the straight line, minus 1), "
    f"minus {CLEARANCE_WEIGHT:.0f} x what the clearance lacks of {MARGIN}, "
    f"minus {BEND_WEIGHT:.0f} x the sum of squared bends, minus {CLEARANCE_WEIGHT:.0f} x how far it leaves the square"
)
FAR = 9.0
SHORTEST = 0.1
"""A straight line that is shorter counts as this long."""


class Reward(nn.Module):
    """
    path [B, POINTS, 2], input_ids [B, LENGTH] -> reward [B]. The clearance is taken at the points and half way between them.
    Sums are products with ones, whose bits do not depend on the batch.
    """

    discs: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("discs", disc_table().flatten(1))

    def forward(self, path: Tensor, input_ids: Tensor) -> Tensor:
        discs = self.discs[input_ids[:, OBSTACLES]].reshape(-1, 1, DISCS, 3)
        steps = path[:, 1:] - path[:, :-1]
        looked = torch.cat([path, path[:, :-1] + steps / 2], 1)[:, :, None]
        gaps = (looked - discs[..., :2]).square().sum(-1).add(1e-12).sqrt() - discs[..., 2]
        gaps = torch.where(discs[..., 2] > 0, gaps, torch.full_like(gaps, FAR))
        clearance = gaps.flatten(1).amin(1)
        outside = torch.maximum(-path, path - 1).clamp(min=0).flatten(1).amax(1)
        lengths = steps.square().sum(-1).add(1e-12).sqrt()
        length = torch.matmul(lengths, torch.ones(POINTS - 1, 1)).squeeze(1)
        straight = (path[:, -1] - path[:, 0]).square().sum(-1).sqrt().clamp(min=SHORTEST)
        turns = (steps[:, 1:] - steps[:, :-1]).square().sum(-1)
        bend = torch.matmul(turns, torch.ones(POINTS - 2, 1)).squeeze(1) * POINTS
        detour = (length / straight - 1).clamp(min=0)
        lacking = (MARGIN - clearance).clamp(min=0) + outside
        touching = (clearance < 0).to(path)
        return -(TOUCHING * touching + detour + CLEARANCE_WEIGHT * lacking + BEND_WEIGHT * bend)


class Judge(nn.Module):
    """
    path [B, POINTS, 2], input_ids [B, LENGTH] -> 1 where no segment touches a disc and no point leaves the square, else 0: by the
    exact distance of each segment from each centre instead of by points.
    """

    discs: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("discs", disc_table().flatten(1))

    def forward(self, path: Tensor, input_ids: Tensor) -> Tensor:
        discs = self.discs[input_ids[:, OBSTACLES]].reshape(-1, 1, DISCS, 3)
        first, along = path[:, :-1, None], (path[:, 1:] - path[:, :-1])[:, :, None]
        to_centre = discs[..., :2] - first
        share = (to_centre * along).sum(-1) / along.square().sum(-1).clamp(min=1e-12)
        nearest = to_centre - share.clamp(0, 1)[..., None] * along
        touches = (nearest.square().sum(-1) <= discs[..., 2].square()) & (discs[..., 2] > 0)
        leaves = ((path < 0) | (path > 1)).flatten(1)
        wrong = torch.cat([touches.flatten(1), leaves], 1).to(path).amax(1)
        return 1 - wrong
