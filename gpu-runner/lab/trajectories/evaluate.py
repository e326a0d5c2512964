"""
`python -m lab.trajectories.evaluate --pack PACK`: how often one ODE sample of the pack's own graphs touches nothing, by its judge,
after 4, 10 and 30 even Euler steps and by the layout of the obstacles: what a search begins from.
Blocked are the prompts whose straight line from start to goal touches something. Needs no checkpoint.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from lab.trajectories.paths import LATENT, POINTS
from lab.trajectories.scenes import LAYOUTS, OBSTACLES, VOCABULARY, all_prompts

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

STEPS = (4, 10, 30)
SEED = 7
BY_LAYOUT = 10
"""Steps of the figures by layout: as many as the searches' defaults take for one sample."""


@dataclass(frozen=True)
class Scored:
    """Of each path [B]."""

    clear: NDArray[np.bool_]
    """The judge: no segment touches an obstacle, no point leaves the square."""
    rewards: Floats


class Graphs:
    """A pack of paths, run as the runner runs it."""

    def __init__(self, pack: Path) -> None:
        self.pack = pack
        self.tokenizer = Tokenizer.from_file(str(pack / "tokenizer.json"))
        self.encoder, self.network, self.decoder = self._open("encode"), self._open("velocity"), self._open("decode")
        self.reward, self.judge = self._open("reward-path"), self._open("judge-path")

    def _open(self, name: str) -> onnxruntime.InferenceSession:
        return onnxruntime.InferenceSession(self.pack / f"{name}.onnx", providers=["CPUExecutionProvider"])

    def ids_of(self, prompts: list[str]) -> Ids:
        """[B, LENGTH]"""
        return np.array([encoding.ids for encoding in self.tokenizer.encode_batch(prompts)])

    def sample(self, noise: Floats, ids: Ids, steps: int) -> Floats:
        """noise [B, MODES + 2, 2], ids [B, LENGTH] -> paths [B, POINTS, 2]"""
        ends, obstacles = self.encoder.run(["ends", "obstacles"], {"input_ids": ids})
        x = noise
        for step in range(steps):
            t = np.full(len(x), 1 - step / steps, np.float32)
            inputs = {"latents": x, "t": t, "ends": ends, "obstacles": obstacles}
            (velocity,) = self.network.run(["velocity"], inputs)
            x = x - velocity / np.float32(steps)
        (paths,) = self.decoder.run(["path"], {"latents": x})
        return paths

    def score(self, paths: Floats, ids: Ids) -> Scored:
        scored = {"path": paths, "input_ids": ids}
        (rewards,), (judged,) = self.reward.run(["reward"], scored), self.judge.run(["reward"], scored)
        return Scored(judged > 0.5, rewards)


def evaluate(graphs: Graphs, ids: Ids, steps: int) -> Scored:
    """Of one sample for each row; the noise is the same for any number of steps."""
    noise = np.random.default_rng(SEED).standard_normal((len(ids), *LATENT), np.float32)
    return graphs.score(graphs.sample(noise, ids, steps), ids)


def straight_lines(graphs: Graphs, ids: Ids) -> Floats:
    """From start to goal [B, POINTS, 2]"""
    (ends,) = graphs.encoder.run(["ends"], {"input_ids": ids})
    share = np.linspace(0, 1, POINTS, dtype=np.float32)[None, :, None]
    return ends[:, :1] * (1 - share) + ends[:, 1:] * share


def row(scored: Scored, blocked: NDArray[np.bool_], chosen: NDArray[np.bool_] | None = None) -> str:
    """What was found of the chosen ones, as cells of a table."""
    of = np.ones_like(blocked) if chosen is None else chosen
    return f"{scored.clear[of].mean():.3f} | {scored.clear[of & blocked].mean():.3f} | {scored.rewards[of].mean():.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    graphs, prompts = Graphs(options.pack), all_prompts()
    ids = graphs.ids_of(prompts * options.seeds)
    straight = graphs.score(straight_lines(graphs, ids), ids)
    blocked = ~straight.clear
    print(f"{len(prompts)} prompts, {blocked[: len(prompts)].sum()} of them blocked, {options.seeds} seeds each\n")
    print("| steps | touches nothing | of blocked ones | mean reward |\n| --- | ---: | ---: | ---: |")
    print(f"| the straight line | {row(straight, blocked)}")
    for steps in STEPS:
        print(f"| {steps} | {row(evaluate(graphs, ids, steps), blocked)}", flush=True)
    print(f"\n| layout, {BY_LAYOUT} steps | touches nothing | of blocked ones | mean reward |\n| --- | ---: | ---: | ---: |")
    scored = evaluate(graphs, ids, BY_LAYOUT)
    for layout in LAYOUTS:
        print(f"| {layout} | {row(scored, blocked, ids[:, OBSTACLES] == VOCABULARY[layout])}")


if __name__ == "__main__":
    main()
