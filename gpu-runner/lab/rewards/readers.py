"""
Readers: from a question and what is seen in an image to the logit of "yes".

Both are sums of complaints: each part of the question that the image does not bear out takes some of the logit away, so
one fault is enough for a "no". They are of different make, so that the judge's errors are not the reward's:
`TokenReader` goes through the words and looks for the classes that each speaks of; `ClassReader` goes through the
classes and looks for the words that speak of each.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.rewards.questions import LENGTH
from lab.rewards.seen import BINS, Seen, bins
from lab.world.tokens import PAD, VOCABULARY
from lab.world.vocabulary import CLASSES

FACTS = BINS + 2


@dataclass(frozen=True)
class Answer:
    """Of B questions."""

    logits: Tensor
    """[B] of "yes\""""
    mentioned: Tensor
    """[B, 48] logits of a class being asked for; trained beside the answer, because it tells what a word means"""


def facts_of(seen: Seen) -> Tensor:
    """[B, 48, FACTS]: how many, and where."""
    return torch.cat([bins(seen.counts), seen.places], -1)


class Complaint(nn.Module):
    """
    Words [..., width] and what they look at [..., facts] -> [...] how far the one does not bear out the other, >= 0. Products of
    the two, because "seven" means another number of things than "six" does.
    """

    def __init__(self, width: int, facts: int, hidden: int) -> None:
        super().__init__()
        self.of_words = nn.Linear(width, 2 * hidden)
        self.of_facts = nn.Linear(facts, 2 * hidden)
        self.out = nn.Linear(hidden, 1)
        # Few complaints at first: a sum of many is a sure "no", from which nothing is learned.
        nn.init.constant_(self.out.bias, -3.0)

    def forward(self, words: Tensor, facts: Tensor) -> Tensor:
        (a, b), (c, d) = self.of_words(words).chunk(2, -1), self.of_facts(facts).chunk(2, -1)
        complaint: Tensor = F.softplus(self.out(F.silu(a + c) + b * d))[..., 0]
        return complaint


class TokenReader(nn.Module):
    """Convolutions over the words; each word looks at two classes, a subject and an object, and at the background."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.words = nn.Embedding(len(VOCABULARY), width)
        self.layers = nn.ModuleList([nn.Conv1d(width, width, 5, padding=2) for _ in range(3)])
        self.looks = nn.Linear(width, 2 * width)
        self.classes = nn.Parameter(torch.randn(len(CLASSES) + 1, width) * 0.5)
        """The last is nothing."""
        self.complaint = Complaint(width, 2 * FACTS + 2 + 6, 64)
        self.unasked = nn.Parameter(torch.tensor(1.0))
        self.trust = nn.Parameter(torch.tensor(2.0))

    def forward(self, ids: Tensor, seen: Seen) -> Answer:
        there = (ids != PAD).to(seen.counts.dtype)
        x = self.words(ids).transpose(1, 2)
        for layer in self.layers:
            x = x + F.silu(layer(x * there[:, None]))
        x = F.layer_norm(x.transpose(1, 2), x.shape[1:2])
        looks = self.looks(x).unflatten(-1, (2, -1)) @ self.classes.T / x.shape[-1] ** 0.5
        attention = looks.softmax(-1)
        facts = F.pad(facts_of(seen), (0, 0, 0, 1))
        subject, object_ = (attention[:, :, at] @ facts for at in (0, 1))
        apart = subject[..., BINS:] - object_[..., BINS:]
        background = seen.background[:, None].expand(-1, ids.shape[1], -1)
        complaints = self.complaint(x, torch.cat([subject, object_, apart, background], -1))
        spoken = (attention[:, :, 0, :-1] * there[..., None]).amax(1)
        unasked = (seen.counts * (1 - spoken)).sum(1)
        logits = self.trust - (complaints * there).sum(1) - F.softplus(self.unasked) * unasked
        return Answer(logits, torch.logit(spoken, 1e-4))


class ClassReader(nn.Module):
    """Self-attention over the words; each class asks the words for what is said of it, one more for the background."""

    def __init__(self, width: int = 48, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.words = nn.Embedding(len(VOCABULARY), width)
        self.positions = nn.Parameter(torch.randn(LENGTH, width) * 0.1)
        self.mixes = nn.ModuleList([nn.Linear(width, 3 * width) for _ in range(2)])
        self.outs = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.thinks = nn.ModuleList(
            [nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)) for _ in range(2)]
        )
        self.classes = nn.Parameter(torch.randn(len(CLASSES) + 1, width) * 0.5)
        """The last asks for the background."""
        self.keys = nn.Linear(width, width)
        self.silence = nn.Parameter(torch.zeros(width))
        """What a class hears that no word speaks of."""
        self.of_class = Complaint(width, FACTS + 1, 48)
        self.of_background = Complaint(width, 6, 24)
        self.mentioned = nn.Linear(width, 1)
        self.trust = nn.Parameter(torch.tensor(2.0))

    def forward(self, ids: Tensor, seen: Seen) -> Answer:
        mask = (ids != PAD)[:, None, None]
        x = self.words(ids) + self.positions
        for mix, out, think in zip(self.mixes, self.outs, self.thinks, strict=True):
            q, k, v = mix(F.layer_norm(x, x.shape[-1:])).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
            x = x + out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))
            x = x + think(F.layer_norm(x, x.shape[-1:]))
        scores = self.classes @ self.keys(x).transpose(1, 2) / x.shape[-1] ** 0.5
        scores = F.pad(scores.masked_fill(~mask[:, 0], -1e4), (1, 0))
        heard = scores.softmax(-1) @ torch.cat([self.silence.expand(len(ids), 1, -1), x], 1)
        present = (seen.counts > 0.5).to(x.dtype)[..., None]
        middle = (seen.places * present).sum(1, keepdim=True) / present.sum(1, keepdim=True).clamp(min=1)
        facts = torch.cat([bins(seen.counts), (seen.places - middle) * present, present], -1)
        complaints = self.of_class(heard[:, :-1], facts).sum(1) + self.of_background(heard[:, -1], seen.background)
        return Answer(self.trust - complaints, self.mentioned(heard[:, :-1])[..., 0])
