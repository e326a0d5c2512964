from pathlib import Path

import numpy as np
import torch

from lab.trajectories.evaluate import Graphs, evaluate, straight_lines
from lab.trajectories.network import Velocity, sample
from lab.trajectories.paths import LATENT, MODE_SCALES, POINTS, decode, encode_ends
from lab.trajectories.planner import clear, gaps_of, make_data
from lab.trajectories.rewards import Judge, Reward
from lab.trajectories.scenes import LAYOUTS, PLACES, all_prompts, discs_of, ids_of, prompt_of, read
from lab.trajectories.train import turned

PACK = Path(__file__).parents[2] / "packs" / "trajectories"


def test_no_place_lies_in_an_obstacle() -> None:
    places = torch.tensor(list(PLACES.values()))[None]
    for layout in LAYOUTS:
        assert gaps_of(places, torch.tensor([discs_of(layout)])).min() > 0.06, layout


def test_the_planners_paths_join_their_ends_and_touch_nothing_turned_or_not() -> None:
    data = make_data(200, seed=3, batch=256)
    for latents, ends, obstacles in (data, turned(data, torch.Generator().manual_seed(1))):
        paths = decode(latents, 200)
        assert torch.allclose(paths[:, 0], ends[:, 0], atol=1e-5)
        assert torch.allclose(paths[:, -1], ends[:, 1], atol=1e-5)
        assert clear(paths, obstacles).float().mean() > 0.97
    bends = data[0][:, 2:5].std((0, 2))
    assert ((bends > 0.6) & (bends < 1.5)).all(), bends * MODE_SCALES[:3]


def test_the_same_seed_gives_the_same_paths() -> None:
    assert torch.equal(make_data(20, seed=4, batch=64)[0], make_data(20, seed=4, batch=64)[0])


def test_samples_of_any_weights_join_the_ends() -> None:
    ids = torch.tensor([ids_of("left", "top right", "a wall"), ids_of("top", "bottom", "one pillar")])
    ends, obstacles = read(ids)
    noise = torch.randn(2, *LATENT, generator=torch.Generator().manual_seed(0))
    latents = sample(Velocity(), noise, ends, obstacles, 10)
    assert torch.allclose(latents[:, :2], encode_ends(ends), atol=1e-4)


def test_reward_and_judge_know_a_wall() -> None:
    ids = torch.tensor([ids_of("left", "right", "a wall"), ids_of("left", "right", "a wall with a gap")])
    ends, _ = read(ids)
    straight = ends[:, :1] + torch.linspace(0, 1, POINTS)[None, :, None] * (ends[:, 1:] - ends[:, :1])
    assert Judge()(straight, ids).tolist() == [0, 1]
    through_wall, through_gap = Reward()(straight, ids).tolist()
    assert through_wall < -1
    assert -0.01 < through_gap <= 0


def test_the_judge_sees_a_disc_between_two_points() -> None:
    ids = torch.tensor([ids_of("left", "right", "a grid of pillars")])
    path = torch.full((1, POINTS, 2), 0.5)
    path[0, : POINTS // 2, 0], path[0, POINTS // 2 :, 0] = 0.06, 0.94
    assert Judge()(path, ids).item() == 0


def test_the_packs_graphs_say_what_the_modules_say() -> None:
    graphs = Graphs(PACK)
    ids = graphs.ids_of([prompt_of("left", "right", "a wall"), prompt_of("top", "bottom left", "a wall with a gap")])
    assert ids.tolist() == [ids_of("left", "right", "a wall"), ids_of("top", "bottom left", "a wall with a gap")]
    paths = graphs.sample(np.zeros((2, *LATENT), np.float32), ids, 4)
    assert np.allclose(paths[0, [0, -1]], [PLACES["left"], PLACES["right"]], atol=1e-3)
    scored = graphs.score(paths, ids)
    tensors = torch.tensor(paths), torch.tensor(ids)
    assert np.allclose(scored.rewards, Reward()(*tensors), atol=1e-4)
    assert scored.clear.tolist() == (Judge()(*tensors) > 0.5).tolist()


def test_the_pack_that_ships_goes_around_what_is_in_the_way() -> None:
    graphs = Graphs(PACK)
    ids = graphs.ids_of(all_prompts())
    blocked = ~graphs.score(straight_lines(graphs, ids), ids).clear
    assert blocked.mean() > 0.3
    assert evaluate(graphs, ids, 10).clear[blocked].mean() > 0.1
