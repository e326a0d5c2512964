"""
`python -m lab.rewards.export --folder FOLDER --pack PACK [--parts PART...]`: the graphs of readers and of gradients, into a pack
and its manifest. The gradients go through FOLDER/decoder.pt: make them anew with every decoder.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lab.codec.code import CHANNELS, TOKENS
from lab.codec.decoder import Decoder
from lab.export.graphs import export_graph
from lab.export.pack import load_average, write_tokenizer
from lab.export.precision import halve_weights, write_narrow
from lab.rewards.detector import JUDGE, REWARD, Detector, load_exported, peaks
from lab.rewards.gradient import export_gradient
from lab.rewards.questions import LENGTH, TEXT, ids_of
from lab.rewards.readers import ClassReader, TokenReader
from lab.rewards.seen import see
from lab.rewards.train_vqa import new_reader
from lab.world.layout import SIZE
from lab.world.vocabulary import CLASSES

PARTS = ("reward-vqa", "judge-vqa", "gradient-count", "gradient-vqa")
TOKENIZER = "tokenizer-vqa.json"
UNITS = 'probability of "yes" to "Does this picture show {prompt}?", 0 to 1'


class Vqa(nn.Module):
    """image [B, 3, H, W], input_ids [B, LENGTH] -> reward [B], the probability of "yes"."""

    def __init__(self, detector: Detector, reader: TokenReader | ClassReader) -> None:
        super().__init__()
        self.detector, self.reader = detector, reader

    def forward(self, image: Tensor, input_ids: Tensor) -> Tensor:
        return torch.sigmoid(self.reader(input_ids, see(image, peaks(self.detector(image)))).logits)


class Count(nn.Module):
    """image, target [B, 48] (-1 where not asked) -> reward [B]: as reward-count.onnx, without its counts."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        counts = peaks(self.detector(image)).sum((2, 3))
        asked = (target >= 0).to(counts.dtype)
        others = ((1 - asked) * counts).sum(1)
        return -(asked * (counts - target).square()).sum(1) - 0.5 * others.square()


def vqa_of(folder: Path, pack: Path, judge: bool) -> Vqa:
    detector = load_exported(Detector(JUDGE if judge else REWARD), pack / f"{'judge' if judge else 'reward'}-count.onnx")
    reader = new_reader(judge)
    load_average(folder / f"{'vqa-judge' if judge else 'vqa'}.pt", reader)
    return Vqa(detector, reader).eval()


@dataclass(frozen=True)
class Sources:
    """Where weights come from, and where graphs go."""

    folder: Path
    pack: Path
    decoder: Path


def export_part(part: str, at: Sources) -> float:
    """Writes PART.onnx; gives its largest difference from the network, before weights are halved."""
    what, _, name = part.partition("-")
    path = at.pack / f"{part}.onnx"
    ids = torch.tensor([ids_of(text) for text in ("two cats", "a red cube below a blue cone", "one bear and six stars")])
    generator = torch.Generator().manual_seed(0)
    if what != "gradient":
        images = torch.rand(3, 3, SIZE, SIZE, generator=generator) * 2 - 1
        module = vqa_of(at.folder, at.pack, what == "judge")
        return export_graph(module, {"image": images, "input_ids": ids}, ["reward"], path)
    decoder = Decoder().eval()
    load_average(at.decoder, decoder)
    latents = torch.randn(3, TOKENS, CHANNELS, generator=generator)
    if name == "vqa":
        reward: nn.Module = vqa_of(at.folder, at.pack, judge=False)
        given = {"input_ids": ids}
    else:
        reward = Count(load_exported(Detector(REWARD), at.pack / "reward-count.onnx")).eval()
        given = {"target": torch.full((3, len(CLASSES)), -1.0).index_fill(1, torch.tensor([6]), 2.0)}
    difference = export_gradient(decoder, reward, {"latents": latents, **given}, path)
    # Decoder and detector stand in it once more: half precision keeps the pack small.
    write_narrow(path, path, halve_weights)
    return difference


def list_part(manifest: dict[str, Any], part: str) -> None:
    """The part's place in pack.json."""
    what, _, name = part.partition("-")
    file = f"{part}.onnx"
    if what == "gradient":
        manifest["rewards"][name]["gradient"] = file
        return
    tokenizer = {"file": TOKENIZER, "max_length": LENGTH}
    graph = {"file": file, "takes": "prompt", "tokenizer": tokenizer, "text": TEXT}
    section = manifest["rewards" if what == "reward" else "judges"]
    kept = section.get("vqa", {}) if what == "reward" else {}
    section["vqa"] = {**kept, **graph, **({"units": UNITS} if what == "reward" else {})}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--decoder", type=Path, help="its checkpoint; FOLDER/decoder.pt unless said")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--listed", action="store_true", help="the graphs are there: only pack.json is written")
    options = parser.parse_args()
    at = Sources(options.folder, options.pack, options.decoder or options.folder / "decoder.pt")
    write_tokenizer(at.pack / TOKENIZER)
    if not options.listed:
        for part in options.parts:
            difference = export_part(part, at)
            size = (at.pack / f"{part}.onnx").stat().st_size / 1e6
            print(f"{part}.onnx: {size:.2f} MB, largest difference from the network {difference:.1e}", flush=True)
    manifest: dict[str, Any] = json.loads((at.pack / "pack.json").read_text())
    for part in options.parts:
        list_part(manifest, part)
    for file in (TOKENIZER, *(f"{part}.onnx" for part in options.parts)):
        content = (at.pack / file).read_bytes()
        manifest["files"][file] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (at.pack / "pack.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
