"""What is asked about an image, what is seen in it, and how a slope goes back through a convolution."""

import numpy as np
import pytest
import torch

from lab.rewards.detector import JUDGE, REWARD, Detector, peaks
from lab.rewards.gradient import convolution_backward
from lab.rewards.meanings import ANY, meanings_of
from lab.rewards.questions import KINDS, LENGTH, ask, holds, ids_of, spoil
from lab.rewards.readers import ClassReader, TokenReader, background_of, unmatched
from lab.rewards.seen import bins, disturb, imagine, see
from lab.world.draw import draw
from lab.world.layout import STEP
from lab.world.prompt import plain_caption
from lab.world.scene import sample_layout
from lab.world.vocabulary import BACKGROUNDS, CLASS_INDEX


def test_a_layout_shows_its_own_prompt_and_no_spoilt_one() -> None:
    rng = np.random.default_rng(1)
    kinds = set()
    for _ in range(60):
        layout = sample_layout(rng)
        assert holds(layout.prompt, layout)
        for kind in KINDS:
            spoilt = spoil(rng, layout, kind)
            if spoilt is not None and spoilt != layout.prompt and not holds(spoilt, layout):
                kinds.add(kind)
    assert kinds == set(KINDS)


def test_about_half_of_the_questions_are_true() -> None:
    rng = np.random.default_rng(2)
    truths = [ask(rng, sample_layout(rng))[1] for _ in range(200)]
    assert 0.3 < np.mean(truths) < 0.6


def test_a_question_is_tokenized_as_the_runner_does_it() -> None:
    ids = ids_of("two cats, and one bear")
    assert len(ids) == LENGTH
    assert ids[:2] == [1, 1]  # "does", "this": unknown words
    assert ids_of("two cats") != ids_of("two dogs")


@pytest.mark.parametrize(
    ("caption", "numbers", "relation", "background"),
    [
        ("seven balloons and a bear on a pink background", {"balloon": 7, "bear": 1}, 0, "pink"),
        ("cats and dogs", {"cat": ANY, "dog": ANY}, 0, None),
        ("on a gray background, a red cube above a blue cone", {"red cube": 1, "blue cone": 1}, 1, "gray"),
        ("a green sphere on a blue cube on blue", {"green sphere": 1, "blue cube": 1}, 1, "blue"),
        ("an orange cone right of one red cube", {"orange cone": 1, "red cube": 1}, 4, None),
    ],
)
def test_a_caption_means_what_it_says(caption: str, numbers: dict[str, int], relation: int, background: str | None) -> None:
    meant = meanings_of([caption])
    named = {name: int(meant.numbers[0, CLASS_INDEX[name]]) for name in numbers}
    assert named == numbers
    assert int(meant.mentioned.sum()) == len(numbers)
    assert int(meant.relations[0]) == relation
    assert int(meant.backgrounds[0]) == (6 if background is None else list(BACKGROUNDS).index(background))


def test_perfect_peaks_are_seen_as_the_layout_is_imagined() -> None:
    rng = np.random.default_rng(3)
    layouts = [sample_layout(rng) for _ in range(8)]
    heat = torch.zeros(len(layouts), 48, 32, 32)
    for index, layout in enumerate(layouts):
        for thing in layout.things:
            row, column = ((edge + thing.size // 2) // STEP for edge in (thing.y, thing.x))
            heat[index, CLASS_INDEX[thing.name], row, column] = 1
    pixels = np.stack([draw(layout.things, layout.background) for layout in layouts])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    seen, imagined = see(images, heat), imagine(layouts)
    assert torch.equal(seen.counts, imagined.counts)
    assert torch.allclose(seen.places, imagined.places, atol=1e-5)
    right = background_of(seen.background).argmax(1) == torch.tensor([list(BACKGROUNDS).index(one.background) for one in layouts])
    assert right.float().mean() > 0.8  # a thing at the edge may hide a row


def test_bins_are_linear_between_whole_numbers() -> None:
    assert torch.allclose(bins(torch.tensor([2.25]))[0, :4], torch.tensor([0, 0, 0.75, 0.25]))
    numbers = torch.zeros(11)
    numbers[3] = 1
    assert unmatched(numbers, torch.tensor(3.0)) < 0.1 < 0.9 < unmatched(numbers, torch.tensor(4.0))


@pytest.mark.parametrize("reader", [TokenReader(), ClassReader()])
def test_an_answer_does_not_depend_on_the_batch(reader: TokenReader | ClassReader) -> None:
    rng = np.random.default_rng(4)
    layouts = [sample_layout(rng) for _ in range(5)]
    seen = disturb(imagine(layouts), torch.Generator().manual_seed(0))
    ids = torch.tensor([ids_of(plain_caption(layout.prompt)) for layout in layouts])
    whole = reader(ids, seen).logits
    alone = reader(ids[2:3], seen[torch.tensor([2])]).logits
    assert torch.allclose(whole[2:3], alone, atol=1e-5)


@pytest.mark.parametrize("shape", [REWARD, JUDGE])
def test_a_detector_sees_nothing_before_it_has_learned(shape: object) -> None:
    detector = Detector(REWARD if shape is REWARD else JUDGE)
    heat = peaks(detector(torch.zeros(1, 3, 128, 128)))
    assert heat.shape == (1, 48, 32, 32)
    assert heat.sum() == 0


@pytest.mark.parametrize(("kernel", "stride", "padding", "side"), [(3, 1, 1, 9), (2, 2, 0, 8), (6, 4, 1, 16), (3, 2, 1, 8)])
def test_the_backward_of_a_convolution_is_a_convolution(kernel: int, stride: int, padding: int, side: int) -> None:
    generator = torch.Generator().manual_seed(kernel)
    x = torch.randn(2, 3, side, side, generator=generator, requires_grad=True)
    weight = torch.randn(5, 3, kernel, kernel, generator=generator)
    y = torch.nn.functional.conv2d(x, weight, stride=stride, padding=padding)
    up = torch.randn(y.shape, generator=generator)
    (expected,) = torch.autograd.grad(y, x, up)
    args = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, [True, False, False])
    found, _, _ = convolution_backward(up, x.detach(), weight, None, *args)
    assert found is not None
    assert torch.allclose(found, expected, atol=1e-4)
