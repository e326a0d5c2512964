"""
Readers: from a question and what is seen in an image to the logit of "yes".

Both work out what the words mean (numbers of classes, a relation, a background), and complain of each fact that the image does
not bear out: the logit is trust minus the complaints, so one fault is enough for a "no". They are of different make, so
that the judge's errors are not the reward's: `TokenReader` goes through the words and finds the class that each speaks of;
`ClassReader` goes through the classes and finds what the words say of each.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.rewards.meanings import ANY, NUMBER_WORDS, Meanings
from lab.rewards.questions import LENGTH
from lab.rewards.seen import Seen, bins
from lab.world.tokens import PAD, VOCABULARY
from lab.world.vocabulary import BACKGROUNDS, CLASSES

RELATIONS = 5
SKIES = len(BACKGROUNDS) + 1
SKY_SPREAD = 0.12


@dataclass(frozen=True)
class Answer:
    """Of B questions."""

    logits: Tensor
    """[B] of "yes\""""
    teaching: Tensor
    """How far what it understood is from what was meant; 0 where no meanings were given."""


class Complaint(nn.Module):
    """What is meant [..., meant] and what is seen [..., seen] -> [...] how far the one does not bear out the other, >= 0."""

    def __init__(self, meant: int, seen: int, hidden: int) -> None:
        super().__init__()
        self.of_meant = nn.Linear(meant, 2 * hidden)
        self.of_seen = nn.Linear(seen, 2 * hidden)
        self.out = nn.Linear(hidden, 1)
        # Few complaints at first: a sum of many is a sure "no", from which nothing is learned.
        nn.init.constant_(self.out.bias, -1.0)

    def forward(self, meant: Tensor, seen: Tensor) -> Tensor:
        (a, b), (c, d) = self.of_meant(meant).chunk(2, -1), self.of_seen(seen).chunk(2, -1)
        complaint: Tensor = F.softplus(self.out(F.silu(a + c) + b * d))[..., 0]
        return complaint


def unmatched(numbers: Tensor, counts: Tensor) -> Tensor:
    """
    Probabilities of numbers [..., NUMBER_WORDS] and counts [...] -> [...] 0 where the count is the number, 1 where it is another.
    Soft counts of a whole number of things are a little below it.
    """
    near = bins(counts * 1.03)
    there = 1 - near[..., 0]
    return 1 - (numbers[..., :ANY] * near).sum(-1) - numbers[..., ANY] * there


def background_of(rows: Tensor) -> Tensor:
    """Colours of the top and the bottom row [B, 6] -> [B, 6 backgrounds] how probably it is each; they are jittered a little."""
    colors = torch.tensor([[*top, *bottom] for top, bottom in BACKGROUNDS.values()], dtype=rows.dtype, device=rows.device)
    distances = (rows[:, None] - (colors / 127.5 - 1)).square().sum(-1)
    return (-distances / (2 * SKY_SPREAD**2)).softmax(-1)


class TokenReader(nn.Module):
    """Convolutions over the words; each finds a class and a number, all together a relation and a background."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.words = nn.Embedding(len(VOCABULARY), width)
        self.layers = nn.ModuleList([nn.Conv1d(width, width, 5, padding=2) for _ in range(3)])
        self.classes = nn.Linear(width, len(CLASSES) + 1)
        """The last is nothing."""
        self.numbers = nn.Linear(width, NUMBER_WORDS)
        self.whole = nn.Linear(width, RELATIONS + SKIES)
        self.roles = nn.Linear(width, 2)
        self.of_relation = Complaint(RELATIONS, 4, 32)
        self.weights = nn.Parameter(torch.tensor([5.0, 3.0, 5.0, 3.0]))
        """Of a wrong number, of what was not asked, of a wrong background, and trust."""

    def forward(self, ids: Tensor, seen: Seen, meant: Meanings | None = None) -> Answer:
        there = (ids != PAD).to(seen.counts.dtype)
        x = self.words(ids).transpose(1, 2)
        for layer in self.layers:
            x = x + F.silu(layer(x * there[:, None]))
        x = F.layer_norm(x.transpose(1, 2), x.shape[1:2])
        named = self.classes(x).softmax(-1)[..., :-1] * there[..., None]
        spoken = named.amax(1)
        share = named / named.sum(1, keepdim=True).clamp(min=1e-3)
        numbers = share.transpose(1, 2) @ self.numbers(x).softmax(-1)
        relation, sky = self.whole((x - 9 * (1 - there[..., None])).amax(1)).split([RELATIONS, SKIES], -1)
        roles = (self.roles(x) - 1e4 * (1 - there[..., None])).softmax(1)
        who = roles.transpose(1, 2) @ named
        places = who @ seen.places
        apart = places[:, 0] - places[:, 1]
        wrong = (spoken * unmatched(numbers, seen.counts)).sum(1)
        unasked = ((1 - spoken) * seen.counts).sum(1)
        number_weight, unasked_weight, sky_weight, trust = F.softplus(self.weights)
        complaints = number_weight * wrong + unasked_weight * unasked
        complaints = complaints + self.of_relation(relation.softmax(-1), torch.cat([apart, apart.abs()], -1))
        elsewhere = sky.softmax(-1)[:, :-1] * (1 - background_of(seen.background))
        complaints = complaints + sky_weight * elsewhere.sum(1)
        teaching = complaints.new_zeros(())
        if meant is not None:
            teaching = mentions_missed(torch.logit(spoken.clamp(1e-4, 1 - 1e-4)), meant)
            teaching = teaching + numbers_missed((numbers + 1e-4).log(), meant)
            teaching = teaching + F.cross_entropy(relation, meant.relations) + F.cross_entropy(sky, meant.backgrounds)
            related = meant.relations > 0
            for at, right in ((0, meant.subjects), (1, meant.objects)):
                teaching = teaching + F.nll_loss((who[related, at] + 1e-4).log(), right[related])
        return Answer(trust - complaints, teaching)


class ClassReader(nn.Module):
    """Self-attention over the words; each class asks the words what is said of it, one more asks for the background."""

    def __init__(self, width: int = 48, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.words = nn.Embedding(len(VOCABULARY), width)
        self.positions = nn.Parameter(torch.randn(LENGTH, width) * 0.1)
        self.before = nn.Conv1d(width, width, 3)
        """A word with the two before it: a number stands before its thing."""
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
        self.meaning = nn.Linear(width, 1 + NUMBER_WORDS + RELATIONS)
        self.sky = nn.Linear(width, SKIES)
        self.of_number = Complaint(1 + NUMBER_WORDS, NUMBER_WORDS, 32)
        self.of_role = Complaint(RELATIONS, 4, 32)
        self.of_sky = Complaint(SKIES, 6, 24)
        self.weights = nn.Parameter(torch.tensor([5.0, 3.0]))
        """Of a class that is asked for and not there, and trust."""

    def forward(self, ids: Tensor, seen: Seen, meant: Meanings | None = None) -> Answer:
        mask = (ids != PAD)[:, None, None]
        x = self.words(ids)
        x = x + self.before(F.pad(x.transpose(1, 2), (2, 0))).transpose(1, 2) + self.positions
        for mix, out, think in zip(self.mixes, self.outs, self.thinks, strict=True):
            q, k, v = mix(F.layer_norm(x, x.shape[-1:])).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
            x = x + out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))
            x = x + think(F.layer_norm(x, x.shape[-1:]))
        scores = self.classes @ self.keys(x).transpose(1, 2) / x.shape[-1] ** 0.5
        scores = F.pad(scores.masked_fill(~mask[:, 0], -1e4), (1, 0))
        heard = scores.softmax(-1) @ torch.cat([self.silence.expand(ids.shape[0], 1, -1), x], 1)
        mentioned, numbers, roles = self.meaning(heard[:, :-1]).split([1, NUMBER_WORDS, RELATIONS], -1)
        sky = self.sky(heard[:, -1])
        present = (seen.counts > 0.5).to(x.dtype)[..., None]
        middle = (seen.places * present).sum(1, keepdim=True) / present.sum(1, keepdim=True).clamp(min=1)
        apart = (seen.places - middle) * present
        known = torch.sigmoid(mentioned)
        asked = torch.cat([known, numbers.softmax(-1) * known], -1)
        counts = torch.cat([bins(seen.counts * 1.03), seen.counts[..., None]], -1)
        nothing = F.pad(x.new_ones(1), (0, RELATIONS - 1))
        said = roles.softmax(-1) * known + nothing * (1 - known)
        absent_weight, trust = F.softplus(self.weights)
        absent = (known[..., 0] * bins(seen.counts)[..., 0]).sum(1)
        complaints = self.of_number(asked, counts).sum(1) + absent_weight * absent
        complaints = complaints + self.of_role(said, torch.cat([apart, apart.abs()], -1)).sum(1)
        complaints = complaints + self.of_sky(sky.softmax(-1), background_of(seen.background))
        teaching = complaints.new_zeros(())
        if meant is not None:
            teaching = mentions_missed(mentioned[..., 0], meant) + numbers_missed(numbers.log_softmax(-1), meant)
            named = meant.mentioned > 0.5
            teaching = teaching + F.cross_entropy(roles[named], meant.roles[named])
            teaching = teaching + F.cross_entropy(sky, meant.backgrounds)
        return Answer(trust - complaints, teaching)


def mentions_missed(logits: Tensor, meant: Meanings) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, meant.mentioned, pos_weight=torch.tensor(8.0))


def numbers_missed(log_probabilities: Tensor, meant: Meanings) -> Tensor:
    named = meant.mentioned > 0.5
    return F.nll_loss(log_probabilities[named], meant.numbers[named])
