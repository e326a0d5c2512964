"""Muon for matrices (Jordan et al. 2024, github.com/KellerJordan/Muon), AdamW for the rest, and a moving average."""

import copy
from collections.abc import Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn


def orthogonalize(matrices: Tensor) -> Tensor:
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrices; [N, rows, columns]."""
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.mT if tall else x


class MuonAdamW:
    """Two optimizers behind one `step`. Convolution kernels count as matrices [out, in x height x width]."""

    def __init__(self, matrices: Iterable[nn.Parameter], rest: Iterable[nn.Parameter], muon_lr: float, adam_lr: float):
        self.rest = list(rest)
        self.muon_lr, self.adam_lr = muon_lr, adam_lr
        self.adam = torch.optim.AdamW(self.rest, adam_lr, betas=(0.9, 0.97), weight_decay=0.0)
        shapes: dict[tuple[int, int], list[nn.Parameter]] = {}
        for matrix in matrices:
            shapes.setdefault((matrix.shape[0], matrix[0].numel()), []).append(matrix)
        self.groups = list(shapes.values())
        self.momenta = [torch.zeros(len(g), g[0].shape[0], g[0][0].numel(), device=g[0].device) for g in self.groups]

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """One update with the learning rates times `factor`; clears the gradients."""
        nn.utils.clip_grad_norm_(self.rest, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * factor
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        for parameters, momentum in zip(self.groups, self.momenta, strict=True):
            gradient = torch.stack([_gradient_of(parameter).flatten(1) for parameter in parameters])
            momentum.lerp_(gradient, 0.05)
            update = orthogonalize(gradient.lerp(momentum, 0.95))
            scale = self.muon_lr * factor * max(1.0, update.shape[1] / update.shape[2]) ** 0.5
            for parameter, change in zip(parameters, update, strict=True):
                parameter.add_(change.view_as(parameter), alpha=-scale)
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"adam": self.adam.state_dict(), "momenta": self.momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state["adam"])
        for momentum, saved in zip(self.momenta, state["momenta"], strict=True):
            momentum.copy_(saved)


def _gradient_of(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


Network = TypeVar("Network", bound=nn.Module)


def average_of(network: Network) -> Network:
    """A copy to be moved by `move_average`."""
    return copy.deepcopy(network).requires_grad_(False)


@torch.no_grad()
def move_average(average: nn.Module, network: nn.Module, step: int, most: float = 0.998) -> None:
    """Exponential moving average of the weights, short at first."""
    keep = min(most, (1 + step) / (10 + step))
    for old, new in zip(average.parameters(), network.parameters(), strict=True):
        old.lerp_(new, 1 - keep)
