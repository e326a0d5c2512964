"""The clock, the log and the checkpoints of a stage."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

LONGEST_STEP_SECONDS = 10.0
"""A longer step was one in which the process was stopped; it does not count against the budget."""


@dataclass
class Run:
    """One stage in its folder: FOLDER/NAME.pt is its checkpoint, FOLDER/NAME.log its log."""

    name: str
    folder: Path
    minutes: float
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    """Of training, over all resumptions."""
    begun_at: float = 0.0
    """Seconds of training when this call began: its budget counts from there."""
    _last: float = field(default_factory=time.monotonic)

    @property
    def checkpoint(self) -> Path:
        return self.folder / f"{self.name}.pt"

    def progress(self) -> float:
        """Share of this call's budget that is used up; >= 1 means that it is time to end."""
        return (self.seconds - self.begun_at) / (self.minutes * 60)

    def count(self, samples: int) -> None:
        """Notes a finished step."""
        now = time.monotonic()
        self.seconds += min(now - self._last, LONGEST_STEP_SECONDS)
        self._last = now
        self.step += 1
        self.samples += samples

    def learning_rate(self) -> float:
        """A factor: rises over 50 steps, stays at 1, falls linearly in the last 40 % of the budget."""
        return min(1.0, (self.step + 1) / 50) * min(1.0, max(0.02, (1 - self.progress()) / 0.4))

    def log(self, line: str) -> None:
        text = f"step {self.step} samples {self.samples} minutes {self.seconds / 60:.1f} {line}"
        print(text, flush=True)
        with (self.folder / f"{self.name}.log").open("a") as file:
            file.write(text + "\n")

    def save(self, **state: Any) -> None:
        """Replaces the checkpoint as a whole."""
        written = self.checkpoint.with_suffix(".tmp")
        torch.save({**state, "run": (self.step, self.samples, self.seconds)}, written)
        written.replace(self.checkpoint)

    def resume(self) -> dict[str, Any] | None:
        """The last checkpoint's state, with the counters set to it; None where there is none."""
        if not self.checkpoint.exists():
            return None
        state: dict[str, Any] = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        self.step, self.samples, self.seconds = state["run"]
        self.begun_at = self.seconds
        return state


def parse_run(name: str, minutes: float, doc: str | None, flags: Sequence[str] = ()) -> tuple[Run, argparse.Namespace]:
    """The run that a stage's command line asks for: --folder, --minutes, --batch, --threads, and the stage's own flags."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--folder", type=Path, default=Path("lab-runs"), help="where checkpoints and logs are")
    parser.add_argument("--minutes", type=float, default=minutes, help="budget of this call; a checkpoint is gone on from")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2, help="of the CPU, beside one process that makes the data")
    for flag in flags:
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    return Run(name, options.folder, options.minutes), options


def device() -> torch.device:
    """CUDA where there is some."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
