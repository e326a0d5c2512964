"""
`python -m lab.rewards.train_vqa [--judge] --minutes N`: trains a reader; FOLDER/vqa.pt or FOLDER/vqa-judge.pt, and its log.

No image is drawn for it: what detectors see is imagined from layouts, with their errors (seen.py); evaluate.py then asks
about images. The judge is another reader, with another seed and other data.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lab.rewards.meanings import Meanings, meanings_of
from lab.rewards.questions import ask, ids_of
from lab.rewards.readers import ClassReader, TokenReader
from lab.rewards.seen import disturb, imagine
from lab.training.optimizer import average_of, move_average
from lab.training.run import parse_run
from lab.world.scene import Layout, sample_layout

POOL = 4000
"""Layouts, made once: each is asked about many times, never twice the same way."""
SEEDS = {"vqa": 11, "vqa-judge": 4242}
LEARNING_RATE = 3e-3


def new_reader(judge: bool) -> TokenReader | ClassReader:
    return ClassReader() if judge else TokenReader()


def questions(rng: np.random.Generator, layouts: list[Layout]) -> tuple[Tensor, Tensor, Meanings]:
    """One about each layout: ids [B, LENGTH], truths [B], and what it means."""
    asked = [ask(rng, layout) for layout in layouts]
    ids = torch.tensor([ids_of(caption) for caption, _, _ in asked])
    truths = torch.tensor([float(truth) for _, truth, _ in asked])
    return ids, truths, meanings_of([caption for caption, _, _ in asked])


def main() -> None:
    run, options = parse_run("vqa", 10, __doc__, flags=("judge",))
    run.name = "vqa-judge" if options.judge else "vqa"
    seed = SEEDS[run.name]
    torch.manual_seed(seed)
    reader = new_reader(options.judge)
    average = average_of(reader)
    optimizer = torch.optim.AdamW(reader.parameters(), LEARNING_RATE, betas=(0.9, 0.98), weight_decay=1e-4)
    state = run.resume()
    if state is not None:
        reader.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
    rng = np.random.default_rng([seed, run.step])
    generator = torch.Generator().manual_seed(seed + run.step)
    layouts = [sample_layout(rng) for _ in range(POOL)]
    imagined = imagine(layouts)
    losses: list[float] = []
    right: list[float] = []
    ended = False
    while not ended:
        chosen = torch.randint(POOL, (options.batch,), generator=generator)
        ids, truths, meant = questions(rng, [layouts[index] for index in chosen.tolist()])
        answer = reader(ids, disturb(imagined[chosen], generator), meant)
        loss = F.binary_cross_entropy_with_logits(answer.logits, truths)
        optimizer.zero_grad()
        (loss + answer.teaching).backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * run.learning_rate()
        optimizer.step()
        move_average(average, reader, run.step)
        run.count(options.batch)
        losses.append(loss.item())
        right.append(((answer.logits > 0) == (truths > 0.5)).float().mean().item())
        ended = run.progress() >= 1
        if run.step % 100 == 0 or ended:
            run.log(f"loss {np.mean(losses):.4f} teaching {answer.teaching.item():.4f} right {np.mean(right):.4f}")
            losses, right = [], []
            run.save(network=reader.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict())


if __name__ == "__main__":
    main()
