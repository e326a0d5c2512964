"""A pack of random matrices of any size, to measure memory with: `python -m lab.exporters.heavy FOLDER --megabytes 1000`."""

import argparse
from pathlib import Path

import numpy as np
import onnx_ir as ir

from lab.exporters.files import list_files, save_graph, write_manifest
from lab.exporters.graphs import IR_VERSION, OPSET, constant_value

WIDTH = 2048
WORDS = """{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
"post_processor": null, "decoder": null, "model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}}"""


def value(name: str, shape: list[int | str], kind: ir.DataType = ir.DataType.FLOAT) -> ir.Value:
    return ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(kind))


def graph_of(inputs: list[ir.Value], nodes: list[ir.Node], output: ir.Value, weights: list[ir.Value]) -> ir.Model:
    graph = ir.Graph(inputs, [output], nodes=nodes, initializers=weights, opset_imports={"": OPSET}, name="heavy")
    return ir.Model(graph, ir_version=IR_VERSION)


def named(node: ir.Node, name: str, shape: list[int | str]) -> ir.Value:
    output = node.outputs[0]
    output.name, output.shape, output.dtype = name, ir.Shape(shape), ir.DataType.FLOAT
    return output


def network(matrices: int) -> ir.Model:
    random = np.random.default_rng(0)
    latents, t, text = value("latents", ["batch", WIDTH]), value("t", ["batch"]), value("text", ["batch", WIDTH])
    nodes, weights = [ir.node("Add", [latents, text])], []
    for index in range(matrices):
        array = (random.standard_normal((WIDTH, WIDTH), np.float32) / np.sqrt(WIDTH)).astype(np.float32)
        weight = constant_value(f"weight{index}", array)
        weights.append(weight)
        nodes.append(ir.node("MatMul", [nodes[-1].outputs[0], weight]))
    nodes.append(ir.node("Tanh", [nodes[-1].outputs[0]]))
    return graph_of([latents, t, text], nodes, named(nodes[-1], "velocity", ["batch", WIDTH]), weights)


def shape_constant(name: str, numbers: list[int]) -> ir.Value:
    return constant_value(name, np.array(numbers, np.int64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=int, default=1000)
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    files = save_graph(network(arguments.megabytes * 10**6 // (4 * WIDTH * WIDTH)), folder / "velocity.onnx")

    ids = value("prompt_ids", ["batch", 4], ir.DataType.INT64)
    cast = ir.node("Cast", [ids], {"to": ir.DataType.FLOAT})
    repeats = shape_constant("repeats", [1, WIDTH // 4])
    tile = ir.node("Tile", [cast.outputs[0], repeats])
    files += save_graph(graph_of([ids], [cast, tile], named(tile, "text", ["batch", WIDTH]), [repeats]), folder / "encode.onnx")

    latents = value("latents", ["batch", WIDTH])
    shape = shape_constant("shape", [-1, 1, 32, 64])
    reshape = ir.node("Reshape", [latents, shape])
    join = ir.node("Concat", [reshape.outputs[0]] * 3, {"axis": 1})
    image = named(join, "image", ["batch", 3, 32, 64])
    files += save_graph(graph_of([latents], [reshape, join], image, [shape]), folder / "decode.onnx")

    (folder / "tokenizer.json").write_text(WORDS, encoding="utf-8")
    names = [*(file.name for file in files), "tokenizer.json"]
    write_manifest(
        folder,
        {
            "name": "heavy",
            "version": "1",
            "licence": "Apache-2.0",
            "resolution": [32, 64],
            "latent": [WIDTH],
            "native": {"interpolant": "linear", "prediction": "velocity", "time_scale": 1},
            "guidance": {"mode": "none"},
            "tokenizers": {"prompt": {"file": "tokenizer.json", "max_length": 4}},
            "graphs": {"encode": "encode.onnx", "velocity": "velocity.onnx", "decode": "decode.onnx"},
            "rewards": {},
            "default_reward": "colorfulness",
            "files": list_files(folder, names),
        },
    )


if __name__ == "__main__":
    main()
