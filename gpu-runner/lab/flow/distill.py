"""
`python -m lab.flow.distill --minutes N`: teaches a trained flow (FOLDER/flow.pt) to see at t = 1 what it would come to;
checkpoint and log are FOLDER/distilled.pt and FOLDER/distilled.log.

Reflow (Liu et al. 2022, arXiv 2209.03003) with a teacher that is the flow as it was: its ODE takes each noise to a sample, and
the student is trained on paths between the two, a part of them at t = 1 itself, as one-step models are. Where a sample does not do
what its prompt asks, the layout coupled with the noise takes its place, so the student does not learn the teacher's faults.
"""

from dataclasses import replace

import torch
from torch import Tensor

from lab.codec.code import Facts
from lab.flow.check import as_asked
from lab.flow.data import Batch, batches
from lab.flow.network import Denoiser
from lab.flow.sample import sample_facts
from lab.flow.train import Training, log_exact, optimizer_of, to_device, train, workers_for
from lab.training.optimizer import average_of
from lab.training.run import device, parse_run

SEED = 2
STEPS = 8
SHIFT = 3.0
"""The teacher's steps: more of them near noise, where a layout is decided."""
TIMES = 4
"""Times at which the student sees each path."""
FACTOR = 0.3
"""Of the learning rates of training."""


def main() -> None:
    run, options = parse_run("distilled", 30, __doc__)
    place = device()
    teacher = Denoiser().to(place).requires_grad_(False)
    teacher.load_state_dict(torch.load(options.folder / "flow.pt", map_location=place, weights_only=True)["average"])
    network = average_of(teacher).requires_grad_(True)
    average = average_of(network)
    optimizer = optimizer_of(network)
    state = run.resume()
    if state is not None:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        torch.manual_seed(run.step)
    held = to_device(next(batches(512, SEED + 1000, 0, 1)), place)
    log_exact(run, average, held)
    batched = (to_device(data, place) for data in batches(options.batch // TIMES, SEED, run.step, workers_for(place)))
    paths = ((several(taught(teacher, data)), sample_times(options.batch).to(place)) for data in batched)
    train(run, Training(network, average, optimizer), held, paths, FACTOR)


def taught(teacher: Denoiser, batch: Batch) -> Batch:
    """The batch with the teacher's samples as its facts, where they do what was asked."""
    sampled = sample_facts(teacher, batch, STEPS, SHIFT)
    right = as_asked(sampled, batch)
    chosen = {
        name: torch.where(right.view(-1, *[1] * (coupled.ndim - 1)), getattr(sampled, name), coupled)
        for name, coupled in vars(batch.facts).items()
    }
    return replace(batch, facts=Facts(**chosen))


def several(batch: Batch) -> Batch:
    """Each path TIMES times."""
    facts = Facts(**{name: fact.repeat_interleave(TIMES, 0) for name, fact in vars(batch.facts).items()})
    ids, noise, axes, pairs = (part.repeat_interleave(TIMES, 0) for part in (batch.ids, batch.noise, batch.axes, batch.pairs))
    return Batch(ids, noise, facts, axes, pairs)


def sample_times(size: int) -> Tensor:
    """One of each path's TIMES is 1; the others lie anywhere, with more weight on noise."""
    t = torch.sigmoid(0.6 + 1.2 * torch.randn(size))
    t[::TIMES] = 1
    return t


if __name__ == "__main__":
    main()
