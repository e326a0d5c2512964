"""The networks as ONNX graphs with the signatures of a pack (shared/contract/pack.ts), each compared with the network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lab.codec.code import CHANNELS, TOKENS
from lab.codec.decoder import Decoder
from lab.flow.network import Conditioning, Denoiser, velocity
from lab.world.tokens import tokenize

OPSET = 18
MOST_DIFFERENCE = 1e-3


class Encode(nn.Module):
    """input_ids [B, LENGTH] -> text, counts and relation (flow/network.py)"""

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        self.text = network.text

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return tuple(self.text(input_ids))


class Velocity(nn.Module):
    """latents [B, TOKENS, CHANNELS], t [B], text, counts, relation -> velocity [B, TOKENS, CHANNELS]"""

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        self.network = network

    def forward(self, latents: Tensor, t: Tensor, text: Tensor, counts: Tensor, relation: Tensor) -> Tensor:
        return velocity(self.network, latents, t, Conditioning(text, counts, relation))


def export_graphs(network: Denoiser, decoder: Decoder, folder: Path) -> dict[str, float]:
    """Writes encode.onnx, velocity.onnx and decode.onnx; gives the largest difference of each from its network."""
    ids = torch.tensor([tokenize(text) for text in ("two cats", "a red cube below a blue cone", "one bear and six stars")])
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(3, TOKENS, CHANNELS, generator=generator)
    t = torch.tensor([1.0, 0.6, 0.1])
    encode, velocity_, decoder = Encode(network).eval(), Velocity(network).eval(), decoder.eval()
    with torch.no_grad():
        conditioning = Conditioning(*encode(ids))
    asked: list[tuple[str, nn.Module, dict[str, Tensor], list[str]]] = [
        ("encode.onnx", encode, {"input_ids": ids}, list(Conditioning._fields)),
        ("velocity.onnx", velocity_, {"latents": latents, "t": t} | conditioning._asdict(), ["velocity"]),
        ("decode.onnx", decoder, {"latents": latents}, ["image"]),
    ]
    return {file: export_graph(module, inputs, outputs, folder / file) for file, module, inputs, outputs in asked}


def export_graph(module: nn.Module, inputs: Mapping[str, Tensor], outputs: list[str], path: Path) -> float:
    """Exports with a free batch; compares on a batch of another size. Throws ValueError where they differ too much."""
    batch = torch.export.Dim("batch", min=1, max=256)
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
        forget_traces(path)
        two = {name: value[:2] for name, value in inputs.items()}
        expected = module(*two.values())
    found = run_graph(path, {name: value.numpy() for name, value in two.items()})
    truth = expected if isinstance(expected, tuple) else (expected,)
    difference = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(found, truth, strict=True))
    if not difference <= MOST_DIFFERENCE:
        raise ValueError(f"{path.name} differs from its network by {difference}")
    return difference


def forget_traces(path: Path) -> None:
    """Takes out which lines of which files the nodes come from: paths of the machine that exported them."""
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if not entry.key.endswith("stack_trace")]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    onnx.save(model, path)


def run_graph(path: Path, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs: list[NDArray[np.float32]] = session.run(None, dict(feeds))
    return outputs
