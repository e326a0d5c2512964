"""
`python -m lab.export.pack --folder FOLDER --pack PACK`: writes the graphs, the tokenizer and pack.json from checkpoints.

Rewards, judges and their files stay as they are in the pack; see rewards/ for making them.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from lab.codec.code import CHANNELS, TOKENS
from lab.codec.decoder import Decoder
from lab.export.graphs import export_graphs
from lab.flow.network import Denoiser
from lab.world.layout import SIZE
from lab.world.prompt import Prompt, plain_caption
from lab.world.tokens import LENGTH, PAD, VOCABULARY, tokenize
from lab.world.vocabulary import BACKGROUNDS, COLORS, COUNTABLE, NUMBERS, RELATIONS, SHAPES


def load_average(path: Path, network: torch.nn.Module) -> None:
    """The averaged weights of a checkpoint, into the network."""
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["average"])


def flow_of(folder: Path) -> Path:
    """The checkpoint of the flow: the distilled one, where there is one."""
    distilled = folder / "distilled.pt"
    return distilled if distilled.exists() else folder / "flow.pt"


def write_tokenizer(path: Path) -> None:
    """The world's tokenizer (lab/world/tokens.py) in the format of Hugging Face."""
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[a-z]+|,"), "removed", invert=True)
    tokenizer.enable_padding(pad_id=PAD, pad_token="<pad>", length=LENGTH)
    tokenizer.enable_truncation(LENGTH)
    sentence = plain_caption(Prompt((("balloon", 7), ("bear", 4), ("swan", 1)), None, "blue"))
    if tokenizer.encode(sentence).ids != tokenize(sentence):
        raise ValueError("the tokenizer's file and the world's tokens differ")
    tokenizer.save(str(path))


def write_manifest(pack: Path, version: str, replaced: list[str]) -> None:
    """pack.json: what these networks decide is written anew, the rest stays."""
    manifest: dict[str, Any] = json.loads((pack / "pack.json").read_text())
    manifest |= {
        "version": version,
        "resolution": [SIZE, SIZE],
        "latent": [TOKENS, CHANNELS],
        "tokenizers": {"input": {"file": "tokenizer.json", "max_length": LENGTH}},
        "graphs": {"encode": "encode.onnx", "velocity": "velocity.onnx", "decode": "decode.onnx"},
        "vocabulary": {
            "countable": list(COUNTABLE),
            "numbers": list(NUMBERS),
            "shapes": list(SHAPES),
            "colors": list(COLORS),
            "backgrounds": list(BACKGROUNDS),
            "relations": [*RELATIONS, "and"],
        },
    }
    for file in replaced:
        content = (pack / file).read_bytes()
        manifest["files"][file] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (pack / "pack.json").write_text(json.dumps(manifest, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    network, decoder = Denoiser(), Decoder()
    load_average(flow_of(options.folder), network)
    load_average(options.folder / "decoder.pt", decoder)
    differences = export_graphs(network, decoder, options.pack)
    write_tokenizer(options.pack / "tokenizer.json")
    write_manifest(options.pack, options.version, [*differences, "tokenizer.json"])
    for file, difference in differences.items():
        size = (options.pack / file).stat().st_size / 1e6
        print(f"{file}: {size:.2f} MB, largest difference from the network {difference:.1e}")


if __name__ == "__main__":
    main()
