"""
The network: what stands where, given a noisy latent, a time and a prompt.

It answers with probabilities of each cell's facts; their mean is the denoised latent, and the velocity follows from it.
Training such a network on cross-entropy is flow matching with a categorical posterior (Eijkelboom et al. 2024, "Variational
flow matching", arXiv 2406.04843; for diffusion Dieleman et al. 2022, arXiv 2211.15089).

Two things are not left to be learned from scratch. What a cell's own noisy numbers say of its facts is a linear score (the
log likelihood of a codebook vector in Gaussian noise), so the network adds to that score, with a gain that it learns for each
time. And the encoder reads what a prompt asks for: how many of each class, so probabilities are made to add up to it
(assign.py), and which thing stands where as seen from which (relate.py).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.codec.code import CHANNELS, CODES, CODES_OF_FACTS, EMPTY, TOKENS, FactLogits, expected
from lab.flow.assign import assign
from lab.flow.relate import lean
from lab.world.layout import AXES, CELLS, OFFSETS
from lab.world.prompt import MAX_COUNT
from lab.world.tokens import LENGTH, WORDS

WIDTH = 96
DEPTH = 4
HEADS = 3
HEAD = WIDTH // HEADS
TEXT_DEPTH = 2
FIRST_ROUNDS = 3
LAST_ROUNDS = 12
SURENESS = 6.0
"""Factor of the class logits in sampling; the figures behind it are in docs/results/model.md."""
LEAST_TIME = 0.02
"""Below it the velocity is that of a denoised estimate scaled down: dividing by t would magnify rounding."""


def normalize(x: Tensor) -> Tensor:
    """
    RMS norm over the last axis, in the form that onnxruntime knows: it makes one node of the six only where a gain comes last.
    """
    width = x.shape[-1]
    return x / ((x**2).mean(-1, keepdim=True) + torch.finfo(torch.float32).eps).sqrt() * torch.ones(width, device=x.device)


def time_features(t: Tensor, width: int) -> Tensor:
    """[B] in [0, 1] -> [B, width]: sines and cosines of falling frequencies."""
    frequencies = torch.exp(-9.210340371976184 * torch.arange(width // 2, device=t.device) / (width // 2))
    angles = t[:, None] * 1000 * frequencies
    return torch.cat([angles.cos(), angles.sin()], -1)


class TextBlock(nn.Module):
    """Self-attention among a prompt's words, then a feed-forward layer."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (split_heads(part) for part in self.qkv(normalize(x)).chunk(3, -1))
        x = x + self.out(join_heads(F.scaled_dot_product_attention(normalize(q), normalize(k), v)))
        update: Tensor = self.down(F.relu(self.up(normalize(x))).square())
        return x + update


class Conditioning(NamedTuple):
    """What a prompt says."""

    text: Tensor
    """[B, LENGTH, WIDTH]: its words in context"""
    counts: Tensor
    """[B, classes]"""
    relation: Tensor
    """[B, relate.WIDTH]: classes of anchor and mate, and the axis; 0 where there is no relation"""


class Said(NamedTuple):
    """A prompt's words as a block attends to them, [B, HEADS, LENGTH, HEAD] each."""

    keys: Tensor
    values: Tensor


class TextEncoder(nn.Module):
    """
    Token ids [B, LENGTH] -> Conditioning.

    Padding is a word like others: it tells how long the prompt is. Each word says which class it names, if any, how many of
    it, whether that is an anchor or a mate, and along which axis, if it speaks of one; counts and relation are the sums.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS), WIDTH)
        self.places = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(TextBlock() for _ in range(TEXT_DEPTH))
        self.names = nn.Linear(WIDTH, EMPTY + 1)
        self.numbers = nn.Linear(WIDTH, MAX_COUNT)
        self.roles = nn.Linear(WIDTH, 3)
        self.axes = nn.Linear(WIDTH, len(AXES) + 1)
        nn.init.normal_(self.words.weight, std=0.02)

    def forward(self, ids: Tensor) -> Conditioning:
        x = normalize(self.words(ids) + self.places)
        for block in self.blocks:
            x = block(x)
        x = normalize(x)
        names = self.names(x).softmax(-1)[..., :EMPTY]
        numbers = self.numbers(x).softmax(-1) @ torch.arange(1.0, MAX_COUNT + 1, device=x.device)
        anchors, mates, _ = self.roles(x).softmax(-1).split(1, -1)
        axes = self.axes(x).softmax(-1)[..., : len(AXES)]
        relation = torch.cat([anchors * names, mates * names, axes], -1).sum(1)
        return Conditioning(x, (names * numbers[..., None]).sum(1), relation)


class Block(nn.Module):
    """Cells attend to cells and to the prompt's words; gains depend on the time."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)
        self.sharpness = nn.Parameter(torch.full((HEADS, 1, 1), 1.5))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, said: Said, gains: tuple[Tensor, Tensor], turns: tuple[Tensor, Tensor]) -> Tensor:
        """x [B, TOKENS, WIDTH], gains [B, 1, WIDTH] before attention and before the layer after it"""
        # Queries, keys and values are heads of one array, for as long as the same is done with them.
        heads = self.qkv(normalize(x) * gains[0]).unflatten(-1, (3 * HEADS, HEAD)).transpose(1, 2)
        looking, values = heads.split([2 * HEADS, HEADS], 1)
        q, k = turn(normalize(looking), turns).chunk(2, 1)
        keys, values = torch.cat([k, said.keys], 2), torch.cat([values, said.values], 2)
        attention = (q * self.sharpness @ keys.transpose(2, 3) * HEAD**-0.5).softmax(-1)
        x = x + self.out(join_heads(attention @ values))
        lifted = F.relu(self.up(normalize(x) * gains[1]))
        update: Tensor = self.down(lifted * lifted)
        return x + update


class Denoiser(nn.Module):
    """
    Noisy latents, times and encoded prompts -> FactLogits.

    The facts are guessed twice: the cells' own scores are the first guess, half of the blocks come to the second, and the rest
    to the answer. Each guess says where in their cells the things would stand, and the blocks that follow see distances
    between those places: two things that would overlap are a matter of less than a cell.
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = TextEncoder()
        self.inp = nn.Linear(2 * CHANNELS, WIDTH)
        self.again = nn.Linear(CHANNELS, WIDTH)
        self.places = nn.Parameter(torch.randn(TOKENS, WIDTH) * 0.02)
        self.time = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU())
        self.gains = nn.Linear(WIDTH, DEPTH * 2 * WIDTH)
        self.score_gains = nn.Linear(WIDTH, 5)
        self.lean_gain = nn.Linear(WIDTH, 1)
        self.said = nn.Linear(WIDTH, 2 * DEPTH * WIDTH, bias=False)
        """Keys of the words for all blocks, then their values."""
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.head = nn.Linear(WIDTH, FactLogits.WIDTH)
        for layer in (self.gains, self.score_gains, self.lean_gain, self.head, self.again):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.score_gains.bias, 2.0)
        nn.init.constant_(self.lean_gain.bias, 0.5)

    def forward(self, latents: Tensor, t: Tensor, conditioning: Conditioning) -> FactLogits:
        """
        latents [B, TOKENS, CHANNELS], t [B], conditioning from `self.text`. What the pack samples with: the answer made surer
        of what stands where, so that a path keeps to what its first estimates show.
        """
        _, answer = self._logits(latents, t, conditioning)
        return answer.with_classes(assign(SURENESS * answer.classes, conditioning.counts, LAST_ROUNDS))

    def guesses(self, latents: Tensor, t: Tensor, conditioning: Conditioning) -> tuple[FactLogits, FactLogits]:
        """The second guess and the answer, as they are trained."""
        guess, answer = self._logits(latents, t, conditioning)
        return guess, answer.with_classes(assign(answer.classes, conditioning.counts, LAST_ROUNDS))

    def _said(self, text: Tensor) -> list[Said]:
        """What each block attends to of the words [B, LENGTH, WIDTH]."""
        keys, values = self.said(text).unflatten(-1, (2 * DEPTH * HEADS, HEAD)).transpose(1, 2).chunk(2, 1)
        return [Said(*both) for both in zip(normalize(keys).split(HEADS, 1), values.split(HEADS, 1), strict=True)]

    def _logits(self, latents: Tensor, t: Tensor, conditioning: Conditioning) -> tuple[FactLogits, FactLogits]:
        """The second guess, and the answer before its counts are made right."""
        text, counts, relation = conditioning
        at = self.time(time_features(t, WIDTH))
        gains = (1 + self.gains(at)).view(-1, 2 * DEPTH, WIDTH).split(1, 1)
        said = self._said(text)
        gain = self.lean_gain(at)
        scores = score(latents, self.score_gains(at))
        guess = FactLogits.split(scores)
        guess = guess.with_classes(assign(guess.classes, counts, FIRST_ROUNDS))
        leant = scores + lean(guess.classes, relation, gain)
        x = self.inp(torch.cat([latents, expected(guess)], -1)) + (self.places + at[:, None])
        turns = rotation(guess)
        for index, block in enumerate(self.blocks):
            if index == DEPTH // 2:
                guess = FactLogits.split(leant + self.head(normalize(x)))
                guess = guess.with_classes(assign(guess.classes, counts, FIRST_ROUNDS))
                leant = scores + lean(guess.classes, relation, gain)
                x = x + self.again(expected(guess))
                turns = rotation(guess)
            x = block(x, said[index], gains[2 * index : 2 * index + 2], turns)
        return guess, FactLogits.split(leant + self.head(normalize(x)))


def score(latents: Tensor, gains: Tensor) -> Tensor:
    """
    How well each cell's numbers match each codebook vector, times the gains [B, 5] of the five facts; 0 for "empty":
    [B, TOKENS, FactLogits.WIDTH].
    """
    codes = torch.from_numpy(CODES).to(latents.device)
    of_fact = torch.from_numpy(CODES_OF_FACTS).any(-1).float().to(latents.device)
    return (latents @ codes.T) * (gains @ of_fact)[:, None]


def velocity(network: Denoiser, latents: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
    """d x_t / d t of the linear interpolant, (x_t - x_0) / t, with the network's mean as x_0."""
    return (latents - expected(network(latents, t, conditioning))) / t.clamp(min=LEAST_TIME)[:, None, None]


def split_heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def rotation(guess: FactLogits) -> tuple[Tensor, Tensor]:
    """
    Cosines and sines [B, 1, TOKENS, HEAD] of rotary positions: half of the pairs turn by row, half by column, of where a thing
    would stand in each cell. Twice each: for both numbers of a pair.
    """
    shares = torch.cat([guess.rows.softmax(-1), guess.columns.softmax(-1)], -1)
    angles = (ANGLES.to(shares.device) + shares @ TURNS.to(shares.device))[:, None]
    return angles.cos(), angles.sin()


def turn(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary positions (Su et al. 2021, arXiv 2104.09864) of [B, heads, TOKENS, HEAD]; a pair is a number of either half."""
    cos, sin = turns
    return x * cos + (x @ QUARTER.to(x.device)) * sin


def _angles() -> tuple[Tensor, Tensor]:
    """Of a cell's middle [TOKENS, HEAD], and what each offset of a thing adds to them [2 x OFFSETS, HEAD]."""
    frequencies = 2.0 ** (1.5 - 0.5 * torch.arange(HEAD // 4))
    by_axis = torch.block_diag(frequencies, frequencies).repeat(1, 2)
    cells = torch.arange(TOKENS)
    inside = (torch.arange(OFFSETS) + 0.5) / OFFSETS - 0.5
    return torch.stack([cells // CELLS, cells % CELLS], 1).float() @ by_axis, torch.block_diag(inside, inside).T @ by_axis


ANGLES, TURNS = _angles()
QUARTER = torch.kron(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), torch.eye(HEAD // 2))
"""Turns every pair by a right angle, from the right."""
