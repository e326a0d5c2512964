"""AuraFlow: one UMT5 encoder whose padding is zeroed, classifier-free guidance."""

import torch
from diffusers import AuraFlowPipeline

from lab.exporters.families.family import Parts, PromptTokens, flow, guided_parts

MAX_SEQUENCE = 256


class Encode(torch.nn.Module):
    def __init__(self, pipeline: AuraFlowPipeline) -> None:
        super().__init__()
        self.t5 = pipeline.text_encoder

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.t5(ids, attention_mask=mask)[0]
        return states * mask.unsqueeze(-1).to(states.dtype)


class Velocity(torch.nn.Module):
    def __init__(self, pipeline: AuraFlowPipeline) -> None:
        super().__init__()
        self.transformer = pipeline.transformer

    def forward(self, latents: torch.Tensor, t: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        return self.transformer(latents, encoder_hidden_states=text, timestep=t, return_dict=False)[0]


def auraflow_parts(pipeline: AuraFlowPipeline, resolution: tuple[int, int], scale: float | None = None) -> Parts:
    length = min(MAX_SEQUENCE, pipeline.tokenizer.model_max_length)
    return guided_parts(
        pipeline,
        resolution,
        channels=pipeline.transformer.config.in_channels,
        velocity=Velocity(pipeline),
        tokens={"prompt": PromptTokens(pipeline.tokenizer, length, mask=True)},
        encode=Encode(pipeline),
        conditioning=("text",),
        scale=3.5 if scale is None else scale,
        native=flow(pipeline.scheduler.config.shift),
        call={"max_sequence_length": length},
    )
