"""The shipped pack's weights are the networks' own: read back, they answer as its graphs do. A row has one answer."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from lab.codec.code import CHANNELS, TOKENS
from lab.export.graphs import Encode, Velocity, run_graph
from lab.export.read_back import read_decoder, read_flow, read_reader
from lab.flow.network import Conditioning
from lab.rewards.detector import REWARD, Detector, load_exported
from lab.rewards.export import Vqa
from lab.rewards.questions import ids_of
from lab.world.tokens import tokenize

PACK = Path(__file__).parents[2] / "packs" / "emoji-world"


def test_the_packs_graphs_are_these_networks() -> None:
    torch.manual_seed(0)
    network, decoder = read_flow(PACK).eval(), read_decoder(PACK).eval()
    ids = torch.tensor([tokenize(text) for text in ("two cats", "a red cube below a blue cone")])
    latents, t = torch.randn(2, TOKENS, CHANNELS), torch.tensor([1.0, 0.3])
    with torch.no_grad():
        said = Conditioning(*Encode(network)(ids))
        expected = [*said, Velocity(network)(latents, t, *said), decoder(latents)]
    feeds = {name: value.numpy() for name, value in ({"latents": latents, "t": t} | said._asdict()).items()}
    found = [
        *run_graph(PACK / "encode.onnx", {"input_ids": ids.numpy()}),
        *run_graph(PACK / "velocity.onnx", feeds),
        *run_graph(PACK / "decode.onnx", {"latents": latents.numpy()}),
    ]
    for ours, theirs in zip(expected, found, strict=True):
        assert np.abs(ours.numpy() - theirs).max() < 1e-4


def test_the_packs_reader_is_this_network() -> None:
    detector = load_exported(Detector(REWARD), PACK / "reward-count.onnx")
    ids = torch.tensor([ids_of(text) for text in ("two cats", "a red cube below a blue cone")])
    images = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = Vqa(detector, read_reader(PACK)).eval()(images, ids)
    (found,) = run_graph(PACK / "reward-vqa.onnx", {"image": images.numpy(), "input_ids": ids.numpy()})
    assert np.abs(expected.numpy() - found).max() < 1e-6


@pytest.mark.parametrize("file", ["velocity.onnx", "decode.onnx"])
def test_a_row_has_the_same_bits_in_every_batch_with_any_number_of_threads(file: str) -> None:
    torch.manual_seed(0)
    ids = np.array([tokenize(text) for text in ("two cats", "a red cube below a blue cone", "one bear and six stars", "a dog") * 2])
    feeds = {"latents": torch.randn(8, TOKENS, CHANNELS).numpy()}
    if file == "velocity.onnx":
        said = run_graph(PACK / "encode.onnx", {"input_ids": ids})
        feeds |= {"t": np.linspace(1, 0.02, 8, dtype=np.float32)} | dict(zip(Conditioning._fields, said, strict=True))
    alone = [run_graph(PACK / file, {name: value[row : row + 1] for name, value in feeds.items()})[0] for row in range(8)]
    for threads in (1, 2, 3):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(PACK / file, options, providers=["CPUExecutionProvider"])
        for batch in range(2, 9):
            (found,) = session.run(None, {name: value[8 - batch :] for name, value in feeds.items()})
            assert found.tobytes() == np.concatenate(alone[8 - batch :]).tobytes(), f"{threads} threads, batch {batch}"
