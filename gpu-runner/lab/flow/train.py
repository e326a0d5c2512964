"""`python -m lab.flow.train --minutes N`: trains the flow; checkpoint and log are FOLDER/flow.pt and FOLDER/flow.log."""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.codec.code import EMPTY, FactLogits, Facts, encode, expected
from lab.flow.data import Batch, batches
from lab.flow.network import Denoiser
from lab.training.optimizer import MuonAdamW, average_of, move_average
from lab.training.run import Run, device, parse_run

MUON_LR = 0.02
ADAM_LR = 3e-3
SEED = 1
GUESS_WEIGHT = 0.3
LOG_EVERY = 100
SAVE_EVERY = 300


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


def count_loss(counts: Tensor, facts: Facts) -> Tensor:
    """Squared error of the counts that the encoder read; the flow cannot place what was misread."""
    wanted = F.one_hot(facts.classes, EMPTY + 1).sum(1)[:, :EMPTY]
    return 0.1 * (counts - wanted).square().sum(1).mean()


def to_device(batch: Batch, place: torch.device) -> Batch:
    facts = Facts(*(getattr(batch.facts, name).to(place) for name in Facts.__dataclass_fields__))
    return Batch(batch.ids.to(place), batch.noise.to(place), facts)


def optimizer_of(network: Denoiser) -> MuonAdamW:
    matrices = [p for name, p in network.named_parameters() if p.ndim == 2 and ".blocks." in f".{name}"]
    chosen = {id(p) for p in matrices}
    return MuonAdamW(matrices, [p for p in network.parameters() if id(p) not in chosen], MUON_LR, ADAM_LR)


@torch.no_grad()
def count_right(network: Denoiser, batch: Batch, steps: int) -> float:
    """Share of a batch whose ODE samples of `steps` Euler steps hold just the classes and counts that were asked for."""
    conditioning = network.text(batch.ids)
    x = batch.noise
    times = torch.linspace(1, 0, steps + 1, device=x.device)
    facts = network(x, times[:1].expand(len(x)), *conditioning)
    for t, following in pairwise(times):
        facts = network(x, t.expand(len(x)), *conditioning)
        x = x + (following - t) * (x - expected(facts)) / t
    found = F.one_hot(facts.classes.argmax(-1), EMPTY + 1).sum(1)
    wanted = F.one_hot(batch.facts.classes, EMPTY + 1).sum(1)
    return (found == wanted).all(1).float().mean().item()


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
    train(run, network, average, optimizer, held, batch=options.batch, place=place)


def train(
    run: Run,
    network: Denoiser,
    average: Denoiser,
    optimizer: MuonAdamW,
    held: Batch,
    *,
    batch: int,
    place: torch.device,
) -> None:
    total = 0.0

    def forward(x: Tensor, t: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        text, counts = network.text(ids)
        guess, answer = network.guesses(x, t, text, counts)
        return guess.joined(), answer.joined(), counts

    forward = torch.compile(forward)
    for data in batches(batch, SEED, run.step, 1 if place.type == "cpu" else 8):
        data = to_device(data, place)
        t = sample_times(batch).to(place)
        x = (1 - t)[:, None, None] * encode(data.facts) + t[:, None, None] * data.noise
        guess, answer, counts = forward(x, t, data.ids)
        answered = loss_of(FactLogits.split(answer), data.facts)
        guessed = loss_of(FactLogits.split(guess), data.facts)
        (answered + GUESS_WEIGHT * guessed + count_loss(counts, data.facts)).backward()
        optimizer.step(run.learning_rate())
        move_average(average, network, run.step)
        run.count(batch)
        total += answered.item()
        if run.step % LOG_EVERY == 0:
            run.log(f"loss {total / LOG_EVERY:.4f}")
            total = 0.0
        ended = run.progress() >= 1
        if run.step % SAVE_EVERY == 0 or ended:
            run.save(network=network.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict())
            exact = [count_right(average, held, steps) for steps in (1, 4, 20)]
            run.log("exact at 1, 4, 20 steps " + " ".join(f"{share:.3f}" for share in exact))
        if ended:
            return


if __name__ == "__main__":
    main()
