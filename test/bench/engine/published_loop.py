"""
`python published_loop.py --pack FOLDER --threads N --nfe N --device NAME`: Rollover budget forcing by PyTorch, as its authors publish the loop.

Kim et al., "Inference-time scaling for flow models" (arXiv 2503.19385), sections 4 to 6: the VP interpolant over a linear flow,
an SDE with g = 3 t^2, ten steps of t = sqrt(1 - (1 - v)^2), candidates one by one, what is left of a step's quota rolls over.
One lane, batch 1. Written from the equations. Network, decoder and reward are eager PyTorch modules with the weights of the pack.

Reads lines of JSON {"ids", "target", "seed"}; answers each with {"nfe", "seconds", "reward"}.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from lab.export.read_back import read_decoder, read_flow
from lab.flow.network import velocity
from lab.rewards.detector import REWARD, Detector, load_exported
from lab.rewards.export import Count

STEPS = 10
NORM = 3.0
INITIAL = 25
BETA_MIN, BETA_MAX = 0.1, 20.0


def alpha_sigma(t: float) -> tuple[float, float]:
    integral = t * (t * (BETA_MAX - BETA_MIN) / 2 + BETA_MIN)
    return math.exp(-integral / 2), math.sqrt(-math.expm1(-integral))


def derivatives(t: float) -> tuple[float, float]:
    alpha, sigma = alpha_sigma(t)
    rate = t * (BETA_MAX - BETA_MIN) + BETA_MIN
    return -alpha * rate / 2, alpha * alpha * rate / (2 * sigma)


class Search:
    """The walk of one generation. States are those of the VP interpolant; the network sees them scaled to its linear one."""

    def __init__(self, folder: Path, device: str) -> None:
        self.device = torch.device(device)
        self.flow = read_flow(folder).eval().to(self.device)
        self.decoder = read_decoder(folder).eval().to(self.device)
        self.reward = Count(load_exported(Detector(REWARD), folder / "reward-count.onnx")).eval().to(self.device)
        self.grid = [math.sqrt(1 - (i / STEPS) ** 2) for i in range(STEPS + 1)]

    def evaluate(self, x: Tensor, t: float) -> tuple[Tensor, Tensor, float]:
        """The denoised estimate, the noise it implies and the estimate's reward: one NFE."""
        alpha, sigma = alpha_sigma(t)
        time_of_linear = sigma / (alpha + sigma)
        x_linear = x / (alpha + sigma)
        u = velocity(self.flow, x_linear, torch.tensor([time_of_linear], device=self.device), self.conditioning)
        denoised = x_linear - time_of_linear * u
        noise = x_linear + (1 - time_of_linear) * u
        reward = self.reward(self.decoder(denoised), self.target)
        self.nfe += 1
        return denoised, noise, float(reward[0])

    def mean_and_fresh(self, denoised: Tensor, noise: Tensor, step: int) -> tuple[Tensor, float]:
        """Euler-Maruyama from one grid time to the next: the mean, and the deviation of what is drawn."""
        t, h = self.grid[step], self.grid[step] - self.grid[step + 1]
        alpha, sigma = alpha_sigma(t)
        d_alpha, d_sigma = derivatives(t)
        g = NORM * t * t
        drift = d_alpha * denoised + d_sigma * noise + g * g / (2 * sigma) * noise
        return alpha * denoised + sigma * noise - h * drift, g * math.sqrt(h)

    @torch.inference_mode()
    def run(self, *, ids: list[int], target: list[float], seed: int, nfe: int) -> float:
        """Spends the NFEs and returns the reward of the image."""
        generator = torch.Generator(self.device).manual_seed(seed)
        self.nfe = 0
        self.conditioning = self.flow.text(torch.tensor([ids], device=self.device))
        self.target = torch.tensor([target], device=self.device)
        shape = (1, 64, 32)
        left, bar, rolled = nfe, -math.inf, 0
        mean, fresh = torch.zeros(shape, device=self.device), 1.0
        for step in range(STEPS):
            after = STEPS - 1 - step
            if step == 0:
                quota = min(INITIAL, nfe // 4, left - after)
            elif after == 0:
                quota = left
            else:
                quota = max(1, min((left - rolled) // (after + 1) + rolled, left - after))
            best: tuple[Tensor, Tensor, float] | None = None
            drawn = 0
            highest = bar
            while drawn < quota:
                one = self.evaluate(mean + fresh * torch.randn(shape, generator=generator, device=self.device), self.grid[step])
                drawn += 1
                highest = max(highest, one[2])
                if best is None or one[2] > best[2]:
                    best = one
                if step > 0 and after > 0 and one[2] > bar:
                    best = one
                    break
            assert best is not None
            left, bar, rolled = left - drawn, highest, quota - drawn
            if after > 0:
                mean, fresh = self.mean_and_fresh(best[0], best[1], step)
        return best[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--nfe", type=int, required=True)
    parser.add_argument("--device", required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    search = Search(options.pack, options.device)
    for line in sys.stdin:
        start = time.perf_counter()
        reward = search.run(**json.loads(line), nfe=options.nfe)
        print(json.dumps({"nfe": search.nfe, "seconds": time.perf_counter() - start, "reward": reward}), flush=True)


if __name__ == "__main__":
    main()
