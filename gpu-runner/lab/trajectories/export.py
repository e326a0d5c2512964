"""
`python -m lab.trajectories.export --folder FOLDER --pack PACK`: the whole pack from FOLDER/trajectories.pt.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor, nn

from lab.export.graphs import export_graph
from lab.export.pack import load_average
from lab.trajectories.network import Velocity
from lab.trajectories.paths import LATENT, POINTS, basis, decode
from lab.trajectories.rewards import UNITS, Judge, Reward
from lab.trajectories.scenes import (
    DISCS,
    FORM,
    GOAL,
    LAYOUTS,
    LENGTH,
    OBSTACLES,
    PAD,
    PHRASES,
    PLACES,
    START,
    VOCABULARY,
    disc_table,
    ids_of,
    place_table,
    prompt_of,
)

VERSION = "0.1.0"
DRAWING = 512
EXAMPLES = (
    prompt_of("bottom left", "top right", "a grid of pillars"),
    prompt_of("left", "right", "a wall with a gap"),
    prompt_of("bottom", "top", "a slalom"),
    prompt_of("top left", "bottom right", "scattered rocks"),
    prompt_of("right", "left", "a corner"),
)


class Encode(nn.Module):
    """input_ids [B, LENGTH] -> ends [B, 2, 2], obstacles [B, DISCS, 3]"""

    places: Tensor
    discs: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("places", place_table())
        self.register_buffer("discs", disc_table().flatten(1))

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        ends = torch.stack([self.places[input_ids[:, START]], self.places[input_ids[:, GOAL]]], 1)
        return ends, self.discs[input_ids[:, OBSTACLES]].reshape(-1, DISCS, 3)


class Decode(nn.Module):
    """latents [B, MODES + 2, 2] -> path [B, POINTS, 2]"""

    basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("basis", basis(POINTS))

    def forward(self, latents: Tensor) -> Tensor:
        return torch.matmul(self.basis, latents) + 0.5


def write_tokenizer(path: Path) -> None:
    """One token a phrase, so that each part of a prompt stands at a fixed place."""
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("|".join(PHRASES) + "|[a-z]+"), "removed", invert=True)
    tokenizer.enable_padding(pad_id=PAD, pad_token="<pad>", length=LENGTH)
    tokenizer.enable_truncation(LENGTH)
    for layout in LAYOUTS:
        if tokenizer.encode(prompt_of("bottom left", "top", layout)).ids != ids_of("bottom left", "top", layout):
            raise ValueError(f"the tokenizer's file and scenes.py differ about {layout}")
    tokenizer.save(str(path))


def export_graphs(network: Velocity, folder: Path) -> dict[str, float]:
    """Writes the graphs; gives the largest difference of each from its module."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.tensor([ids_of("left", "right", layout) for layout in ("a wall", "a horseshoe", "two pillars")])
    latents = torch.randn(3, *LATENT, generator=generator)
    encode = Encode()
    ends, obstacles = encode(ids)
    path = decode(latents)
    velocity_inputs = {"latents": latents, "t": torch.tensor([1.0, 0.6, 0.1]), "ends": ends, "obstacles": obstacles}
    scored = {"path": path, "input_ids": ids}
    asked: list[tuple[str, nn.Module, dict[str, Tensor], list[str]]] = [
        ("encode.onnx", encode, {"input_ids": ids}, ["ends", "obstacles"]),
        ("velocity.onnx", network, velocity_inputs, ["velocity"]),
        ("decode.onnx", Decode(), {"latents": latents}, ["path"]),
        ("reward-path.onnx", Reward(), scored, ["reward"]),
        ("judge-path.onnx", Judge(), scored, ["reward"]),
    ]
    return {file: export_graph(module.eval(), inputs, outputs, folder / file) for file, module, inputs, outputs in asked}


def manifest_of(folder: Path, files: list[str]) -> dict[str, Any]:
    tokens = {"file": "tokenizer.json", "max_length": LENGTH}
    takes_prompt = {"takes": "prompt", "tokenizer": tokens, "text": "{prompt}"}
    return {
        "name": "trajectories",
        "version": VERSION,
        "licence": "Apache-2.0",
        "output": {"kind": "path", "points": POINTS},
        "resolution": [DRAWING, DRAWING],
        "latent": list(LATENT),
        "native": {"interpolant": "linear", "prediction": "velocity", "time_scale": 1},
        "guidance": {"mode": "none"},
        "tokenizers": {"input": tokens},
        "graphs": {"encode": "encode.onnx", "velocity": "velocity.onnx", "decode": "decode.onnx"},
        "rewards": {"path": {"file": "reward-path.onnx", **takes_prompt, "units": UNITS}},
        "default_reward": "path",
        "judges": {"path": {"file": "judge-path.onnx", **takes_prompt}},
        "prompt_form": {
            "text": FORM,
            "places": {"start": list(PLACES), "goal": list(PLACES), "obstacles": list(LAYOUTS)},
        },
        "examples": list(EXAMPLES),
        "price_class": "small",
        "nfe_cap": 2000,
        "files": {
            file: {"sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest(), "bytes": (folder / file).stat().st_size}
            for file in files
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    options = parser.parse_args()
    options.pack.mkdir(parents=True, exist_ok=True)
    network = Velocity()
    load_average(options.folder / "trajectories.pt", network)
    differences = export_graphs(network, options.pack)
    write_tokenizer(options.pack / "tokenizer.json")
    manifest = manifest_of(options.pack, [*differences, "tokenizer.json"])
    (options.pack / "pack.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for file, difference in differences.items():
        print(f"{file}: {(options.pack / file).stat().st_size / 1e6:.2f} MB, largest difference from the module {difference:.1e}")


if __name__ == "__main__":
    main()
