"""The families of pipelines that can become packs, by diffusers' class name."""

from collections.abc import Callable

from lab.exporters.families.auraflow import auraflow_parts
from lab.exporters.families.family import Parts
from lab.exporters.families.flux import flux_parts
from lab.exporters.families.sana import sana_parts
from lab.exporters.families.sd3 import sd3_parts
from lab.exporters.families.stable_diffusion import stable_diffusion_parts, stable_diffusion_xl_parts

FAMILIES: dict[str, Callable[..., Parts]] = {
    "FluxPipeline": flux_parts,
    "StableDiffusion3Pipeline": sd3_parts,
    "SanaPipeline": sana_parts,
    "AuraFlowPipeline": auraflow_parts,
    "StableDiffusionPipeline": stable_diffusion_parts,
    "StableDiffusionXLPipeline": stable_diffusion_xl_parts,
}

__all__ = ["FAMILIES", "Parts"]
