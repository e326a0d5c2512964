"""
`python -m lab.evaluate.estimates --folder FOLDER --pack PACK --prompts FILE`: how well the reward of an early estimate foretells
that of the finished image. For each prompt, Spearman's rank correlation over seeds between the reward of the denoised
estimate at t and of the final image of a 20-step ODE; the mean over prompts whose rewards differ at all.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lab.codec.decoder import Decoder
from lab.evaluate.counter import Counter
from lab.export.pack import flow_of, load_average
from lab.flow.network import Denoiser
from lab.flow.sample import noise_of, walk
from lab.world.prompt import read_plain

STEPS = 20
SHOWN = (0, 2, 4, 8, 12, 16)


def ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Ranks from 0, equal values sharing the mean of theirs."""
    order = np.sort(values)
    return (np.searchsorted(order, values, "left") + np.searchsorted(order, values, "right") - 1) / 2


def rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Spearman's; nan where one of the two does not vary."""
    x, y = (ranks(values) - (len(values) - 1) / 2 for values in (a, b))
    spread = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / spread) if spread > 0 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--first", type=int, default=16, help="prompts of the file")
    parser.add_argument("--seeds", type=int, default=24)
    options = parser.parse_args()
    network, decoder = Denoiser().eval(), Decoder().eval()
    load_average(flow_of(options.folder), network)
    load_average(options.folder / "decoder.pt", decoder)
    counter = Counter(options.pack, "rewards")
    correlations: list[list[float]] = []
    for caption in options.prompts.read_text().splitlines()[: options.first]:
        captions = [caption] * options.seeds
        estimates = walk(network, captions, noise_of(range(options.seeds)), STEPS)
        rewards = []
        for index in (*SHOWN, STEPS - 1):
            with torch.no_grad():
                images = decoder(estimates[index]).numpy()
            rewards.append(counter.count(images, [read_plain(caption)] * options.seeds).rewards)
        correlations.append([rank_correlation(early, rewards[-1]) for early in rewards[:-1]])
    means = np.nanmean(np.array(correlations), 0)
    print("| t | rank correlation |\n| --- | --- |")
    for index, mean in zip(SHOWN, means, strict=True):
        print(f"| {1 - index / STEPS:.2f} | {mean:.2f} |")


if __name__ == "__main__":
    main()
