"""
The gradient of a reward with respect to the latent, as a graph: decoder, reward and the way back are traced into one program, in
which the backward of a convolution is itself a convolution. What a max-pooling or a threshold chose has no slope.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

from lab.export.graphs import export_graph

aten = torch.ops.aten
STEP = 1e-3


def export_gradient(decoder: nn.Module, reward: nn.Module, inputs: Mapping[str, Tensor], path: Path) -> float:
    """
    Writes latents [B, ...] and the reward's own input -> reward [B], gradient [B, ...]; `inputs` are these two, in this order.
    Gives the largest difference between the graph and the traced program.
    """
    for parameter in [*decoder.parameters(), *reward.parameters()]:
        parameter.requires_grad_(False)
    traced = Traced(decoder, reward, inputs)
    return export_graph(traced, inputs, ["reward", "gradient"], path)


class Traced(nn.Module):
    """The forward pass and its way back, without autograd."""

    def __init__(self, decoder: nn.Module, reward: nn.Module, inputs: Mapping[str, Tensor]) -> None:
        super().__init__()

        def both(latents: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
            latents = latents.detach().requires_grad_(True)
            rewards = reward(decoder(latents), given)
            (gradient,) = torch.autograd.grad(rewards.sum(), latents)
            return rewards.detach(), gradient

        table = {op: way for op, way in core_aten_decompositions().items() if "backward" in str(op)}
        table[aten.convolution_backward.default] = convolution_backward
        trace = make_fx(both, decomposition_table=table, tracing_mode="symbolic", _allow_non_fake_inputs=True)
        self.program = trace(*inputs.values())

    def forward(self, latents: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        rewards, gradient = self.program(latents, given)
        return rewards, gradient


def convolution_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    bias_sizes: Any,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
    output_mask: list[bool],
) -> tuple[Tensor | None, None, None]:
    """With respect to the input alone; of a plain convolution."""
    if transposed or output_mask[1] or output_mask[2]:
        raise NotImplementedError("only the slope with respect to the input of a plain convolution is needed here")
    kernel = weight.shape[2:]
    back = [
        int(size) - ((int(out) - 1) * s - 2 * p + d * (int(k) - 1) + 1)
        for size, out, s, p, d, k in zip(x.shape[2:], grad.shape[2:], stride, padding, dilation, kernel, strict=True)
    ]
    return aten.convolution(grad, weight, None, stride, padding, dilation, True, back, groups), None, None


def slopes(reward_of: Any, latent: np.ndarray[Any, Any], directions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Central differences of a reward along directions [N, ...] at one latent: what a gradient is checked against."""
    return np.array([(reward_of(latent + STEP * d) - reward_of(latent - STEP * d)) / (2 * STEP) for d in directions])
