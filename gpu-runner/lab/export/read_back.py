"""
`python -m lab.export.read_back --folder FOLDER --pack PACK`: the weights of a pack's graphs as checkpoints, FOLDER/flow.pt,
FOLDER/decoder.pt and FOLDER/vqa.pt. Detectors have none (rewards/detector.py reads their graphs); the judge's reader is not read.

Checkpoints are not kept in the repository, packs are: training and evaluation go on from here. Optimizers start anew.
"""

import argparse
import json
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from lab.codec.decoder import Decoder
from lab.flow.network import Denoiser
from lab.rewards.readers import TokenReader
from lab.training.run import Run


def read_weights(path: Path) -> dict[str, Tensor]:
    """
    What `torch.onnx.export` left of a module's parameters in a graph, by their names there. Matrices of linear layers are folded
    into transposed constants without a name; the scopes of the product that takes one say which layer it belongs to.
    """
    graph = onnx.load(path).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    weights = {name: array for name, array in arrays.items() if not name.startswith("val_")}
    for node in graph.node:
        scopes = next((entry.value for entry in node.metadata_props if entry.key.endswith("name_scopes")), None)
        if node.op_type != "MatMul" or scopes is None or node.input[1] not in arrays:
            continue
        layer = json.loads(scopes.replace("'", '"'))[-2]
        weights.setdefault(f"{layer}.weight", arrays[node.input[1]].T)
    return {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}


def read_flow(pack: Path) -> Denoiser:
    """The flow of a pack that lab/export made. Throws KeyError where its graphs hold another network."""
    found = read_weights(pack / "encode.onnx")
    found |= {name.removeprefix("network."): value for name, value in read_weights(pack / "velocity.onnx").items()}
    return filled(Denoiser(), found)


def read_decoder(pack: Path) -> Decoder:
    """The decoder of a pack that lab/export made. Throws KeyError where its graph holds another network."""
    found = read_weights(pack / "decode.onnx")
    decoder = Decoder()
    turned = decoder.sky.flatten(1).T.shape
    # The one parameter that is used as it is, turned; the graph has it without its name.
    (found["sky"],) = (value.T for value in found.values() if value.shape == turned)
    return filled(decoder, found)


def read_reader(pack: Path) -> TokenReader:
    """The reader of a pack's reward `vqa`. Throws KeyError where its graph holds another network."""
    found = read_weights(pack / "reward-vqa.onnx")
    found = {name.removeprefix("reader."): value for name, value in found.items()}
    # Four numbers that are used by their softplus alone; the graph has that.
    used = torch.stack([value for name, value in found.items() if name.startswith("getitem_")])
    return filled(TokenReader(), found | {"weights": used.expm1().log()})


Network = TypeVar("Network", bound=nn.Module)


def filled(network: Network, found: dict[str, Tensor]) -> Network:
    network.load_state_dict({name: found[name].reshape(value.shape) for name, value in network.state_dict().items()})
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    read = {"flow": read_flow, "decoder": read_decoder, "vqa": read_reader}
    for name, of_pack in read.items():
        weights = of_pack(options.pack).state_dict()
        Run(name, options.folder, 0).save(network=weights, average=weights)


if __name__ == "__main__":
    main()
