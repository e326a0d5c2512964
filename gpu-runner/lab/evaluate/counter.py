"""A counting graph of a pack, reward or judge, asked about images as the runner asks it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lab.world.prompt import Prompt
from lab.world.vocabulary import CLASS_INDEX, CLASSES

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Counted:
    rewards: Floats
    """[B]"""
    exact: NDArray[np.bool_]
    """[B]: each class as often as asked, and nothing else"""


class Counter:
    """`rewards` or `judges` of a pack."""

    def __init__(self, pack: Path, section: str) -> None:
        graph = json.loads((pack / "pack.json").read_text())[section]["count"]
        if tuple(graph["classes"]) != CLASSES:
            raise ValueError(f"{pack} counts other classes than the world has")
        self.missing = float(graph["missing"])
        self.session = onnxruntime.InferenceSession(pack / graph["file"], providers=["CPUExecutionProvider"])

    def count(self, images: Floats, prompts: list[Prompt]) -> Counted:
        """Images [B, 3, H, W] in [-1, 1], a prompt each."""
        wanted = np.zeros((len(prompts), len(CLASSES)), np.float32)
        for index, prompt in enumerate(prompts):
            for name, count in prompt.things:
                wanted[index, CLASS_INDEX[name]] += count
        target = np.where(wanted > 0, wanted, np.float32(self.missing))
        rewards, counts = self.session.run(["reward", "counts"], {"image": images, "target": target})
        return Counted(rewards, (np.round(counts) == wanted).all(1))
