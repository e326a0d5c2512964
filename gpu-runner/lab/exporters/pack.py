"""A pipeline as a pack folder: graphs, tokenizers, manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import onnx_ir as ir
import torch
from diffusers import DiffusionPipeline

from lab.exporters.families import FAMILIES, Parts
from lab.exporters.files import INLINE_BYTES, PART_BYTES, list_files, save_graph, write_manifest
from lab.exporters.graphs import EXAMPLE_BATCH, Precise, constant_graph, export_graph
from lab.exporters.manifest import GRAPHS, manifest_of, save_tokenizer, tokenizer_file
from lab.exporters.quantize import quantize_weights, store_as_bfloat16

PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.float32}
"""What is computed in. bfloat16 is how weights are stored."""
Weights = Literal["same", "int8", "int4"]
BITS: dict[str, int] = {"int8": 8, "int4": 4}


@dataclass(frozen=True)
class ExportOptions:
    name: str
    version: str = "1"
    licence: str = "unknown"
    price_class: str = "large"
    precision: str = "float32"
    """Of encoder and network; the decoder is computed in float32: those of some families overflow in half precision."""
    weights: Weights = "same"
    """Of the network's matrices."""
    part_bytes: int = PART_BYTES
    inline_bytes: int = INLINE_BYTES


def parts_of(pipeline: DiffusionPipeline, resolution: tuple[int, int], scale: float | None = None) -> Parts:
    """Raises ValueError on a pipeline of no known family, and where the resolution does not fit."""
    family = FAMILIES.get(type(pipeline).__name__)
    if family is None:
        raise ValueError(f"{type(pipeline).__name__} is none of {', '.join(FAMILIES)}")
    patch = pipeline.vae_scale_factor * 2
    if any(side % patch for side in resolution):
        raise ValueError(f"height and width must be multiples of {patch} for this pipeline")
    return family(pipeline, resolution, scale)


def export_pack(parts: Parts, folder: Path, options: ExportOptions) -> dict[str, Any]:
    """Writes the pack and returns its manifest. The pipeline's modules are changed to the precision asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    precision = PRECISIONS[options.precision]
    if options.precision == "bfloat16" and options.weights != "same":
        raise ValueError("quantised weights come with float32 or float16")
    names = [save_tokenizer(tokens, folder / tokenizer_file(name)) for name, tokens in parts.tokens.items()]

    ids = dict(zip(parts.encode_inputs(), parts.tokenize([""] * EXAMPLE_BATCH), strict=True))
    encode = precise(parts.encode, precision)
    with torch.no_grad():
        conditioning = dict(zip(parts.conditioning, as_tuple(encode(*ids.values())), strict=True))
    names += save(export_graph(encode, ids, parts.conditioning), folder / GRAPHS["encode"], options)
    if parts.unconditional is not None:
        given = {
            name: each.to(conditioning[name].dtype) for name, each in zip(parts.conditioning, parts.unconditional, strict=True)
        }
        names += save(constant_graph(given), folder / "unconditional.onnx", options)

    floats = next(iter(conditioning.values())).dtype
    latents = {"latents": torch.randn(EXAMPLE_BATCH, *parts.latent, dtype=floats)}
    scalars = {"t": torch.rand(EXAMPLE_BATCH)}
    if parts.guidance == "embedded":
        scalars["guidance"] = torch.full((EXAMPLE_BATCH,), parts.scale)
    network = export_graph(precise(parts.velocity, precision), {**latents, **scalars, **conditioning}, ["velocity"])
    if options.weights != "same" and quantize_weights(network, BITS[options.weights]) == 0:
        raise ValueError("no matrix of the network was large enough to quantise")
    names += save(network, folder / GRAPHS["velocity"], options)

    decode = parts.decode.float()
    names += save(export_graph(decode, {"latents": latents["latents"].float()}, ["image"]), folder / GRAPHS["decode"], options)

    manifest = manifest_of(
        parts, name=options.name, version=options.version, licence=options.licence, price_class=options.price_class
    )
    manifest["notes"] = {"exporter": {"precision": options.precision, "weights": options.weights}}
    manifest["files"] = list_files(folder, names)
    write_manifest(folder, manifest)
    return manifest


def precise(module: torch.nn.Module, precision: torch.dtype) -> torch.nn.Module:
    return module if precision == torch.float32 else Precise(module, precision)


def as_tuple(outputs: torch.Tensor | Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    return (outputs,) if isinstance(outputs, torch.Tensor) else tuple(outputs)


def save(model: ir.Model, path: Path, options: ExportOptions) -> list[str]:
    if options.precision == "bfloat16":
        store_as_bfloat16(model)
    return [file.name for file in save_graph(model, path, part_bytes=options.part_bytes, inline_bytes=options.inline_bytes)]
