"""Rewards that compare an image with the prompt in one space: CLIP score, PickScore, SigLIP, HPSv2."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel, SiglipModel

from lab.exporters.families.family import PromptTokens
from lab.exporters.rewards.open_clip import from_open_clip
from lab.exporters.rewards.parts import RewardParts, Scores, fast_tokenizer
from lab.exporters.rewards.preprocess import longest_side_steps, pillow_steps


class Similarity(nn.Module):
    """Cosine of image and text, times the learned scale; plus the learned bias where there is one."""

    def __init__(self, model: CLIPModel | SiglipModel, *, scaled: bool = True) -> None:
        super().__init__()
        self.model, self.scaled = model, scaled

    def forward(self, pixels: Tensor, input_ids: Tensor) -> Tensor:
        outputs = self.model(pixel_values=pixels, input_ids=input_ids)
        cosine = (outputs.image_embeds * outputs.text_embeds).sum(dim=-1)
        if not self.scaled:
            return cosine
        logit = cosine * self.model.logit_scale.exp()
        return logit + self.model.logit_bias if hasattr(self.model, "logit_bias") else logit


def contrastive_parts(
    model: CLIPModel | SiglipModel, source: str, resolution: tuple[int, int], *, text: str, length: int, units: str
) -> RewardParts:
    """Of a model with `logits_per_image`, its image processor and its tokenizer."""
    processor = AutoImageProcessor.from_pretrained(source, backend="pil")
    own = AutoTokenizer.from_pretrained(source)

    def original(images: Sequence[Image.Image], prompts: Sequence[Any]) -> Scores:
        texts = [text.replace("{prompt}", prompt) for prompt in prompts]
        tokens = own(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        pixels = processor(images=list(images), return_tensors="pt").pixel_values
        with torch.no_grad():
            return model(pixel_values=pixels, input_ids=tokens.input_ids).logits_per_image.diagonal().numpy().astype(np.float32)

    return RewardParts(
        takes="prompt",
        units=units,
        steps=pillow_steps(processor, resolution),
        model=Similarity(model),
        original=original,
        tokens=PromptTokens(fast_tokenizer(source), length),
        text=text,
    )


def clip_score_parts(source: str, resolution: tuple[int, int], *, text: str = "{prompt}") -> RewardParts:
    model = CLIPModel.from_pretrained(source).eval()
    length = model.config.text_config.max_position_embeddings
    units = "CLIP score: cosine of image and prompt times the learned scale (100 for CLIP)"
    return contrastive_parts(model, source, resolution, text=text, length=length, units=units)


def pick_score_parts(source: str, resolution: tuple[int, int], *, text: str = "{prompt}") -> RewardParts:
    """PickScore is a CLIP of its own weights. Source: Kirstain et al., arXiv 2305.01569, equation 2, without the softmax."""
    model = CLIPModel.from_pretrained(source).eval()
    length = model.config.text_config.max_position_embeddings
    units = "PickScore: what people would rather pick, as a logit; about 18 to 24 for real weights"
    return contrastive_parts(model, source, resolution, text=text, length=length, units=units)


def siglip_parts(source: str, resolution: tuple[int, int], *, text: str = "{prompt}") -> RewardParts:
    """The text is padded and no mask is given: the model was trained so. Source: Zhai et al., arXiv 2303.15343."""
    model = SiglipModel.from_pretrained(source).eval()
    length = model.config.text_config.max_position_embeddings
    units = "SigLIP: logit of the probability that image and prompt belong together"
    return contrastive_parts(model, source, resolution, text=text, length=length, units=units)


def hps_parts(source: str, resolution: tuple[int, int], *, weights: Path, text: str = "{prompt}") -> RewardParts:
    """HPSv2 (Wu et al., arXiv 2306.09341): the cosine, by weights in open_clip's layout on the CLIP (ViT-H-14) of `source`.

    The original shrinks the longer side and pads with black, unlike CLIP's own processor.
    """
    model = CLIPModel.from_pretrained(source).eval()
    state = torch.load(weights, map_location="cpu", weights_only=True)
    model.load_state_dict(from_open_clip(state.get("state_dict", state)))
    processor = AutoImageProcessor.from_pretrained(source, backend="pil")
    side, length = model.config.vision_config.image_size, model.config.text_config.max_position_embeddings
    mean, std = processor.image_mean, processor.image_std
    own = AutoTokenizer.from_pretrained(source)

    def original(images: Sequence[Image.Image], prompts: Sequence[Any]) -> Scores:
        texts = [text.replace("{prompt}", prompt) for prompt in prompts]
        ids = own(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
        pixels = torch.stack([hps_pixels(image, side, mean, std) for image in images])
        with torch.no_grad():
            outputs = model(pixel_values=pixels, input_ids=ids)
            return (outputs.image_embeds @ outputs.text_embeds.T).diagonal().numpy().astype(np.float32)

    return RewardParts(
        takes="prompt",
        units="HPSv2: cosine of image and prompt in the space of human preference; about 0.2 to 0.35 for real weights",
        steps=longest_side_steps(side, resolution, mean, std),
        model=Similarity(model, scaled=False),
        original=original,
        tokens=PromptTokens(fast_tokenizer(source), length),
        text=text,
    )


def hps_pixels(image: Image.Image, side: int, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """As HPSv2's own transform makes them of one image: a tensor first, then resized, padded, normalised."""
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255
    scale = side / max(pixels.shape[1:])
    height, width = round(pixels.shape[1] * scale), round(pixels.shape[2] * scale)
    if scale != 1:
        pixels = nn.functional.interpolate(pixels[None], size=(height, width), mode="bicubic", antialias=True)[0]
    rows, columns = side - height, side - width
    padded = nn.functional.pad(pixels, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
    return (padded - torch.tensor(mean).reshape(3, 1, 1)) / torch.tensor(std).reshape(3, 1, 1)
