"""A diffusers pipeline, from a folder or the hub, as a pack: `python -m lab.exporters.export SOURCE FOLDER [options]`.

The family is read from the pipeline. docs/packs.md says what each needs.
"""

import argparse
import json
import re
from pathlib import Path

import torch
from diffusers import DiffusionPipeline

from lab.exporters.check import check_pack, reference
from lab.exporters.pack import BITS, PRECISIONS, ExportOptions, export_pack, parts_of


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="a folder with model_index.json, or a hub id")
    parser.add_argument("folder", type=Path, help="the pack")
    parser.add_argument("--name", help="of the pack; that of its folder unless said")
    parser.add_argument("--version", default="1")
    parser.add_argument("--licence", required=True, help="of the weights, such as Apache-2.0")
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--guidance-scale", type=float, help="that of the family unless said")
    parser.add_argument("--price-class", choices=("small", "medium", "large"), default="large")
    parser.add_argument("--precision", choices=PRECISIONS, default="float16")
    parser.add_argument("--weights", choices=("same", *BITS), default="same", help="of the network's matrices")
    parser.add_argument("--check", action="store_true", help="compare with the pipeline; writes the figures into the pack")
    parser.add_argument("--check-steps", type=int, default=8)
    parser.add_argument("--provider", choices=("cpu", "cuda"), default="cpu", help="of the check")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    name = arguments.name or re.sub(r"[^a-z0-9]+", "-", arguments.folder.name.lower()).strip("-")
    options = ExportOptions(
        name=name,
        version=arguments.version,
        licence=arguments.licence,
        price_class=arguments.price_class,
        precision=arguments.precision,
        weights=arguments.weights,
    )
    dtype = torch.float32 if arguments.check else PRECISIONS[arguments.precision]
    pipeline = DiffusionPipeline.from_pretrained(arguments.source, dtype=dtype)
    parts = parts_of(pipeline, (arguments.height, arguments.width), arguments.guidance_scale)
    case = reference(pipeline, parts, steps=arguments.check_steps, seed=arguments.seed) if arguments.check else None
    manifest = export_pack(parts, arguments.folder, options)
    print(f"{arguments.folder}: {len(manifest['files'])} files, {sum(f['bytes'] for f in manifest['files'].values())} bytes")
    if case is not None:
        print(json.dumps(check_pack(arguments.folder, case, provider=arguments.provider), indent=1))


if __name__ == "__main__":
    main()
