"""What the runner has to reproduce: prompts, starting latents and times, and the pipeline's own images of them."""

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DiffusionPipeline

from lab.exporters.families import Parts


@dataclass(frozen=True)
class Case:
    prompts: tuple[str, ...]
    latents: torch.Tensor
    """[B, latent] float32."""
    times: tuple[float, ...]
    """Falling from the first to 0; one more than there are steps."""
    guided: bool
    images: torch.Tensor
    """[B, 3, H, W] float32 in [-1, 1], as the pipeline makes them."""


def run_pipeline(
    pipeline: DiffusionPipeline, parts: Parts, prompts: tuple[str, ...], *, steps: int, seed: int, guided: bool = True
) -> Case:
    """The pipeline's images, with its own scheduler set to plain Euler (flow) or DDIM (epsilon), which are the same ODE step."""
    latents = torch.randn(len(prompts), *parts.latent, generator=torch.Generator().manual_seed(seed))
    height, width = parts.resolution
    scale = parts.scale if guided else (parts.scale if parts.guidance == "embedded" else 1.0)
    known = inspect.signature(pipeline.__call__).parameters
    call: dict[str, Any] = {key: value for key, value in parts.call.items() if key in known}
    with torch.no_grad():
        images = pipeline(
            list(prompts),
            height=height,
            width=width,
            num_inference_steps=steps,
            guidance_scale=scale,
            latents=latents.clone(),
            output_type="pt",
            **call,
        ).images
    return Case(prompts, latents, times_of(pipeline), guided, images.float() * 2 - 1)


def times_of(pipeline: DiffusionPipeline) -> tuple[float, ...]:
    """The scheduler's grid as native times, with the 0 it ends at."""
    scheduler = pipeline.scheduler
    if isinstance(scheduler, DDIMScheduler):
        return (*((int(step) + 1) / scheduler.config.num_train_timesteps for step in scheduler.timesteps), 0.0)
    return tuple(float(sigma) for sigma in scheduler.sigmas)


def save_case(case: Case, folder: Path, name: str) -> None:
    """`<name>.json` with base64-free numbers beside it: `<name>.latents`, `<name>.images`, little-endian float32."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"prompts": case.prompts, "times": case.times, "guided": case.guided}
    (folder / f"{name}.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for what, tensor in (("latents", case.latents), ("images", case.images)):
        (folder / f"{name}.{what}").write_bytes(np.ascontiguousarray(tensor.numpy(), dtype="<f4").tobytes())
