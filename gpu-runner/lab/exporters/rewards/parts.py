"""What a model that scores images has to say so that it can become a reward of a pack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from lab.exporters.families.family import PromptTokens

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class RewardParts:
    """A scoring model at one resolution, in evaluation mode."""

    takes: Literal["prompt", "image", "counts"]
    units: str
    """What its numbers mean, for people."""
    steps: nn.Module
    """image [B, 3, H, W] in [-1, 1] -> pixels of the model, float32."""
    model: nn.Module
    """(pixels, its inputs beside the image...) -> reward [B]; with `counts` also counts [B, classes] and perhaps peaks."""
    original: Callable[[Sequence[Image.Image], Sequence[Any]], Scores]
    """The Python original, with its own preprocessing: images and prompts (or targets [classes]) -> [B]."""
    tokens: PromptTokens | None = None
    text: str = "{prompt}"
    """What is tokenized, with the prompt in it."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What else the manifest says of the graph: the classes that it counts."""
    outputs: tuple[str, ...] = ("reward",)

    def texts(self, prompts: Sequence[str]) -> list[str]:
        return [self.text.replace("{prompt}", prompt) for prompt in prompts]


class Scorer(nn.Module):
    """The whole graph: pixels are made in float32, the model runs in its precision, rewards are float32."""

    def __init__(self, parts: RewardParts, precision: torch.dtype) -> None:
        super().__init__()
        self.steps, self.model, self.precision = parts.steps, parts.model.to(precision), precision

    def forward(self, image: Tensor, *given: Tensor) -> Tensor | tuple[Tensor, ...]:
        outputs = self.model(self.steps(image).to(self.precision), *given)
        return tuple(each.float() for each in outputs) if isinstance(outputs, tuple) else outputs.float()


def fast_tokenizer(source: str) -> PreTrainedTokenizerBase:
    """The tokenizer that can be written as tokenizer.json, which is what the runner reads. Throws where there is none."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    return tokenizer if tokenizer.is_fast else PreTrainedTokenizerFast.from_pretrained(source)


def unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(p=2, dim=-1, keepdim=True)
