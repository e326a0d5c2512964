"""
`python -m lab.trajectories.train --minutes N`: makes the data (FOLDER/paths.pt, once) and trains the flow (FOLDER/trajectories.pt).
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from lab.training.optimizer import average_of, move_average
from lab.training.run import Run, parse_run
from lab.trajectories.network import Velocity, sample
from lab.trajectories.paths import LATENT, decode, encode_ends
from lab.trajectories.planner import clear, make_data

PATHS = 20_000
SEED = 5
LEARNING_RATE = 2e-3
LOG_EVERY = 500

Data = tuple[Tensor, Tensor, Tensor]


def turned(data: Data, generator: torch.Generator) -> Data:
    """The same paths in a turned or mirrored square, half of them walked the other way: sixteen times the data."""
    latents, ends, obstacles = data
    count = len(latents)
    signs = torch.randint(0, 2, (count, 1, 2), generator=generator) * 2.0 - 1
    swap = torch.rand(count, 1, 1, generator=generator) < 0.5
    back = torch.rand(count, 1, 1, generator=generator) < 0.5

    def turn(vectors: Tensor) -> Tensor:
        return torch.where(swap, vectors.flip(-1), vectors) * signs

    bends = turn(latents[:, 2:])
    # sin(pi k (1 - s)) is sin(pi k s) for odd k and its negative for even k.
    parity = torch.tensor([1.0, -1.0]).repeat(bends.shape[1] // 2)[:, None]
    ends, bends = torch.where(back, ends.flip(1), ends), torch.where(back, bends * parity, bends)
    ends = turn(ends - 0.5) + 0.5
    centres = turn(obstacles[..., :2] - 0.5) + 0.5
    there = obstacles[..., 2:] > 0
    obstacles = torch.cat([centres, obstacles[..., 2:]], 2) * there
    return torch.cat([encode_ends(ends), bends], 1), ends, obstacles


def batches(data: Data, size: int, first: int) -> Iterator[Data]:
    """Endless, turned at random; batch n has its own generator."""
    number = first
    while True:
        generator = torch.Generator().manual_seed(SEED + number)
        chosen = torch.randint(len(data[0]), (size,), generator=generator)
        yield turned((data[0][chosen], data[1][chosen], data[2][chosen]), generator)
        number += 1


def clear_share(network: Velocity, held: Data, steps: int) -> float:
    """Share of one ODE sample a scene that touch nothing."""
    _, ends, obstacles = held
    noise = torch.randn(len(ends), *LATENT, generator=torch.Generator().manual_seed(SEED))
    paths = decode(sample(network, noise, ends, obstacles, steps), 64)
    return clear(paths, obstacles).float().mean().item()


def train(run: Run, network: Velocity, data: Data, held: Data, *, batch: int) -> Velocity:
    """Until the budget is used up; gives the moving average of the weights."""
    average = average_of(network)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, betas=(0.9, 0.98), weight_decay=1e-4)
    state = run.resume()
    if state is not None:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
    total = 0.0
    for latents, ends, obstacles in batches(data, batch, run.step):
        generator = torch.Generator().manual_seed(SEED + 1_000_000 + run.step)
        t = torch.rand(len(latents), generator=generator).sqrt()
        noise = torch.randn(latents.shape, generator=generator)
        x = (1 - t)[:, None, None] * latents + t[:, None, None] * noise
        predicted = network(x, t, ends, obstacles)
        loss = (predicted - (noise - latents))[:, 2:].square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * run.learning_rate()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        move_average(average, network, run.step)
        run.count(batch)
        total += loss.item()
        ended = run.progress() >= 1
        if run.step % LOG_EVERY == 0 or ended:
            shares = " ".join(f"{clear_share(average, held, steps):.3f}" for steps in (4, 10, 30))
            run.log(f"loss {total / LOG_EVERY:.4f} clear at 4, 10, 30 steps {shares}")
            total = 0.0
            run.save(network=network.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict())
        if ended:
            break
    return average


def main() -> None:
    run, options = parse_run("trajectories", 5, __doc__)
    made = options.folder / "paths.pt"
    if not made.exists():
        torch.save(make_data(PATHS, SEED), made)
    data: Data = torch.load(made, weights_only=True)
    run.log(f"paths {len(data[0])}")
    held = make_data(400, SEED + 1)
    train(run, Velocity(), data, held, batch=options.batch)


if __name__ == "__main__":
    main()
