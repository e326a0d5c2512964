"""A latent says what its layout says, and the decoder draws it there."""

import numpy as np
import torch

from lab.codec.code import CLASS_CODES, CLASS_NORM, EMPTY, FactLogits, encode, expected, facts_of, read_classes
from lab.codec.decoder import Decoder, in_blocks
from lab.codec.train import pictures
from lab.world.layout import SIZES, Thing
from lab.world.scene import sample_layout
from lab.world.vocabulary import CLASS_INDEX


def test_class_codes_lie_far_apart() -> None:
    unit = CLASS_CODES / CLASS_NORM
    cosines = unit @ unit.T - np.eye(len(unit))
    assert np.abs(cosines).max() < 0.3


def test_a_latent_can_be_read_back() -> None:
    rng = np.random.default_rng(0)
    layouts = [sample_layout(rng) for _ in range(50)]
    facts = facts_of([layout.things for layout in layouts], [layout.background for layout in layouts])
    assert torch.equal(read_classes(encode(facts)), facts.classes)


def test_the_expected_latent_of_certain_facts_is_their_latent() -> None:
    facts = facts_of([[Thing("cat", 20, 60, 28), Thing("red cube", 70, 70, 28)]], ["pink"])
    logits = FactLogits(
        *(
            50 * torch.nn.functional.one_hot(fact, entries).float()
            for fact, entries in (
                (facts.classes, EMPTY + 1),
                (facts.rows, 4),
                (facts.columns, 4),
                (facts.sizes, len(SIZES)),
                (facts.backgrounds[:, None].expand(-1, 64), 6),
            )
        )
    )
    assert torch.allclose(expected(logits), encode(facts), atol=1e-5)


def test_half_a_chance_of_a_thing_is_half_its_code() -> None:
    logits = FactLogits.split(torch.zeros(1, 64, FactLogits.WIDTH))
    logits.classes[0, 5] = -50
    logits.classes[0, 5, CLASS_INDEX["duck"]] = logits.classes[0, 5, EMPTY] = 0
    mean = expected(logits)[0, 5, : CLASS_CODES.shape[1]]
    assert torch.allclose(mean, torch.from_numpy(CLASS_CODES[CLASS_INDEX["duck"]]) / 2, atol=1e-5)


class _Stamp(Decoder):
    """Draws a full patch, white and opaque, wherever a class code is long."""

    def patches(self, looks: torch.Tensor) -> torch.Tensor:
        white = torch.ones(len(looks), 4, 40, 40) * (looks[:, :20].norm(dim=1) > 1)[:, None, None, None]
        return in_blocks(white)


def test_a_patch_lies_where_the_thing_stands() -> None:
    things = [Thing("cat", 2, 86, 40), Thing("star", 82, 6, 40)]
    image = _Stamp()(encode(facts_of([things], ["white"])))[0]
    expected_image = torch.full((128, 128), -1.0)
    for thing in things:
        expected_image[thing.y : thing.y + 40, thing.x : thing.x + 40] = 1
    assert torch.allclose(image, expected_image.expand(3, -1, -1), atol=0.02)


def test_patches_and_pictures_have_the_same_order() -> None:
    looks, patches = pictures()
    assert looks.shape == (120, 22)
    alpha = patches[..., 48:]
    assert 0.1 < alpha.mean() < 0.6
    assert patches.max() <= 1
    picture = torch.arange(4 * 40 * 40, dtype=torch.float32).view(1, 4, 40, 40)
    assert torch.equal(in_blocks(picture)[0, 2, 3].view(4, 4, 4), picture[0, :, 8:12, 12:16])
