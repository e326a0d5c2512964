"""Makes the fixture of test/conformance/rewards: `python -m lab.exporters.rewards.fixtures FOLDER [NAME...]`.

A pack of 48 x 80 pixels with a reward of every family, and what the Python originals say. `hps` needs open_clip_torch.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import torch

from lab.exporters.pack import ExportOptions, export_pack, parts_of
from lab.exporters.rewards.check import reference, save_case
from lab.exporters.rewards.export import FAMILIES, export_reward
from lab.exporters.rewards.tiny import TINY, tiny_model
from lab.exporters.tiny import tiny_pipeline

RESOLUTION = (48, 80)
"""Neither square nor a multiple of what the models look at."""


def make_pack(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    options = ExportOptions(name="tiny-rewards", licence="Apache-2.0", price_class="small")
    export_pack(parts_of(tiny_pipeline("auraflow"), RESOLUTION), folder, options)


def make_reward(name: str, folder: Path) -> None:
    """Into the pack, and the case beside it."""
    with tempfile.TemporaryDirectory() as scratch:
        options = tiny_model(name, Path(scratch))
        parts = FAMILIES[TINY[name][0]](scratch, RESOLUTION, **options)
    save_case(reference(parts, RESOLUTION), name, folder / name)
    export_reward(parts, folder / "pack", name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("reward", nargs="*", default=[*TINY])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not (arguments.folder / "pack" / "pack.json").exists():
        make_pack(arguments.folder / "pack")
    for name in arguments.reward:
        make_reward(name, arguments.folder)
        print(name, "made", flush=True)


if __name__ == "__main__":
    main()
