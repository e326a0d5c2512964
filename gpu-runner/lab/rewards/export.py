"""
`python -m lab.rewards.export --folder FOLDER --pack PACK [--gradients]`: reward-vqa.onnx, judge-vqa.onnx and tokenizer-vqa.json
into a pack, and with --gradients gradient-count.onnx and gradient-vqa.onnx, which go through FOLDER/decoder.pt: make these anew
with every decoder.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lab.codec.code import CHANNELS, TOKENS
from lab.codec.decoder import Decoder
from lab.export.graphs import export_graph
from lab.export.pack import load_average, write_tokenizer
from lab.export.precision import halve_weights
from lab.rewards.detector import JUDGE, REWARD, Detector, load_exported, peaks
from lab.rewards.gradient import export_gradient
from lab.rewards.questions import LENGTH, TEXT, ids_of
from lab.rewards.readers import ClassReader, TokenReader
from lab.rewards.seen import see
from lab.rewards.train_vqa import new_reader
from lab.world.vocabulary import CLASSES

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--decoder", type=Path, help="its checkpoint; FOLDER/decoder.pt unless said")
    parser.add_argument("--gradients", action="store_true")
    options = parser.parse_args()
    ids = torch.tensor([ids_of(text) for text in ("two cats", "a red cube below a blue cone", "one bear and six stars")])
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 128, 128, generator=generator) * 2 - 1
    manifest: dict[str, Any] = json.loads((options.pack / "pack.json").read_text())
    graph = {"takes": "prompt", "tokenizer": {"file": "tokenizer-vqa.json", "max_length": LENGTH}, "text": TEXT}
    written = ["tokenizer-vqa.json"]
    write_tokenizer(options.pack / "tokenizer-vqa.json")
    for role, section in (("reward", "rewards"), ("judge", "judges")):
        file = f"{role}-vqa.onnx"
        module = vqa_of(options.folder, options.pack, role == "judge")
        difference = export_graph(module, {"image": images, "input_ids": ids}, ["reward"], options.pack / file)
        print(f"{file}: {(options.pack / file).stat().st_size / 1e6:.2f} MB, largest difference {difference:.1e}")
        manifest[section]["vqa"] = {"file": file, **graph, **({"units": UNITS} if role == "reward" else {})}
        written.append(file)
    if options.gradients:
        decoder = Decoder().eval()
        load_average(options.decoder or options.folder / "decoder.pt", decoder)
        latents = torch.randn(3, TOKENS, CHANNELS, generator=generator)
        target = torch.full((3, len(CLASSES)), -1.0)
        target[:, 6] = 2
        detector = load_exported(Detector(REWARD), options.pack / "reward-count.onnx").eval()
        for name, reward, given in (
            ("count", Count(detector).eval(), {"target": target}),
            ("vqa", vqa_of(options.folder, options.pack, judge=False), {"input_ids": ids}),
        ):
            file = f"gradient-{name}.onnx"
            difference = export_gradient(decoder, reward, {"latents": latents, **given}, options.pack / file)
            # Decoder and detector stand in it once more: half precision keeps the pack small.
            halve_weights(options.pack / file, options.pack / file)
            print(f"{file}: {(options.pack / file).stat().st_size / 1e6:.2f} MB, largest difference {difference:.1e}")
            manifest["rewards"][name]["gradient"] = file
            written.append(file)
    for file in written:
        content = (options.pack / file).read_bytes()
        manifest["files"][file] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (options.pack / "pack.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
