"""SANA: a language model as encoder, an instruction before the prompt, a deep-compression autoencoder."""

import inspect

import torch
from diffusers import SanaPipeline

from lab.exporters.families.family import Parts, PromptTokens, encode_empty, flow, guided_parts

MAX_SEQUENCE = 300


class Encode(torch.nn.Module):
    """The states of the first token and of the last `length` - 1: the instruction is read, and left out of the result."""

    def __init__(self, pipeline: SanaPipeline, length: int) -> None:
        super().__init__()
        self.model, self.length = pipeline.text_encoder, length

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        states = self.model(ids, attention_mask=mask)[0]
        return self.select(states), self.select(mask).to(states.dtype)

    def select(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat([rows[:, :1], rows[:, rows.shape[1] - self.length + 1 :]], dim=1)


class Velocity(torch.nn.Module):
    def __init__(self, pipeline: SanaPipeline) -> None:
        super().__init__()
        self.transformer = pipeline.transformer
        self.time_scale = 1000 * pipeline.transformer.config.timestep_scale

    def forward(self, latents: torch.Tensor, t: torch.Tensor, text: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        predicted = self.transformer(
            latents,
            encoder_hidden_states=text,
            encoder_attention_mask=mask,
            timestep=t * self.time_scale,
            return_dict=False,
        )[0]
        # With learned sigma the second half is the variance.
        return predicted[:, : latents.shape[1]]


def sana_parts(pipeline: SanaPipeline, resolution: tuple[int, int], scale: float | None = None) -> Parts:
    if pipeline.transformer.config.guidance_embeds:
        raise ValueError("SANA-Sprint (embedded guidance) is another pipeline; this exports SanaPipeline")
    lines = inspect.signature(pipeline.__call__).parameters["complex_human_instruction"].default
    instruction = "\n".join(lines)
    max_sequence = min(MAX_SEQUENCE, pipeline.tokenizer.model_max_length)
    length = len(pipeline.tokenizer.encode(instruction)) + max_sequence - 2
    pipeline.tokenizer.padding_side = "right"
    tokens = PromptTokens(pipeline.tokenizer, length, mask=True, prefix=instruction, lowercase=True)
    encode = Encode(pipeline, max_sequence)
    # Without a prompt there is no instruction either.
    empty = encode_empty(encode, {"prompt": PromptTokens(pipeline.tokenizer, max_sequence, mask=True)})
    return guided_parts(
        pipeline,
        resolution,
        channels=pipeline.transformer.config.in_channels,
        velocity=Velocity(pipeline),
        tokens={"prompt": tokens},
        encode=encode,
        conditioning=("text", "mask"),
        scale=4.5 if scale is None else scale,
        unconditional=empty,
        native=flow(pipeline.scheduler.config.get("flow_shift") or pipeline.scheduler.config.shift),
        call={
            "max_sequence_length": max_sequence,
            "complex_human_instruction": lines,
            "use_resolution_binning": False,
        },
    )
