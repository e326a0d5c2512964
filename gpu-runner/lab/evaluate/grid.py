"""`python -m lab.evaluate.grid --folder FOLDER CAPTION... --out FILE.png`: one ODE sample of each caption, seeds 0, 1, 2, ..."""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lab.codec.decoder import Decoder
from lab.export.pack import flow_of, load_average
from lab.flow.network import Denoiser
from lab.flow.sample import noise_of, walk


def save_grid(images: Tensor, columns: int, path: Path) -> None:
    """Images [B, 3, H, W] in [-1, 1] in rows of `columns`; B must be a multiple of it."""
    pixels = ((images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    rows = [np.concatenate(list(pixels[start : start + columns]), 1) for start in range(0, len(pixels), columns)]
    Image.fromarray(np.concatenate(rows, 0)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captions", nargs="+")
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1, help="samples of each caption, one below the other")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    network, decoder = Denoiser().eval(), Decoder().eval()
    load_average(flow_of(options.folder), network)
    load_average(options.folder / "decoder.pt", decoder)
    captions = options.captions * options.seeds
    with torch.no_grad():
        images = decoder(walk(network, captions, noise_of(range(len(captions))), options.steps)[-1])
    save_grid(images, len(options.captions), options.out)


if __name__ == "__main__":
    main()
