"""
`python -m lab.rewards.evaluate --folder FOLDER [--pack PACK] [--scenes N]`: what detectors and readers get right, on images of
scenes that nothing was trained on: as the world draws them, and as the decoder draws them. Prints two tables.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.codec.decoder import Decoder
from lab.codec.train import reconstruct
from lab.export.pack import load_average
from lab.rewards.detector import JUDGE, REWARD, Detector, Shape, load_exported, peaks
from lab.rewards.questions import KINDS, ask, ids_of
from lab.rewards.seen import Seen, see
from lab.rewards.train_vqa import new_reader
from lab.world.scene import Scene, count_vector, scene

SEED = 987_654
ROLES: dict[str, tuple[str, str, Shape]] = {"reward": ("rewards", "vqa", REWARD), "judge": ("judges", "vqa-judge", JUDGE)}


def images_of(scenes: Sequence[Scene]) -> Tensor:
    """[B, 3, H, W] in [-1, 1]"""
    pixels = np.stack([one.image for one in scenes])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def look(detector: Detector, images: Tensor) -> Seen:
    seen = [see(part, peaks(detector(part))) for part in images.split(16)]
    return Seen(*(torch.cat([getattr(one, name) for one in seen]) for name in ("counts", "places", "background")))


def exact(seen: Seen, scenes: Sequence[Scene]) -> NDArray[np.bool_]:
    """[B]: every class as often as it is there, and nothing else."""
    truth = np.stack([count_vector(one.layout.things) for one in scenes])
    right: NDArray[np.bool_] = (seen.counts.round().numpy() == truth).all(1)
    return right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, default=Path("packs/emoji-world"), help="whose detectors are asked")
    parser.add_argument("--decoder", type=Path, help="its checkpoint; FOLDER/decoder.pt unless said")
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--questions", type=int, default=10, help="about each scene")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    scenes = [scene(rng) for _ in range(options.scenes)]
    decoder = Decoder().eval()
    load_average(options.decoder or options.folder / "decoder.pt", decoder)
    pictures = {"drawn by the world": images_of(scenes), "drawn by the decoder": reconstruct(decoder, scenes)}
    asked = [(index, *ask(rng, one.layout)) for index, one in enumerate(scenes) for _ in range(options.questions)]
    kinds = np.array([kind for *_, kind in asked])
    truths = np.array([truth for _, _, truth, _ in asked])
    ids = torch.tensor([ids_of(caption) for _, caption, _, _ in asked])
    about = torch.tensor([index for index, *_ in asked])
    print("| who | images | exact scenes | vqa right | true | " + " | ".join(KINDS) + " |")
    print("| --- | --- | --- | --- | --- |" + " --- |" * len(KINDS))
    for role, (section, name, shape) in ROLES.items():
        prefix = "reward" if section == "rewards" else "judge"
        detector = load_exported(Detector(shape), options.pack / f"{prefix}-count.onnx").eval()
        reader = new_reader(role == "judge").eval()
        load_average(options.folder / f"{name}.pt", reader)
        for drawn, images in pictures.items():
            seen = look(detector, images)
            with torch.no_grad():
                answers = torch.cat([reader(ids[part], seen[about[part]]).logits for part in torch.arange(len(asked)).split(256)])
            right = (answers.numpy() > 0) == truths
            shares = [f"{right[kinds == kind].mean():.3f}" for kind in ("true", *KINDS)]
            negatives = right[~truths].mean()
            line = f"{exact(seen, scenes).mean():.3f} | {right.mean():.3f} (false ones {negatives:.3f})"
            print(f"| {role} | {drawn} | {line} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
