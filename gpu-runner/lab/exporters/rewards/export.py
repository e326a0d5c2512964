"""
`python -m lab.exporters.rewards.export FAMILY SOURCE PACK [options]`: a model that scores images, as a reward of a pack.

SOURCE is a folder or hub id of transformers' own layout. docs/packs.md says what each family needs.
"""

import argparse
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lab.exporters.files import list_files, save_graph, write_manifest
from lab.exporters.graphs import EXAMPLE_BATCH, export_graph
from lab.exporters.manifest import save_tokenizer, tokenizer_entry
from lab.exporters.pack import PRECISIONS
from lab.exporters.rewards.aesthetic import aesthetic_parts
from lab.exporters.rewards.check import check_reward, reference
from lab.exporters.rewards.contrastive import clip_score_parts, hps_parts, pick_score_parts, siglip_parts
from lab.exporters.rewards.counting import UNITS, counting_parts
from lab.exporters.rewards.parts import RewardParts, Scorer
from lab.exporters.rewards.question import question_parts

FAMILIES: dict[str, Callable[..., RewardParts]] = {
    "clip-score": clip_score_parts,
    "pick-score": pick_score_parts,
    "siglip": siglip_parts,
    "hps": hps_parts,
    "aesthetic": aesthetic_parts,
    "owlv2": counting_parts,
    "vqa-score": question_parts,
}

OPTIONS = ("text", "weights", "classes", "threshold", "measure", "answer")
"""Of some families only."""


def read_manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pack.json").read_text(encoding="utf-8"))


def export_reward(parts: RewardParts, folder: Path, name: str, *, precision: str = "float32", default: bool = False) -> list[str]:
    """Writes the graph and its tokenizer into the pack and lists them in its manifest, in the place of an older one of the name.

    Returns the files. The model is changed to the precision.
    """
    manifest = read_manifest(folder)
    graph = export_graph(Scorer(parts, PRECISIONS[precision]), example_inputs(parts, manifest["resolution"]), parts.outputs)
    file = f"reward-{name}.onnx"
    names = [path.name for path in save_graph(graph, folder / file)]
    entry: dict[str, Any] = {"file": file, "takes": parts.takes, "units": parts.units, **parts.facts}
    if parts.tokens is not None:
        names.append(save_tokenizer(parts.tokens, folder / f"tokenizer-{name}.json"))
        entry |= {"tokenizer": tokenizer_entry(parts.tokens, names[-1]), "text": parts.text}
    manifest["rewards"][name] = entry
    if default:
        manifest["default_reward"] = name
    manifest["files"] |= list_files(folder, names)
    write_manifest(folder, manifest)
    return names


def example_inputs(parts: RewardParts, resolution: list[int]) -> dict[str, torch.Tensor]:
    """In the order of the graph's inputs."""
    inputs = {"image": torch.rand(EXAMPLE_BATCH, 3, *resolution) * 2 - 1}
    if parts.tokens is not None:
        tensors = parts.tokens(parts.texts([""] * EXAMPLE_BATCH))
        inputs |= dict(zip(("input_ids", "input_mask"), tensors, strict=False))
    if parts.takes == "counts":
        inputs["target"] = torch.zeros(EXAMPLE_BATCH, len(parts.facts["classes"]))
    return inputs


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("source", help="a folder with config.json, or a hub id")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--name", help="of the reward in requests; that of the family unless said")
    parser.add_argument("--precision", choices=("float32", "float16"), default="float32")
    parser.add_argument("--default", action="store_true", help="what a request that names no reward is searched for")
    parser.add_argument("--check", action="store_true", help="compare with the Python original; writes the figures into the pack")
    parser.add_argument("--provider", choices=("cpu", "cuda"), default="cpu", help="of the check")
    parser.add_argument("--text", help="what is tokenized, with {prompt} in it")
    parser.add_argument("--weights", type=Path, help="hps: HPS_v2_compressed.pt; aesthetic: the head's file")
    parser.add_argument("--classes", nargs="+", help="owlv2: what is counted, each CLASS or CLASS:PLURAL")
    parser.add_argument("--threshold", type=float, help="owlv2: of a detection")
    parser.add_argument("--measure", choices=UNITS, help="owlv2: of the counts")
    parser.add_argument("--answer", help="vqa-score: one token")
    return parser.parse_args()


def plurals_of(classes: list[str]) -> dict[str, str]:
    """Name -> plural of CLASS:PLURAL; one that is not said is made by an "s"."""
    pairs = [each.partition(":") for each in classes]
    return {name: plural or f"{name}s" for name, _, plural in pairs}


def options_of(family: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was said of OPTIONS. Throws ValueError where the family does not take it, or needs what was not said."""
    known = inspect.signature(FAMILIES[family]).parameters
    options = {key: given[key] for key in OPTIONS if given[key] is not None}
    for key in OPTIONS:
        if key in options and key not in known:
            raise ValueError(f"{family} takes no --{key}")
        if key not in options and key in known and known[key].default is inspect.Parameter.empty:
            raise ValueError(f"{family} needs --{key}")
    return options


def main() -> None:
    arguments = read_arguments()
    if arguments.classes is not None:
        arguments.classes = plurals_of(arguments.classes)
    try:
        options = options_of(arguments.family, vars(arguments))
    except ValueError as error:
        raise SystemExit(str(error)) from error
    name = arguments.name or arguments.family
    height, width = read_manifest(arguments.pack)["resolution"]
    parts = FAMILIES[arguments.family](arguments.source, (height, width), **options)
    case = reference(parts, (height, width)) if arguments.check else None
    files = export_reward(parts, arguments.pack, name, precision=arguments.precision, default=arguments.default)
    print(f"{arguments.pack}: {name} in {', '.join(files)}")
    if case is not None:
        print(json.dumps(check_reward(arguments.pack, name, case, provider=arguments.provider), indent=1))


if __name__ == "__main__":
    main()
