"""LAION's aesthetic predictor: a small network on CLIP's image embedding. It looks at the image alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import AutoImageProcessor, CLIPVisionModelWithProjection

from lab.exporters.rewards.parts import RewardParts, Scores, unit
from lab.exporters.rewards.preprocess import pillow_steps

WIDTHS = (1024, 128, 64, 16)


class Head(nn.Module):
    """The names and shapes of improved-aesthetic-predictor's weights: `layers.0`, 2, 4, 6 and 7, dropouts between."""

    def __init__(self, width: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.layers = nn.Sequential(
            nn.Linear(width, first),
            nn.Dropout(0.2),
            nn.Linear(first, second),
            nn.Dropout(0.2),
            nn.Linear(second, third),
            nn.Dropout(0.1),
            nn.Linear(third, fourth),
            nn.Linear(fourth, 1),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        return self.layers(embedding)[:, 0]


class Aesthetic(nn.Module):
    def __init__(self, clip: nn.Module, head: Head) -> None:
        super().__init__()
        self.clip, self.head = clip, head

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(unit(self.clip(pixel_values=pixels).image_embeds))


def aesthetic_parts(source: str, resolution: tuple[int, int], *, weights: Path) -> RewardParts:
    """`source` is the CLIP (ViT-L/14), `weights` the head's file."""
    clip = CLIPVisionModelWithProjection.from_pretrained(source).eval()
    state = torch.load(weights, map_location="cpu", weights_only=True)
    widths = [state[f"layers.{layer}.weight"].shape[0] for layer in (0, 2, 4, 6)]
    head = Head(state["layers.0.weight"].shape[1], widths)
    head.load_state_dict(state)
    model = Aesthetic(clip, head).eval()
    processor = AutoImageProcessor.from_pretrained(source, backend="pil")

    def original(images: Sequence[Image.Image], _: Sequence[Any]) -> Scores:
        with torch.no_grad():
            embedding = clip(pixel_values=processor(images=list(images), return_tensors="pt").pixel_values).image_embeds.numpy()
            normalized = embedding / np.linalg.norm(embedding, axis=-1, keepdims=True)
            return head(torch.from_numpy(normalized)).numpy().astype(np.float32)

    return RewardParts(
        takes="image",
        units="aesthetic score by LAION's predictor: about 1 to 10",
        steps=pillow_steps(processor, resolution),
        model=model,
        original=original,
    )
