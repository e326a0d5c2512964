"""
`python -m lab.export.precision --pack PACK --prompts FILE`: what float16 and int8 weights cost and bring.

float16: weights are stored in half precision. int8: matrices are stored in 8 bits with a scale a column. Both are widened when the
graph runs or is loaded; arithmetic is float32. Writes the variants beside each other into --out and prints a table in Markdown.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lab.codec.code import CHANNELS, TOKENS
from lab.evaluate.counter import Counter
from lab.world.prompt import read_plain
from lab.world.tokens import tokenize

GRAPHS = ("encode.onnx", "velocity.onnx", "decode.onnx")
STEPS = 10
LEAST_NUMBERS = 256
"""Smaller tensors stay float32: they are few, and often scales."""
Floats = NDArray[np.float32]


def halve_weights(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Stores the large float32 weights of a graph as float16; gives the casts that widen them."""
    casts = []
    for tensor in large_weights(model):
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    return casts


def quantize_weights(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Stores the large matrices of a graph in 8 bits, symmetric, one scale a column; gives the nodes that widen them."""
    widened = []
    for tensor in large_weights(model):
        if len(tensor.dims) != 2:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        scale = np.maximum(np.abs(values).max(0), 1e-12).astype(np.float32) / 127
        tensor.CopyFrom(numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_int8"))
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        widened.append(helper.make_node("DequantizeLinear", [tensor.name, f"{name}_scale"], [name], axis=1))
    return widened


def large_weights(model: onnx.ModelProto) -> list[TensorProto]:
    return [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and int(np.prod(tensor.dims)) >= LEAST_NUMBERS
    ]


def write_variants(pack: Path, out: Path) -> dict[str, Path]:
    """The folder of each variant's graphs."""
    folders = {}
    for name, narrow in {"float32": lambda _: [], "float16": halve_weights, "int8": quantize_weights}.items():
        folders[name] = out / name
        folders[name].mkdir(parents=True, exist_ok=True)
        for file in GRAPHS:
            write_narrow(pack / file, folders[name] / file, narrow)
    return folders


def write_narrow(source: Path, target: Path, narrow: Callable[[onnx.ModelProto], list[onnx.NodeProto]]) -> None:
    """A graph with its weights narrowed, and widened before their use."""
    model = onnx.load(source)
    widening = narrow(model)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(widening + nodes)
    onnx.checker.check_model(model)
    onnx.save(model, target)


class Sampler:
    """The graphs of one folder, and the time that the network takes."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.encode, self.velocity, self.decode = (
            onnxruntime.InferenceSession(folder / file, options, providers=["CPUExecutionProvider"]) for file in GRAPHS
        )
        self.seconds = 0.0
        self.evaluations = 0

    def sample(self, captions: list[str], noise: Floats) -> Floats:
        """Images [B, 3, H, W] of an ODE of STEPS Euler steps."""
        names = [output.name for output in self.encode.get_outputs()]
        said = dict(
            zip(names, self.encode.run(names, {"input_ids": np.array([tokenize(caption) for caption in captions])}), strict=True)
        )
        x = noise
        for step in range(STEPS):
            t = np.full(len(x), 1 - step / STEPS, np.float32)
            start = time.perf_counter()
            (velocity,) = self.velocity.run(None, {"latents": x, "t": t} | said)
            self.seconds += time.perf_counter() - start
            self.evaluations += len(x)
            x = x - velocity / np.float32(STEPS)
        (images,) = self.decode.run(None, {"latents": x})
        return images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("lab-runs/precision"))
    options = parser.parse_args()
    captions = options.prompts.read_text().splitlines()
    prompts = [read_plain(caption) for caption in captions]
    noise = np.random.default_rng(0).standard_normal((len(captions), TOKENS, CHANNELS), dtype=np.float32)
    reward, judge = Counter(options.pack, "rewards"), Counter(options.pack, "judges")
    reference: Floats | None = None
    reference_rewards: Floats | None = None
    print("| weights | MB | NFEs/s | image difference of 255 | reward difference | mean reward | exact by the judge |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, folder in write_variants(options.pack, options.out).items():
        sampler = Sampler(folder)
        images = np.concatenate([sampler.sample(captions[i : i + 8], noise[i : i + 8]) for i in range(0, len(captions), 8)])
        rewards = reward.count(images, prompts).rewards
        reference = images if reference is None else reference
        reference_rewards = rewards if reference_rewards is None else reference_rewards
        cells = [
            name,
            f"{sum((folder / file).stat().st_size for file in GRAPHS) / 1e6:.2f}",
            f"{sampler.evaluations / sampler.seconds:.0f}",
            f"{np.abs(images - reference).mean() * 127.5:.2f}",
            f"{np.abs(rewards - reference_rewards).mean():.3f}",
            f"{rewards.mean():.2f}",
            f"{judge.count(images, prompts).exact.mean():.2f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
