"""Batches for the flow: prompts, noise and the layouts coupled with it, made by a process of their own."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from lab.codec.code import CHANNELS, TOKENS, Facts, facts_of
from lab.flow.coupling import couple
from lab.world.layout import AXES, class_indices, roles
from lab.world.prompt import Prompt, sample_caption, sample_prompt
from lab.world.tokens import tokenize


@dataclass(frozen=True)
class Batch:
    ids: Tensor
    """[B, LENGTH] int64"""
    noise: Tensor
    """[B, TOKENS, CHANNELS]"""
    facts: Facts
    """Of the layouts coupled with the noise."""
    axes: Tensor
    """[B] int64: index into AXES, -1 where a prompt has no relation"""
    pairs: Tensor
    """[B, 2] int64: classes of the mate and of the anchor, 0 where a prompt has no relation"""


def make_batch(rng: np.random.Generator, size: int) -> Batch:
    """Deterministic in the generator's state; layouts that find no room are left out and made up for."""
    prompts = [sample_prompt(rng) for _ in range(size + 4)]
    noise = rng.standard_normal((len(prompts), TOKENS, CHANNELS), dtype=np.float32)
    layouts, backgrounds = couple(noise, prompts)
    kept = [(i, layout) for i, layout in enumerate(layouts) if layout is not None][:size]
    chosen = [i for i, _ in kept]
    ids = torch.tensor([tokenize(sample_caption(rng, prompts[i])) for i in chosen])
    facts = facts_of([layout for _, layout in kept], [backgrounds[i] for i in chosen])
    axes, pairs = zip(*(_relation_of(prompts[i]) for i in chosen), strict=True)
    return Batch(ids, torch.from_numpy(noise[chosen]), facts, torch.tensor(axes), torch.tensor(pairs))


def _relation_of(prompt: Prompt) -> tuple[int, tuple[int, int]]:
    if prompt.relation is None:
        return -1, (0, 0)
    axis, mate, anchor = roles(prompt.relation)
    classes = class_indices(prompt)
    return AXES.index(axis), (classes[mate], classes[anchor])


class _Batches(IterableDataset[Batch]):
    def __init__(self, size: int, seed: int, first: int):
        self.size, self.seed, self.first = size, seed, first

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        every, step = (worker.num_workers, worker.id) if worker else (1, 0)
        step += self.first
        while True:
            yield make_batch(np.random.default_rng([self.seed, step]), self.size)
            step += every


def batches(size: int, seed: int, first: int, workers: int) -> Iterator[Batch]:
    """Endless batches; number n has its own generator, so that a resumed run goes on with new data."""
    loader = DataLoader(_Batches(size, seed, first), batch_size=None, num_workers=workers, prefetch_factor=4)
    return iter(loader)
