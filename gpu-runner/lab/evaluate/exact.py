"""
`python -m lab.evaluate.exact --folder FOLDER --pack PACK --prompts FILE`: how often one ODE sample shows just what was asked,
by the pack's reward and by its judge, after 1, 4, 10 and 20 steps, and by the number of things.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from lab.codec.decoder import Decoder
from lab.evaluate.counter import Counter
from lab.export.pack import flow_of, load_average
from lab.flow.network import Denoiser
from lab.flow.sample import noise_of, walk
from lab.world.prompt import read_plain

STEPS = (1, 4, 10, 20)
BANDS = ((1, 3), (4, 6), (7, 10), (11, 15))
"""Things asked for, from and to."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"))
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(2)
    network, decoder = Denoiser().eval(), Decoder().eval()
    load_average(flow_of(options.folder), network)
    load_average(options.folder / "decoder.pt", decoder)
    captions = [line for line in options.prompts.read_text().splitlines() if line for _ in range(options.seeds)]
    prompts = [read_plain(caption) for caption in captions]
    totals = np.array([prompt.total for prompt in prompts])
    counters = {name: Counter(options.pack, name) for name in ("rewards", "judges")}
    noise = noise_of(range(len(captions)))
    print("| steps | by | exact | 1-3 things | 4-6 | 7-10 | 11-15 | mean reward |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for steps in STEPS:
        with torch.no_grad():
            images = decoder(walk(network, captions, noise, steps)[-1]).numpy()
        for name, counter in counters.items():
            counted = counter.count(images, prompts)
            bands = [(totals >= low) & (totals <= high) for low, high in ((1, 15), *BANDS)]
            shares = [f"{counted.exact[band].mean():.2f}" if band.any() else "-" for band in bands]
            print(f"| {steps} | {name} | {' | '.join(shares)} | {counted.rewards.mean():.2f} |", flush=True)


if __name__ == "__main__":
    main()
