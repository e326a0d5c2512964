"""What a family of pipelines has to say so that it can become a pack: three modules of one signature, and facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from diffusers import AutoencoderDC, AutoencoderKL, DiffusionPipeline
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


def guided_parts(
    pipeline: DiffusionPipeline,
    resolution: tuple[int, int],
    *,
    channels: int,
    velocity: torch.nn.Module,
    tokens: dict[str, PromptTokens],
    encode: torch.nn.Module,
    conditioning: tuple[str, ...],
    scale: float,
    native: dict[str, str | float],
    unconditional: tuple[torch.Tensor, ...] | None = None,
    call: dict[str, object] | None = None,
) -> Parts:
    """A pipeline with classifier-free guidance whose latent is [channels, rows, columns].

    Without a prompt means with an empty one, unless `unconditional` says otherwise.
    """
    rows, columns = (side // pipeline.vae_scale_factor for side in resolution)
    return Parts(
        resolution=resolution,
        latent=(channels, rows, columns),
        tokens=tokens,
        encode=encode,
        conditioning=conditioning,
        velocity=velocity,
        decode=KlDecoder(pipeline.vae),
        guidance="cfg",
        scale=scale,
        unconditional=encode_empty(encode, tokens) if unconditional is None else unconditional,
        native=native,
        call=call or {},
    )


def encode_empty(encode: torch.nn.Module, tokens: dict[str, PromptTokens]) -> tuple[torch.Tensor, ...]:
    """Conditioning of the empty prompt, [1, ...] each."""
    with torch.no_grad():
        found = encode(*(tensor for each in tokens.values() for tensor in each([""])))
    return found if isinstance(found, tuple) else (found,)


class KlDecoder(torch.nn.Module):
    """Latents of an AutoencoderKL or AutoencoderDC, scaled and shifted back, as an image."""

    def __init__(self, vae: AutoencoderKL | AutoencoderDC) -> None:
        super().__init__()
        self.vae = vae
        self.shift = getattr(vae.config, "shift_factor", None) or 0.0

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.vae.decode(latents / self.vae.config.scaling_factor + self.shift, return_dict=False)[0]
