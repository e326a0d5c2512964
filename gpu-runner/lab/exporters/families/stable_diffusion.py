"""Stable Diffusion 1.x and XL: epsilon models on a discrete noise schedule, classifier-free guidance."""

import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline

from lab.exporters.families.family import Parts, PromptTokens, encode_empty, guided_parts

STEPS = 1000


class Encode(torch.nn.Module):
    def __init__(self, pipeline: StableDiffusionPipeline) -> None:
        super().__init__()
        self.clip = pipeline.text_encoder

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.clip(ids)[0]


class EncodeXl(torch.nn.Module):
    """The penultimate states of both encoders side by side; the pooled ones are the second encoder's."""

    def __init__(self, pipeline: StableDiffusionXLPipeline) -> None:
        super().__init__()
        self.clip, self.clip_g = pipeline.text_encoder, pipeline.text_encoder_2

    def forward(self, clip_ids: torch.Tensor, clip_g_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        small = self.clip(clip_ids, output_hidden_states=True).hidden_states[-2]
        large = self.clip_g(clip_g_ids, output_hidden_states=True)
        return torch.cat([small, large.hidden_states[-2]], dim=-1), large.text_embeds


def step_of(t: torch.Tensor) -> torch.Tensor:
    """The network's step 0...999 at time t = (step + 1) / 1000; between two steps the embedding is as smooth as its sines."""
    return torch.clamp(t * STEPS - 1, min=0)


class Epsilon(torch.nn.Module):
    def __init__(self, pipeline: StableDiffusionPipeline) -> None:
        super().__init__()
        self.unet = pipeline.unet

    def forward(self, latents: torch.Tensor, t: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        return self.unet(latents, step_of(t), encoder_hidden_states=text, return_dict=False)[0]


class EpsilonXl(torch.nn.Module):
    """With the size of the image, uncropped, as the network was told it in training."""

    sizes: torch.Tensor

    def __init__(self, pipeline: StableDiffusionXLPipeline, resolution: tuple[int, int]) -> None:
        super().__init__()
        self.unet = pipeline.unet
        sizes = torch.tensor([[*resolution, 0, 0, *resolution]], dtype=torch.float32)
        self.register_buffer("sizes", sizes, persistent=False)

    def forward(self, latents: torch.Tensor, t: torch.Tensor, text: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        added = {"text_embeds": pooled, "time_ids": self.sizes.to(pooled.dtype).expand(pooled.shape[0], -1)}
        return self.unet(latents, step_of(t), encoder_hidden_states=text, added_cond_kwargs=added, return_dict=False)[0]


def discrete(pipeline: DiffusionPipeline) -> dict[str, str | float]:
    """The native facts of a DDPM on betas whose roots are evenly spaced. Raises ValueError on any other."""
    config = pipeline.scheduler.config
    if (config.beta_schedule, config.num_train_timesteps) != ("scaled_linear", STEPS):
        raise ValueError(f"only {STEPS} scaled_linear betas are known, not {config.num_train_timesteps} {config.beta_schedule}")
    if config.prediction_type != "epsilon":
        raise ValueError(f"only epsilon prediction is known, not {config.prediction_type}")
    return {
        "interpolant": f"scaled_linear_{config.beta_start}_{config.beta_end}",
        "prediction": "epsilon",
        "time_scale": 1.0,
        "time_shift": 1.0,
    }


def stable_diffusion_parts(pipeline: StableDiffusionPipeline, resolution: tuple[int, int], scale: float | None = None) -> Parts:
    return guided_parts(
        pipeline,
        resolution,
        channels=pipeline.unet.config.in_channels,
        velocity=Epsilon(pipeline),
        tokens={"clip": PromptTokens(pipeline.tokenizer, pipeline.tokenizer.model_max_length)},
        encode=Encode(pipeline),
        conditioning=("text",),
        scale=7.5 if scale is None else scale,
        native=discrete(pipeline),
    )


def stable_diffusion_xl_parts(
    pipeline: StableDiffusionXLPipeline, resolution: tuple[int, int], scale: float | None = None
) -> Parts:
    tokens = {
        "clip": PromptTokens(pipeline.tokenizer, pipeline.tokenizer.model_max_length),
        "clip_g": PromptTokens(pipeline.tokenizer_2, pipeline.tokenizer_2.model_max_length),
    }
    encode = EncodeXl(pipeline)
    zeros = tuple(torch.zeros_like(each) for each in encode_empty(encode, tokens))
    return guided_parts(
        pipeline,
        resolution,
        channels=pipeline.unet.config.in_channels,
        velocity=EpsilonXl(pipeline, resolution),
        tokens=tokens,
        encode=encode,
        conditioning=("text", "pooled"),
        scale=5.0 if scale is None else scale,
        unconditional=zeros if pipeline.config.force_zeros_for_empty_prompt else None,
        native=discrete(pipeline),
    )
