"""
`python -m lab.evaluate.relations --folder FOLDER --pack PACK`: how often a sample shows two shapes in the relation asked for.

The judge's peaks say where it sees a shape: both must be there, nothing else, and the longer leg of the way from the second to
the first must point as the relation says. Prompts are drawn anew (seed 4242), all in words that training has, most in
combinations that it has not.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from lab.codec.decoder import Decoder
from lab.export.pack import flow_of, load_average
from lab.flow.network import Denoiser
from lab.flow.sample import noise_of, walk
from lab.world.prompt import Prompt, plain_caption
from lab.world.vocabulary import CLASS_INDEX, COLORED_SHAPES, RELATIONS

SEED = 4242
STEPS = (1, 4, 20)
DIRECTIONS = {"on top of": (-1, 0), "below": (1, 0), "to the left of": (0, -1), "to the right of": (0, 1)}


def open_peaks(pack: Path, section: str) -> onnxruntime.InferenceSession:
    """A counting graph of a pack with what it sums up, the peaks [B, classes, rows, columns], as its output "peaks"."""
    graph = json.loads((pack / "pack.json").read_text())[section]["count"]
    model = onnx.load(pack / graph["file"])
    (summed,) = [node.input[0] for node in model.graph.node if "counts" in node.output]
    model.graph.node.append(onnx.helper.make_node("Identity", [summed], ["peaks"]))
    model.graph.output.append(onnx.helper.make_tensor_value_info("peaks", onnx.TensorProto.FLOAT, None))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def relation_holds(peaks: NDArray[np.float32], prompt: Prompt) -> bool:
    """peaks [classes, rows, columns] of one image"""
    seen = np.argwhere(peaks > 0.5)
    (first, _), (second, _) = prompt.things
    if sorted(seen[:, 0].tolist()) != sorted((CLASS_INDEX[first], CLASS_INDEX[second])):
        return False
    places = {int(name): np.array([row, column]) for name, row, column in seen}
    way = places[CLASS_INDEX[first]] - places[CLASS_INDEX[second]]
    along = DIRECTIONS[prompt.relation or ""]
    axis = 0 if along[0] else 1
    return bool(way[axis] * along[axis] > abs(way[1 - axis]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=32, help="of each relation")
    options = parser.parse_args()
    network, decoder = Denoiser().eval(), Decoder().eval()
    load_average(flow_of(options.folder), network)
    load_average(options.folder / "decoder.pt", decoder)
    judge = open_peaks(options.pack, "judges")
    rng = np.random.default_rng(SEED)
    print("| relation | " + " | ".join(f"{steps} steps" for steps in STEPS) + " |\n| --- |" + " --- |" * len(STEPS))
    for relation in RELATIONS:
        pairs = [rng.choice(COLORED_SHAPES, 2, replace=False) for _ in range(options.prompts)]
        prompts = [Prompt(((str(a), 1), (str(b), 1)), relation) for a, b in pairs]
        captions = [plain_caption(prompt) for prompt in prompts]
        shares = []
        for steps in STEPS:
            with torch.no_grad():
                images = decoder(walk(network, captions, noise_of(range(len(captions))), steps)[-1]).numpy()
            target = np.full((len(images), len(CLASS_INDEX)), -1, np.float32)
            (peaks,) = judge.run(["peaks"], {"image": images, "target": target})
            shares.append(np.mean([relation_holds(one, prompt) for one, prompt in zip(peaks, prompts, strict=True)]))
        print(f"| {relation} | " + " | ".join(f"{share:.2f}" for share in shares) + " |", flush=True)


if __name__ == "__main__":
    main()
