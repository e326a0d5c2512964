"""The files of a pack: graphs with their weights inside or beside them in parts, tokenizers, the manifest that lists all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import onnx_ir as ir

INLINE_BYTES = 256 * 2**20
"""Weights above this lie beside the graph: protobuf ends at 2 GB, and files beside it are mapped instead of copied."""
PART_BYTES = 2**30
ALIGNMENT = 4096
"""Weights begin at a page, so that they can be mapped."""
SMALL_BYTES = 1024
"""Tensors up to this size stay in the graph, where the runtime wants to read shapes."""


def save_graph(model: ir.Model, path: Path, *, part_bytes: int = PART_BYTES, inline_bytes: int = INLINE_BYTES) -> list[Path]:
    """Writes the graph, and its weights in parts `<name>.part-000`, ... where they are large. Returns all files."""
    weights = [(value, value.const_value) for value in model.graph.initializers.values() if value.const_value is not None]
    if sum(tensor.nbytes for _, tensor in weights) <= inline_bytes:
        ir.save(model, path)
        return [path]
    parts = write_parts([(value, tensor) for value, tensor in weights if tensor.nbytes > SMALL_BYTES], path, part_bytes)
    ir.save(model, path)
    return [path, *parts]


def write_parts(weights: list[tuple[ir.Value, ir.TensorProtocol]], path: Path, part_bytes: int) -> list[Path]:
    """Moves the weights out of the model, one after the other, so that there is never a second copy of all of them."""
    parts: list[Path] = []
    at, file = part_bytes, None
    for value, tensor in weights:
        data = tensor.tobytes()
        if file is None or (at > 0 and at + len(data) > part_bytes):
            if file is not None:
                file.close()
            parts.append(path.with_name(f"{path.name}.part-{len(parts):03d}"))
            file, at = parts[-1].open("wb"), 0
        file.write(data)
        value.const_value = ir.ExternalTensor(
            location=parts[-1].name,
            offset=at,
            length=len(data),
            dtype=tensor.dtype,
            shape=ir.Shape(tensor.shape.numpy()),
            name=str(value.name),
            base_dir=path.parent,
        )
        padding = -len(data) % ALIGNMENT
        file.write(b"\0" * padding)
        at += len(data) + padding
    if file is not None:
        file.close()
    return parts


def list_files(folder: Path, names: list[str]) -> dict[str, dict[str, Any]]:
    """What a manifest says of each file."""
    return {name: {"sha256": sha256_of(folder / name), "bytes": (folder / name).stat().st_size} for name in sorted(names)}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / "pack.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
