"""Compares an exported pack with its pipeline: the runner itself walks the ODE, on the same latents, at the same times."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from diffusers import DDIMScheduler, DiffusionPipeline, FlowMatchEulerDiscreteScheduler

from lab.exporters.cases import Case, run_pipeline, save_case
from lab.exporters.families import Parts
from lab.exporters.files import write_manifest

REPOSITORY = Path(__file__).resolve().parents[3]
PROMPTS = ("A photograph of two cats below a tree", "an owl who reads the newspaper")


def with_plain_scheduler(pipeline: DiffusionPipeline) -> None:
    """Euler for flows and DDIM for epsilon models, on the pipeline's own noise schedule: what the runner's ODE is."""
    config = dict(pipeline.scheduler.config)
    if "beta_schedule" in config:
        settings = {"timestep_spacing": "trailing", "set_alpha_to_one": True, "clip_sample": False}
        pipeline.scheduler = DDIMScheduler.from_config({**config, **settings})
    elif not isinstance(pipeline.scheduler, FlowMatchEulerDiscreteScheduler):
        pipeline.scheduler = FlowMatchEulerDiscreteScheduler(shift=config.get("flow_shift") or config.get("shift", 1.0))


def reference(pipeline: DiffusionPipeline, parts: Parts, *, steps: int, seed: int) -> Case:
    """The pipeline's own images; to be made before the export changes the modules' precision."""
    with_plain_scheduler(pipeline)
    return run_pipeline(pipeline, parts, PROMPTS, steps=steps, seed=seed)


def check_pack(folder: Path, case: Case, *, provider: str = "cpu") -> dict[str, Any]:
    """Runs the pack in the runner, writes the differences into its manifest under notes.check, and returns them."""
    with tempfile.TemporaryDirectory() as scratch:
        save_case(case, Path(scratch), "case")
        command = ["npm", "run", "-s", "packs", "--", "walk", str(folder.resolve()), f"{scratch}/case", f"{scratch}/found"]
        subprocess.run([*command, "--provider", provider], cwd=REPOSITORY, check=True)
        found = np.fromfile(f"{scratch}/found", "<f4").reshape(case.images.shape)
    difference = np.abs(np.clip(found, -1, 1) - case.images.numpy())
    figures = {
        "prompts": list(case.prompts),
        "steps": len(case.times) - 1,
        "max_difference": float(difference.max()),
        "mean_difference": float(difference.mean()),
        "of": "images in [-1, 1], this pack in the runner against its pipeline, same latents and times",
    }
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    manifest.setdefault("notes", {})["check"] = figures
    write_manifest(folder, manifest)
    return figures
