"""Makes the fixtures of test/conformance/packs: `python -m lab.exporters.fixtures FOLDER [FAMILY...]`, a minute a family."""

import argparse
import shutil
from pathlib import Path
from typing import Any

import torch

from lab.exporters.cases import run_pipeline, save_case
from lab.exporters.pack import ExportOptions, export_pack, parts_of
from lab.exporters.tiny import TINY, tiny_pipeline

RESOLUTION = (32, 32)
STEPS = 4
PROMPTS = ("two cats below a tree", "An OWL who reads 3 newspapers, and a red cube: in a small café on a blue background", "")


VARIANTS: dict[str, dict[str, Any]] = {
    "auraflow-float16": {"precision": "float16"},
    "auraflow-bfloat16": {"precision": "bfloat16"},
    "auraflow-int8": {"weights": "int8"},
    "auraflow-int4": {"weights": "int4"},
    # Weights in several files beside the graphs.
    "auraflow-parts": {"inline_bytes": 0, "part_bytes": 2**17},
}
"""Other precisions and forms of a family, <family>-<variant>."""


def make_fixture(name: str, folder: Path) -> None:
    """`<folder>/<name>`: the pack, and the pipeline's images with and without guidance, of the same latents."""
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    variant = VARIANTS.get(name, {})
    pipeline = tiny_pipeline(name.rsplit("-", 1)[0] if variant else name)
    parts = parts_of(pipeline, RESOLUTION)
    cases = [("guided", True), ("plain", False)] if parts.guidance == "cfg" else [("guided", True)]
    for case, guided in cases:
        save_case(run_pipeline(pipeline, parts, PROMPTS, steps=STEPS, seed=1, guided=guided), target, case)
    options = ExportOptions(name=f"tiny-{name}", licence="Apache-2.0", price_class="small", **variant)
    export_pack(parts, target / "pack", options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("family", nargs="*", default=[*TINY, *VARIANTS])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.family:
        make_fixture(name, arguments.folder)
        print(name, "made", flush=True)


if __name__ == "__main__":
    main()
