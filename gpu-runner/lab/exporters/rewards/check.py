"""Compares an exported reward with its Python original: the runner scores the same images for the same prompts."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from lab.exporters.check import REPOSITORY
from lab.exporters.files import write_manifest
from lab.exporters.rewards.parts import RewardParts, Scores

PROMPTS = (
    "two cats below a tree",
    "An OWL who reads 3 newspapers, and a red cube: in a small café on a blue background",
    "",
)
IMAGES = 3
NOISE = 0.15


@dataclass(frozen=True)
class RewardCase:
    images: torch.Tensor
    """[B, 3, H, W] float32 in [-1, 1]: numbers that a PNG holds."""
    asks: list[dict[str, Any]]
    """What each image is scored for: {"prompt": ...}, {"counts": {class: n}} or nothing."""
    rewards: Scores
    """[B] of the Python original."""


def reference(parts: RewardParts, resolution: tuple[int, int], *, seed: int = 1) -> RewardCase:
    """What the original says; to be made before the export changes the model's precision."""
    pixels = patterns(resolution, seed)
    images = [Image.fromarray(each) for each in pixels]
    asks, given = asks_of(parts)
    tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    return RewardCase(tensor, asks, parts.original(images, given))


def patterns(resolution: tuple[int, int], seed: int) -> Any:
    """[IMAGES, H, W, 3] uint8: waves of several lengths with some noise, so that every step of preprocessing shows."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0 : resolution[0], 0 : resolution[1]] / max(resolution)
    images = []
    for _ in range(IMAGES):
        waves = [
            np.sin(2 * np.pi * (random.uniform(-4, 4) * x + random.uniform(-4, 4) * y) + random.uniform(0, 6)) for _ in range(3)
        ]
        noisy = np.stack(waves, axis=-1) + NOISE * random.standard_normal((*resolution, 3))
        images.append(np.clip((noisy + 1) * 127.5, 0, 255).round().astype(np.uint8))
    return np.stack(images)


def asks_of(parts: RewardParts) -> tuple[list[dict[str, Any]], list[Any]]:
    """What the runner and what the original are asked."""
    if parts.takes == "image":
        return [{}] * IMAGES, [None] * IMAGES
    if parts.takes == "prompt":
        return [{"prompt": prompt} for prompt in PROMPTS], list(PROMPTS)
    classes, missing = parts.facts["classes"], parts.facts["missing"]
    counts = [{name: (image + index) % 4 for index, name in enumerate(classes) if image != index} for image in range(IMAGES)]
    return [{"counts": each} for each in counts], [[each.get(name, missing) for name in classes] for each in counts]


def save_case(case: RewardCase, reward: str, path: Path) -> None:
    """`<path>.json`, `.images` and `.rewards`, the last two little-endian float32."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"reward": reward, "asks": case.asks}
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_suffix(".images").write_bytes(np.ascontiguousarray(case.images.numpy(), dtype="<f4").tobytes())
    path.with_suffix(".rewards").write_bytes(case.rewards.astype("<f4").tobytes())


def check_reward(folder: Path, name: str, case: RewardCase, *, provider: str = "cpu") -> dict[str, Any]:
    """Scores in the runner, writes the differences into the manifest under notes.check_rewards.<name>, and returns them."""
    with tempfile.TemporaryDirectory() as scratch:
        save_case(case, name, Path(scratch) / "case")
        command = ["npm", "run", "-s", "packs", "--", "score", str(folder.resolve()), f"{scratch}/case", f"{scratch}/found"]
        subprocess.run([*command, "--provider", provider], cwd=REPOSITORY, check=True)
        found = np.fromfile(f"{scratch}/found", "<f4")
    figures = {
        "rewards": [float(each) for each in case.rewards],
        "max_difference": float(np.abs(found - case.rewards).max()),
        "of": "rewards of three images, this graph in the runner against the Python original with its own preprocessing",
    }
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    manifest.setdefault("notes", {}).setdefault("check_rewards", {})[name] = figures
    write_manifest(folder, manifest)
    return figures
