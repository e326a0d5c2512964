"""What a family of pipelines has to say so that it can become a pack: three modules of one signature, and facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from transformers import PreTrainedTokenizerBase

Guidance = Literal["none", "embedded", "cfg"]


@dataclass(frozen=True)
class PromptTokens:
    """How the prompt becomes one input of the encoder: `<name>_ids`, and `<name>_mask` where the encoder wants it."""

    tokenizer: PreTrainedTokenizerBase
    max_length: int
    mask: bool = False
    prefix: str = ""
    lowercase: bool = False

    def __call__(self, prompts: Sequence[str]) -> tuple[torch.Tensor, ...]:
        """[B, max_length] int64 ids, and the mask of the same shape where there is one."""
        texts = [self.prefix + (prompt.lower().strip() if self.lowercase else prompt) for prompt in prompts]
        tokens = self.tokenizer(texts, padding="max_length", max_length=self.max_length, truncation=True, return_tensors="pt")
        return (tokens.input_ids, tokens.attention_mask) if self.mask else (tokens.input_ids,)


@dataclass(frozen=True)
class Parts:
    """A pipeline at one resolution, as the modules behind a pack's graphs. All are in evaluation mode."""

    resolution: tuple[int, int]
    latent: tuple[int, ...]
    """Shape of one latent, packed where the network wants it packed."""
    tokens: dict[str, PromptTokens]
    encode: torch.nn.Module
    """(ids, mask?, ids, ...) -> conditioning tensors, [B, ...] each."""
    conditioning: tuple[str, ...]
    """Names of the conditioning tensors in order."""
    velocity: torch.nn.Module
    """(latents [B, ...], t [B] in [0, 1], guidance [B] where it is embedded, conditioning...) -> [B, ...]."""
    decode: torch.nn.Module
    """(latents [B, ...]) -> image [B, 3, H, W] in about [-1, 1]."""
    guidance: Guidance
    scale: float
    unconditional: tuple[torch.Tensor, ...] | None = None
    """Conditioning of no prompt, [1, ...] each, for `cfg`."""
    native: dict[str, str | float] = field(default_factory=dict)
    call: dict[str, object] = field(default_factory=dict)
    """What the pipeline's own call is given so that it does the same."""

    def encode_inputs(self) -> list[str]:
        return [
            f"{name}_{what}" for name, tokens in self.tokens.items() for what in ("ids", "mask") if what == "ids" or tokens.mask
        ]

    def tokenize(self, prompts: Sequence[str]) -> tuple[torch.Tensor, ...]:
        return tuple(tensor for tokens in self.tokens.values() for tensor in tokens(prompts))


def flow(time_shift: float) -> dict[str, str | float]:
    """The native facts of a rectified flow."""
    return {"interpolant": "linear", "prediction": "velocity", "time_scale": 1.0, "time_shift": time_shift}


class KlDecoder(torch.nn.Module):
    """Latents of an AutoencoderKL or AutoencoderDC, scaled and shifted back, as an image."""

    def __init__(self, vae: torch.nn.Module) -> None:
        super().__init__()
        self.vae = vae
        self.shift = getattr(vae.config, "shift_factor", None) or 0.0

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.vae.decode(latents / self.vae.config.scaling_factor + self.shift, return_dict=False)[0]
