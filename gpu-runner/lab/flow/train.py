"""`python -m lab.flow.train --minutes N`: trains the flow; checkpoint and log are FOLDER/flow.pt and FOLDER/flow.log."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.codec.code import EMPTY, FactLogits, Facts, encode
from lab.flow.check import as_asked
from lab.flow.data import Batch, batches
from lab.flow.network import Denoiser
from lab.flow.sample import sample_facts
from lab.training.optimizer import MuonAdamW, average_of, move_average
from lab.training.run import Run, device, parse_run
from lab.world.layout import AXES

MUON_LR = 0.02
ADAM_LR = 3e-3
SEED = 1
GUESS_WEIGHT = 0.3
LOG_EVERY = 100
SAVE_EVERY = 300

Forward = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]


def sample_times(size: int) -> Tensor:
    """A third of them next to 1, where the layout is decided, the rest spread with more weight on noise."""
    late = 1 - 0.02 * torch.rand(size)
    spread = torch.sigmoid(0.6 + 1.2 * torch.randn(size))
    return torch.where(torch.rand(size) < 0.33, late, spread)


def loss_of(logits: FactLogits, facts: Facts) -> Tensor:
    """Cross-entropy of the facts in nats a token; offsets and sizes count where something stands."""
    there = facts.classes != EMPTY
    classes = F.cross_entropy(logits.classes.flatten(0, 1), facts.classes.flatten())
    of_things = [
        F.cross_entropy(guess[there], fact[there]) * there.float().mean()
        for guess, fact in ((logits.rows, facts.rows), (logits.columns, facts.columns), (logits.sizes, facts.sizes))
    ]
    everywhere = facts.backgrounds[:, None].expand(there.shape)
    backgrounds = F.cross_entropy(logits.backgrounds.flatten(0, 1), everywhere.flatten())
    return classes + sum(of_things, torch.zeros(())).to(classes) + 0.1 * backgrounds


def reading_loss(counts: Tensor, relation: Tensor, data: Batch) -> Tensor:
    """Squared error of what the encoder read; the flow cannot place what was misread."""
    wanted = F.one_hot(data.facts.classes, EMPTY + 1).sum(1)[:, :EMPTY]
    mate, anchor = F.one_hot(data.pairs, EMPTY).unbind(1)
    related = (data.axes >= 0)[:, None]
    truth = torch.cat([anchor * related, mate * related, F.one_hot(data.axes + 1, len(AXES) + 1)[:, 1:]], 1)
    return 0.1 * ((counts - wanted).square().sum(1) + (relation - truth).square().sum(1)).mean()


def losses(forward: Forward, x: Tensor, t: Tensor, data: Batch) -> tuple[Tensor, Tensor]:
    """What is to fall, and the answer's part of it."""
    guess, answer, counts, relation = forward(x, t, data.ids)
    answered = loss_of(FactLogits.split(answer), data.facts)
    guessed = loss_of(FactLogits.split(guess), data.facts)
    return answered + GUESS_WEIGHT * guessed + reading_loss(counts, relation, data), answered


def to_device(batch: Batch, place: torch.device) -> Batch:
    facts = Facts(*(getattr(batch.facts, name).to(place) for name in Facts.__dataclass_fields__))
    return Batch(batch.ids.to(place), batch.noise.to(place), facts, batch.axes.to(place), batch.pairs.to(place))


def optimizer_of(network: Denoiser) -> MuonAdamW:
    of_blocks = (".blocks.", ".said.")
    matrices = [p for name, p in network.named_parameters() if p.ndim == 2 and any(part in f".{name}" for part in of_blocks)]
    chosen = {id(p) for p in matrices}
    return MuonAdamW(matrices, [p for p in network.parameters() if id(p) not in chosen], MUON_LR, ADAM_LR)


def log_exact(run: Run, network: Denoiser, held: Batch) -> None:
    """Logs which shares of held-out counts and relations come out as asked after 1, 4 and 20 uniform steps."""
    shares = []
    related = held.axes >= 0
    for steps in (1, 4, 20):
        right = as_asked(sample_facts(network, held, steps), held).float()
        shares.append(f"{right[~related].mean():.3f}/{right[related].mean():.3f}")
    run.log("counts/relations right at 1, 4, 20 steps " + " ".join(shares))


def main() -> None:
    run, options = parse_run("flow", 60, __doc__)
    place = device()
    network = Denoiser().to(place)
    average = average_of(network)
    optimizer = optimizer_of(network)
    state = run.resume()
    if state is not None:
        network.load_state_dict(state["network"], strict=False)
        average.load_state_dict(state["average"], strict=False)
        if "optimizer" in state:
            optimizer.load_state_dict(state["optimizer"])
        torch.manual_seed(run.step)
    held = to_device(next(batches(256, SEED + 1000, 0, 1)), place)
    run.log(f"parameters {sum(p.numel() for p in network.parameters())}")
    batched = (to_device(data, place) for data in batches(options.batch, SEED, run.step, workers_for(place)))
    paths = ((data, sample_times(options.batch).to(place)) for data in batched)
    train(run, Training(network, average, optimizer), held, paths)


def compiled(network: Denoiser) -> Forward:
    """Noisy latents, times and ids to the guess, the answer (joined logits), the counts and the relation."""

    def forward(x: Tensor, t: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        conditioning = network.text(ids)
        guess, answer = network.guesses(x, t, conditioning)
        return guess.joined(), answer.joined(), conditioning.counts, conditioning.relation

    return torch.compile(forward)


@dataclass(frozen=True)
class Training:
    """What a checkpoint holds."""

    network: Denoiser
    average: Denoiser
    optimizer: MuonAdamW


def train(run: Run, training: Training, held: Batch, paths: Iterable[tuple[Batch, Tensor]], factor: float = 1.0) -> None:
    """Until the run's budget is spent. Each batch comes with the times [B] at which it is seen; factor is of the learning rates."""
    total = 0.0
    network, average, optimizer = training.network, training.average, training.optimizer
    forward = compiled(network)
    for data, t in paths:
        x = (1 - t)[:, None, None] * encode(data.facts) + t[:, None, None] * data.noise
        loss, answered = losses(forward, x, t, data)
        loss.backward()
        optimizer.step(factor * run.learning_rate())
        move_average(average, network, run.step)
        run.count(len(t))
        total += answered.item()
        if run.step % LOG_EVERY == 0:
            run.log(f"loss {total / LOG_EVERY:.4f}")
            total = 0.0
        ended = run.progress() >= 1
        if run.step % SAVE_EVERY == 0 or ended:
            run.save(network=network.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict())
            log_exact(run, average, held)
        if ended:
            return


def workers_for(place: torch.device) -> int:
    """Processes that make the data."""
    return 1 if place.type == "cpu" else 8


if __name__ == "__main__":
    main()
