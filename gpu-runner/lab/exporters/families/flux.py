"""FLUX.1: packed latents, position ids, embedded guidance where the weights have it."""

import math

import torch
from diffusers import FluxPipeline
from diffusers.pipelines.flux.pipeline_flux import calculate_shift

from lab.exporters.families.family import KlDecoder, Parts, PromptTokens, flow

MAX_SEQUENCE = {False: 256, True: 512}
"""Length of the T5 prompt, for distilled (schnell) and for guided (dev) weights."""


class Encode(torch.nn.Module):
    def __init__(self, pipeline: FluxPipeline) -> None:
        super().__init__()
        self.clip, self.t5 = pipeline.text_encoder, pipeline.text_encoder_2

    def forward(self, clip_ids: torch.Tensor, t5_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.t5(t5_ids)[0], self.clip(clip_ids).pooler_output


class Velocity(torch.nn.Module):
    """The transformer with its position ids inside."""

    def __init__(self, pipeline: FluxPipeline, image_ids: torch.Tensor, text_length: int) -> None:
        super().__init__()
        self.transformer = pipeline.transformer
        self.register_buffer("image_ids", image_ids, persistent=False)
        self.register_buffer("text_ids", torch.zeros(text_length, 3), persistent=False)

    def run(
        self,
        latents: torch.Tensor,
        t: torch.Tensor,
        guidance: torch.Tensor | None,
        text: torch.Tensor,
        pooled: torch.Tensor,
    ) -> torch.Tensor:
        return self.transformer(
            hidden_states=latents,
            timestep=t,
            guidance=guidance,
            pooled_projections=pooled,
            encoder_hidden_states=text,
            txt_ids=self.text_ids,
            img_ids=self.image_ids,
            return_dict=False,
        )[0]


class GuidedVelocity(Velocity):
    def forward(
        self, latents: torch.Tensor, t: torch.Tensor, guidance: torch.Tensor, text: torch.Tensor, pooled: torch.Tensor
    ) -> torch.Tensor:
        return self.run(latents, t, guidance, text, pooled)


class DistilledVelocity(Velocity):
    def forward(self, latents: torch.Tensor, t: torch.Tensor, text: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        return self.run(latents, t, None, text, pooled)


class Decode(torch.nn.Module):
    """Unpacks 2x2 patches, then decodes."""

    def __init__(self, pipeline: FluxPipeline, height: int, width: int) -> None:
        super().__init__()
        self.decoder = KlDecoder(pipeline.vae)
        self.size = height, width, pipeline.vae_scale_factor

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decoder(FluxPipeline._unpack_latents(latents, *self.size))


def flux_parts(pipeline: FluxPipeline, resolution: tuple[int, int], scale: float | None = None) -> Parts:
    height, width = resolution
    guided = bool(pipeline.transformer.config.guidance_embeds)
    length = min(MAX_SEQUENCE[guided], pipeline.tokenizer_2.model_max_length)
    rows, columns = (side // (2 * pipeline.vae_scale_factor) for side in resolution)
    channels = pipeline.transformer.config.in_channels
    image_ids = FluxPipeline._prepare_latent_image_ids(1, rows, columns, torch.device("cpu"), torch.float32)
    velocity = GuidedVelocity if guided else DistilledVelocity
    return Parts(
        resolution=resolution,
        latent=(rows * columns, channels),
        tokens={
            "clip": PromptTokens(pipeline.tokenizer, pipeline.tokenizer_max_length),
            "t5": PromptTokens(pipeline.tokenizer_2, length),
        },
        encode=Encode(pipeline),
        conditioning=("text", "pooled"),
        velocity=velocity(pipeline, image_ids, length),
        decode=Decode(pipeline, height, width),
        guidance="embedded" if guided else "none",
        scale=3.5 if scale is None else scale,
        native=flow(time_shift_of(pipeline, rows * columns)),
        call={"max_sequence_length": length},
    )


def time_shift_of(pipeline: FluxPipeline, tokens: int) -> float:
    """exp(mu) where the shift depends on the number of image tokens (Esser et al., arXiv 2403.03206, section 5.3.2)."""
    config = pipeline.scheduler.config
    if not config.use_dynamic_shifting:
        return config.shift
    mu = calculate_shift(tokens, config.base_image_seq_len, config.max_image_seq_len, config.base_shift, config.max_shift)
    return math.exp(mu)
