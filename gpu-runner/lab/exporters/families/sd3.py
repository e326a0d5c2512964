"""Stable Diffusion 3 and 3.5: two CLIP encoders and T5, classifier-free guidance."""

import torch
from diffusers import StableDiffusion3Pipeline

from lab.exporters.families.family import Parts, PromptTokens, flow, guided_parts

MAX_SEQUENCE = 256


class Encode(torch.nn.Module):
    """The penultimate states of both CLIPs side by side, padded to T5's width, then T5's behind them."""

    def __init__(self, pipeline: StableDiffusion3Pipeline) -> None:
        super().__init__()
        self.clip, self.clip_g, self.t5 = pipeline.text_encoder, pipeline.text_encoder_2, pipeline.text_encoder_3

    def forward(self, clip_ids: torch.Tensor, clip_g_ids: torch.Tensor, t5_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        small = self.clip(clip_ids, output_hidden_states=True)
        large = self.clip_g(clip_g_ids, output_hidden_states=True)
        states = torch.cat([small.hidden_states[-2], large.hidden_states[-2]], dim=-1)
        long = self.t5(t5_ids)[0]
        states = torch.nn.functional.pad(states, (0, long.shape[-1] - states.shape[-1]))
        return torch.cat([states, long], dim=-2), torch.cat([small.text_embeds, large.text_embeds], dim=-1)


class Velocity(torch.nn.Module):
    def __init__(self, pipeline: StableDiffusion3Pipeline) -> None:
        super().__init__()
        self.transformer = pipeline.transformer

    def forward(self, latents: torch.Tensor, t: torch.Tensor, text: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        return self.transformer(
            hidden_states=latents,
            timestep=t * 1000,
            encoder_hidden_states=text,
            pooled_projections=pooled,
            return_dict=False,
        )[0]


def sd3_parts(pipeline: StableDiffusion3Pipeline, resolution: tuple[int, int], scale: float | None = None) -> Parts:
    if pipeline.text_encoder_3 is None:
        raise ValueError("this pipeline was loaded without its T5 encoder (text_encoder_3); a pack needs all three")
    length = min(MAX_SEQUENCE, pipeline.tokenizer_3.model_max_length)
    tokens = {
        "clip": PromptTokens(pipeline.tokenizer, pipeline.tokenizer_max_length),
        "clip_g": PromptTokens(pipeline.tokenizer_2, pipeline.tokenizer_max_length),
        "t5": PromptTokens(pipeline.tokenizer_3, length),
    }
    return guided_parts(
        pipeline,
        resolution,
        channels=pipeline.transformer.config.in_channels,
        velocity=Velocity(pipeline),
        tokens=tokens,
        encode=Encode(pipeline),
        conditioning=("text", "pooled"),
        scale=7.0 if scale is None else scale,
        native=flow(pipeline.scheduler.config.shift),
        call={"max_sequence_length": length},
    )
