"""
`python -m lab.codec.train --minutes N`: trains the decoder; FOLDER/decoder.pt and FOLDER/decoder.log.

Every patch is regressed on the sprite it stands for, under noise and dimmed: a cell that is only half sure of its thing
draws it half transparent, so that a reward sees in an estimate how sure the model is. Backgrounds are the mean colours of
the world's scenes.
"""

import numpy as np
import torch
from torch import Tensor

from lab.codec.code import CLASS_CODES, SIZE_CODES, encode, facts_of
from lab.codec.decoder import PATCH, STROKES, Decoder, in_blocks
from lab.training.optimizer import MuonAdamW, average_of, move_average
from lab.training.run import device, parse_run
from lab.world.draw import draw
from lab.world.layout import SIZES
from lab.world.scene import Scene, draw_scene, sample_layout
from lab.world.sprites import load_sprites
from lab.world.vocabulary import BACKGROUNDS, CLASS_INDEX, COUNTABLE

MOST_NOISE = 0.15
"""Standard deviation; two classes' codes lie 2.4 apart."""
FAINT, SURE = 0.3, 0.7
"""Lengths of a class code, as shares of the whole, below which nothing is drawn and above which all of it is."""


def pictures() -> tuple[Tensor, Tensor]:
    """Looks [N, 22] of every class in each size that the world draws it in, and their patches in the order of `Decoder.patches`."""
    looks, patches = [], []
    for (name, size), sprite in load_sprites().items():
        if (size > 28) == (name in COUNTABLE):
            continue
        looks.append(np.concatenate([CLASS_CODES[CLASS_INDEX[name]], SIZE_CODES[SIZES.index(size)]]))
        margin = (PATCH - size) // 2
        patch = np.zeros((PATCH, PATCH, 4), np.float32)
        patch[margin : margin + size, margin : margin + size] = sprite / 255
        patches.append(patch.transpose(2, 0, 1))
    return torch.from_numpy(np.stack(looks)), in_blocks(torch.from_numpy(np.stack(patches)))


def disturb(looks: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
    """The same under noise, a third of them dimmed, their patches as faint as they are."""
    length = torch.where(torch.rand(len(looks), 1) < 0.35, torch.rand(len(looks), 1), 1.0)
    noise = MOST_NOISE * torch.rand(len(looks), 1) * (torch.rand(len(looks), 1) < 0.6) * torch.randn_like(looks)
    faintness = ((length - FAINT) / (SURE - FAINT)).clamp(0, 1)
    return looks * length + noise, patches * faintness[..., None, None]


def mean_skies() -> Tensor:
    """[backgrounds, 3, SIZE] in [0, 1]"""
    return torch.stack([torch.from_numpy(draw([], name)[:, 0].T.copy()).float() / 255 for name in BACKGROUNDS])


@torch.no_grad()
def begin_with_principal_strokes(decoder: Decoder, patches: Tensor) -> None:
    """Strokes span the pictures from the start; what is left to be learned is how much of each a look takes."""
    flat = patches.flatten(1)
    mean = flat.mean(0)
    _, lengths, directions = torch.linalg.svd(flat - mean, full_matrices=False)
    count = min(STROKES, len(lengths))
    decoder.strokes.bias.copy_(mean)
    decoder.strokes.weight[:, :count] = directions[:count].T * lengths[:count] / len(flat) ** 0.5


@torch.no_grad()
def reconstruct(decoder: Decoder, scenes: list[Scene]) -> Tensor:
    """[B, 3, SIZE, SIZE] in [-1, 1]: the scenes as the decoder draws their latents."""
    layouts = [scene.layout for scene in scenes]
    latents = encode(facts_of([layout.things for layout in layouts], [layout.background for layout in layouts]))
    images: Tensor = decoder(latents.to(next(decoder.parameters()).device))
    return images


def error_of(decoder: Decoder, scenes: list[Scene]) -> float:
    """Root mean square difference in 0..255 between scenes and their reconstructions."""
    drawn = (reconstruct(decoder, scenes).cpu() + 1) * 127.5
    truth = torch.from_numpy(np.stack([scene.image for scene in scenes])).permute(0, 3, 1, 2).float()
    return (drawn - truth).square().mean().sqrt().item()


def main() -> None:
    run, options = parse_run("decoder", 8, __doc__)
    place = device()
    decoder = Decoder().to(place)
    all_looks, all_patches = pictures()
    begin_with_principal_strokes(decoder, all_patches.to(place))
    with torch.no_grad():
        decoder.sky.copy_(mean_skies())
    decoder.sky.requires_grad_(False)
    average = average_of(decoder)
    matrices = [p for p in decoder.parameters() if p.ndim == 2 and p.shape[0] != 4 * PATCH * PATCH]
    rest = [p for p in decoder.parameters() if p.requires_grad and not any(p is m for m in matrices)]
    optimizer = MuonAdamW(matrices, rest, 0.01, 2e-3)
    state = run.resume()
    if state is not None:
        decoder.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        torch.manual_seed(run.step)
    rng = np.random.default_rng(77)
    held = [draw_scene(rng, sample_layout(rng)) for _ in range(48)]
    ended = False
    while not ended:
        chosen = torch.randint(len(all_looks), (options.batch * 2,))
        looks, patches = (part.to(place) for part in disturb(all_looks[chosen], all_patches[chosen]))
        drawn = decoder.patches(looks)
        loss = (drawn - patches).abs().mean() + (drawn - patches).square().mean()
        loss.backward()
        optimizer.step(run.learning_rate())
        move_average(average, decoder, run.step)
        run.count(len(looks))
        ended = run.progress() >= 1
        if run.step % 200 == 0 or ended:
            run.log(f"loss {loss.item():.5f} scenes' rms error of 255 {error_of(average, held):.2f}")
            run.save(network=decoder.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict())


if __name__ == "__main__":
    main()
