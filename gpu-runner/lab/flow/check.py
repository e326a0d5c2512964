"""Whether the facts of a latent do what its prompt asks: what an image's judge would say, without the image, in microseconds."""

import torch
from torch import Tensor
from torch.nn import functional as F

from lab.codec.code import EMPTY, FactLogits, Facts
from lab.flow.data import Batch
from lab.world.layout import CELLS, OFFSETS


def likeliest(logits: FactLogits) -> Facts:
    """The facts with the highest probabilities; the background by the mean over the cells."""
    classes, rows, columns, sizes = (part.argmax(-1) for part in (logits.classes, logits.rows, logits.columns, logits.sizes))
    return Facts(classes, rows, columns, sizes, logits.backgrounds.log_softmax(-1).sum(1).argmax(-1))


def as_asked(found: Facts, batch: Batch) -> Tensor:
    """[B] bool: each class as often as in the batch's own layouts, and the relation, where there is one, as it was asked for."""
    counts, wanted = (F.one_hot(facts.classes, EMPTY + 1).sum(1) for facts in (found, batch.facts))
    return (counts == wanted).all(1) & _related(found, batch)


def _related(found: Facts, batch: Batch) -> Tensor:
    """[B] bool: the mate lies further before its anchor along the axis than beside it; true where there is no relation."""
    mate, anchor = (_centre(found, wanted) for wanted in batch.pairs.unbind(1))
    way = anchor - mate
    axis = batch.axes.clamp(min=0)[:, None]
    along, across = way.gather(1, axis)[:, 0], way.gather(1, 1 - axis)[:, 0].abs()
    return (along > across) | (batch.axes < 0)


def _centre(facts: Facts, classes: Tensor) -> Tensor:
    """[B, 2] row and column, in steps, of the first cell that holds the class [B]."""
    cell = (facts.classes == classes[:, None]).float().argmax(1)
    rows, columns = (part.gather(1, cell[:, None])[:, 0] for part in (facts.rows, facts.columns))
    return torch.stack([cell // CELLS * OFFSETS + rows, cell % CELLS * OFFSETS + columns], 1)
