"""The shipped pack's weights are the networks' own: read back, they answer as its graphs do."""

from pathlib import Path

import numpy as np
import torch

from lab.codec.code import CHANNELS, TOKENS
from lab.export.graphs import Encode, Velocity, run_graph
from lab.export.read_back import read_decoder, read_flow
from lab.flow.network import Conditioning
from lab.world.tokens import tokenize

PACK = Path(__file__).parents[2] / "packs" / "emoji-world"


def test_the_packs_graphs_are_these_networks() -> None:
    torch.manual_seed(0)
    network, decoder = read_flow(PACK).eval(), read_decoder(PACK).eval()
    ids = torch.tensor([tokenize(text) for text in ("two cats", "a red cube below a blue cone")])
    latents, t = torch.randn(2, TOKENS, CHANNELS), torch.tensor([1.0, 0.3])
    with torch.no_grad():
        said = Conditioning(*Encode(network)(ids))
        expected = [*said, Velocity(network)(latents, t, *said), decoder(latents)]
    feeds = {name: value.numpy() for name, value in ({"latents": latents, "t": t} | said._asdict()).items()}
    found = [
        *run_graph(PACK / "encode.onnx", {"input_ids": ids.numpy()}),
        *run_graph(PACK / "velocity.onnx", feeds),
        *run_graph(PACK / "decode.onnx", {"latents": latents.numpy()}),
    ]
    for ours, theirs in zip(expected, found, strict=True):
        assert np.abs(ours.numpy() - theirs).max() < 1e-4
