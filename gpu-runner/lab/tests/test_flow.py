"""The coupling, the network's laws, and that training goes on where it was stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.codec.code import CHANNELS, EMPTY, TOKENS, encode, expected, facts_of
from lab.flow.assign import LEAST_COUNT, assign
from lab.flow.check import as_asked
from lab.flow.coupling import couple
from lab.flow.data import make_batch
from lab.flow.distill import TIMES, several
from lab.flow.network import Denoiser, velocity
from lab.flow.relate import WIDTH, lean
from lab.training.optimizer import orthogonalize
from lab.training.run import Run
from lab.world.layout import CELLS
from lab.world.prompt import Prompt, plain_caption, read_plain, sample_prompt
from lab.world.scene import sample_layout


def test_a_coupled_layout_lies_nearer_to_its_noise_than_random_ones() -> None:
    rng = np.random.default_rng(0)
    prompt = Prompt((("cat", 3), ("star", 4)), None, "pink")
    noise = rng.standard_normal((1, TOKENS, CHANNELS), dtype=np.float32)
    (coupled,), backgrounds = couple(noise, [prompt])
    assert coupled is not None
    others = [sample_layout(rng, prompt).things for _ in range(200)]
    latents = encode(facts_of([coupled, *others], backgrounds * 201))
    products = (latents * torch.from_numpy(noise)).sum((1, 2))
    assert products[0] > products[1:].max()


def test_coupled_layouts_are_spread_evenly_over_the_image() -> None:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((400, TOKENS, CHANNELS), dtype=np.float32)
    layouts, _ = couple(noise, [Prompt((("cat", 1),))] * 400)
    x = np.array([things[0].x + 14 for things in layouts if things])
    y = np.array([things[0].y + 14 for things in layouts if things])
    for centres in (x, y):
        assert abs(np.histogram(centres, 4, (0, 128))[0] / 400 - 0.25).max() < 0.12


def test_assigned_probabilities_add_up_to_the_counts() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, TOKENS, EMPTY + 1, generator=generator)
    counts = torch.zeros(2, EMPTY)
    counts[0, 3], counts[0, 7], counts[1, 20] = 7, 4, 1
    probabilities = assign(logits, counts, 100).softmax(-1)
    assert torch.allclose(probabilities.sum(2), torch.ones(2, TOKENS), atol=1e-4)
    assert torch.allclose(probabilities.sum(1)[:, :EMPTY], counts, atol=0.15)


@pytest.mark.parametrize("sharpness", [1, 10, 100, 1000])
@pytest.mark.parametrize("rounds", [3, 12])
def test_sums_by_products_are_those_by_logarithms(sharpness: float, rounds: int) -> None:
    generator = torch.Generator().manual_seed(1)
    logits = sharpness * torch.randn(8, TOKENS, EMPTY + 1, generator=generator)
    counts = torch.zeros(8, EMPTY)
    counts[:, 3], counts[:, 7] = 7, torch.arange(8)
    expected_logs = logits.double()
    wanted = torch.cat([counts, TOKENS - counts.sum(1, keepdim=True)], 1).clamp(min=LEAST_COUNT).double().log()[:, None]
    for _ in range(rounds):
        expected_logs = expected_logs + wanted - expected_logs.logsumexp(1, keepdim=True)
        expected_logs = expected_logs - expected_logs.logsumexp(2, keepdim=True)
    assert torch.allclose(assign(logits, counts, rounds).double().softmax(-1), expected_logs.exp(), atol=2e-5)


def test_every_coupled_layout_does_what_its_prompt_asks_and_a_shuffled_one_does_not() -> None:
    batch = make_batch(np.random.default_rng(6), 64)
    assert as_asked(batch.facts, batch).all()
    related = batch.axes >= 0
    assert 0.2 < related.float().mean() < 0.6
    turned = replace(
        batch.facts, classes=batch.facts.classes.flip(1), rows=batch.facts.rows.flip(1), columns=batch.facts.columns.flip(1)
    )
    assert not as_asked(turned, batch)[related].any()
    assert as_asked(turned, batch)[~related].all()


def test_a_mate_is_drawn_to_the_cells_before_its_anchor() -> None:
    anchor, mate, cell = 30, 41, 4 * CELLS + 5
    classes = torch.full((1, TOKENS, EMPTY + 1), -30.0)
    classes[..., EMPTY] = 0
    classes[0, cell, anchor] = 30
    relation = torch.zeros(1, WIDTH)
    relation[0, anchor] = relation[0, EMPTY + mate] = relation[0, 2 * EMPTY] = 1
    leant = lean(classes, relation, torch.ones(1, 1))
    assert leant[0, :, mate].argmax() in (1 * CELLS + 5, 2 * CELLS + 5)
    assert leant[0, cell, mate] < -6
    leant[..., mate] = 0
    assert not leant.any()
    assert not lean(classes, torch.zeros(1, WIDTH), torch.ones(1, 1)).any()


def test_a_path_to_be_distilled_is_seen_at_several_times() -> None:
    batch = make_batch(np.random.default_rng(7), 3)
    repeated = several(batch)
    assert len(repeated.ids) == 3 * TIMES
    assert torch.equal(repeated.noise[::TIMES], batch.noise)
    assert torch.equal(repeated.facts.classes[TIMES - 1 :: TIMES], batch.facts.classes)


def test_the_velocity_leads_to_the_expected_latent() -> None:
    torch.manual_seed(0)
    network = Denoiser()
    batch = make_batch(np.random.default_rng(2), 3)
    t = torch.tensor([1.0, 0.5, 0.1])
    conditioning = network.text(batch.ids)
    with torch.no_grad():
        reached = batch.noise - t[:, None, None] * velocity(network, batch.noise, t, conditioning)
        assert torch.allclose(reached, expected(network(batch.noise, t, conditioning)), atol=1e-5)


def test_a_prompt_is_read_alone_as_in_a_batch() -> None:
    torch.manual_seed(0)
    network = Denoiser()
    batch = make_batch(np.random.default_rng(3), 4)
    with torch.no_grad():
        together = velocity(network, batch.noise, torch.full((4,), 0.7), network.text(batch.ids))
        alone = velocity(network, batch.noise[2:3], torch.full((1,), 0.7), network.text(batch.ids[2:3]))
    assert torch.allclose(together[2:3], alone, atol=1e-5)


def test_batches_repeat_with_their_number() -> None:
    first, second = (make_batch(np.random.default_rng([1, 5]), 8) for _ in range(2))
    assert torch.equal(first.noise, second.noise)
    assert torch.equal(first.facts.classes, second.facts.classes)


def test_plain_captions_are_read_back() -> None:
    rng = np.random.default_rng(4)
    for _ in range(500):
        prompt = sample_prompt(rng)
        assert read_plain(plain_caption(prompt)) == prompt
    with pytest.raises(ValueError, match="not a plain caption"):
        read_plain("some cats")


def test_orthogonalized_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonalize(torch.randn(2, 24, 60)))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    run = Run("stage", tmp_path, minutes=1)
    run.count(64)
    run.save(weights=torch.ones(2))
    again = Run("stage", tmp_path, minutes=1)
    state = again.resume()
    assert state is not None
    assert torch.equal(state["weights"], torch.ones(2))
    assert (again.step, again.samples, again.progress()) == (1, 64, 0)
