"""The world does what its captions say."""

import numpy as np
import pytest

from lab.world.draw import draw
from lab.world.layout import CELLS, CLEARANCE, SIZE, Thing, place, random_priorities
from lab.world.prompt import MAX_TOTAL, Prompt, plain_caption, sample_caption, sample_prompt
from lab.world.scene import count_vector, sample_layout, scene
from lab.world.tokens import LENGTH, PAD, UNKNOWN, VOCABULARY, tokenize
from lab.world.vocabulary import CLASS_INDEX, CLASSES


def _centre(thing: Thing) -> tuple[float, float]:
    return thing.x + thing.size / 2, thing.y + thing.size / 2


def test_the_same_seed_gives_the_same_scene() -> None:
    first, second = (scene(np.random.default_rng(7)) for _ in range(2))
    assert first.layout == second.layout
    assert np.array_equal(first.image, second.image)


def test_a_layout_holds_what_its_prompt_asks_for() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        layout = sample_layout(rng)
        assert layout.counts == dict(layout.prompt.things)
        assert count_vector(layout.things).sum() == layout.prompt.total <= MAX_TOTAL


def test_things_lie_inside_the_image_apart_from_each_other_and_one_a_cell() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        layout = sample_layout(rng)
        cells = {tuple(int(c) // (SIZE // CELLS) for c in _centre(thing)) for thing in layout.things}
        assert len(cells) == len(layout.things)
        for index, thing in enumerate(layout.things):
            assert min(thing.x, thing.y) >= 0
            assert max(thing.x, thing.y) + thing.size <= SIZE
            for other in layout.things[:index]:
                apart = np.abs(np.subtract(_centre(thing), _centre(other))).max()
                assert apart >= CLEARANCE * thing.size - (1 if layout.prompt.relation else 0)  # related shapes touch


@pytest.mark.parametrize(
    ("relation", "axis", "sign"),
    [("on top of", 1, -1), ("below", 1, 1), ("to the left of", 0, -1), ("to the right of", 0, 1)],
)
def test_a_relation_holds_between_the_first_thing_and_the_second(relation: str, axis: int, sign: int) -> None:
    prompt = Prompt((("red cube", 1), ("blue cone", 1)), relation)
    rng = np.random.default_rng(3)
    for _ in range(50):
        first, second = sample_layout(rng, prompt).things
        assert (first.name, second.name) == ("red cube", "blue cone")
        difference = np.subtract(_centre(first), _centre(second))
        assert sign * difference[axis] >= 36
        assert abs(difference[1 - axis]) <= 4


def test_a_thing_stands_where_the_priorities_are_highest() -> None:
    priorities = random_priorities(np.random.default_rng(4), 1)
    priorities.cell[0, 0, 5, 2] = 50
    (layout,) = place([Prompt((("cat", 1),))], priorities)
    assert layout is not None
    assert [int(c) // 16 for c in _centre(layout[0])] == [2, 5]


def test_captions_fit_the_tokenizer_and_have_no_unknown_word() -> None:
    rng = np.random.default_rng(5)
    for _ in range(2000):
        prompt = sample_prompt(rng)
        for caption in (plain_caption(prompt), sample_caption(rng, prompt)):
            ids = tokenize(caption + " end")
            assert ids.index(UNKNOWN) + 1 + ids.count(PAD) == LENGTH, caption


def test_digits_are_read_as_number_words() -> None:
    assert tokenize("7 balloons, 4 bears") == tokenize("Seven balloons, four bears")


def test_ids_of_the_first_packs_words_stay() -> None:
    assert [VOCABULARY[word] for word in ("seven", "balloon", "turtles", "cube", "black")] == [21, 23, 69, 70, 83]
    assert (CLASS_INDEX["turtle"], CLASS_INDEX["red cube"], len(CLASSES)) == (23, 24, 48)


def test_an_image_differs_from_its_background_just_where_its_things_are() -> None:
    thing = Thing("red cube", 20, 60, 40)
    changed = (draw([thing], "white") != draw([], "white")).any(-1)
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 500
    assert (rows.min() >= 60, rows.max() < 100, columns.min() >= 20, columns.max() < 60) == (True,) * 4
