"""The exporters: preprocessing to the bit, weights by their names, suppression, quantisation, files beside a graph."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("transformers", reason="exporters need the extra `export`")

import onnx_ir as ir
from transformers import CLIPImageProcessorPil, CLIPModel, Owlv2ImageProcessorPil, SiglipImageProcessorPil

from lab.exporters.files import ALIGNMENT, list_files, save_graph
from lab.exporters.graphs import constant_graph, export_graph
from lab.exporters.quantize import pack_blocks, quantize_weights, store_as_bfloat16
from lab.exporters.rewards.check import patterns
from lab.exporters.rewards.contrastive import hps_pixels
from lab.exporters.rewards.counting import count_greedily, keep_apart, measure_counts
from lab.exporters.rewards.export import OPTIONS, options_of, plurals_of
from lab.exporters.rewards.open_clip import from_open_clip
from lab.exporters.rewards.preprocess import longest_side_steps, pillow_steps, square_steps
from lab.exporters.rewards.tiny import tiny_model

SIZES = [(48, 80), (80, 48), (64, 64), (32, 32), (37, 51), (20, 24)]


def images_of(size: tuple[int, int]) -> tuple[list[Image.Image], torch.Tensor]:
    """The same images for a processor and for a graph."""
    pixels = patterns(size, seed=3)
    return [Image.fromarray(each) for each in pixels], torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "processor",
    [
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        SiglipImageProcessorPil(size={"height": 32, "width": 32}),
        SiglipImageProcessorPil(size={"height": 24, "width": 40}, resample=2),
    ],
)
def test_resizing_is_pillows_to_the_bit(processor: CLIPImageProcessorPil, size: tuple[int, int]) -> None:
    images, tensor = images_of(size)
    expected = processor(images=images, return_tensors="pt").pixel_values
    found = pillow_steps(processor, size)(tensor)
    # One level of 255 would be 0.004 and more.
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_owlv2_shrinks_and_pads_as_its_processor_does(size: tuple[int, int]) -> None:
    pytest.importorskip("scipy")
    processor = Owlv2ImageProcessorPil(size={"height": 32, "width": 32})
    images, tensor = images_of(size)
    expected = processor(images=images, return_tensors="pt").pixel_values
    assert torch.allclose(square_steps(processor, size)(tensor), expected, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_hps_pads_the_shorter_side(size: tuple[int, int]) -> None:
    mean, std = [0.48, 0.46, 0.41], [0.27, 0.26, 0.28]
    images, tensor = images_of(size)
    expected = torch.stack([hps_pixels(each, 32, mean, std) for each in images])
    assert torch.allclose(longest_side_steps(32, size, mean, std)(tensor), expected, atol=1e-4)


def test_processors_that_do_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="resize, rescale and normalise"):
        pillow_steps(SiglipImageProcessorPil(do_rescale=False), (32, 32))
    with pytest.raises(ValueError, match="filter 1"):
        pillow_steps(SiglipImageProcessorPil(resample=1), (32, 32))
    with pytest.raises(ValueError, match="smaller than the crop"):
        pillow_steps(CLIPImageProcessorPil(size={"shortest_edge": 30}, crop_size={"height": 32, "width": 32}), (48, 80))


def test_weights_of_open_clip_find_their_places(tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip")
    state = torch.load(tiny_model("hps", tmp_path)["weights"], weights_only=True)["state_dict"]
    ours = CLIPModel.from_pretrained(tmp_path).eval()
    ours.load_state_dict(from_open_clip(state))
    text, heads = ours.config.text_config, ours.config.vision_config.num_attention_heads
    tower = {"layers": 2, "width": 32, "mlp_ratio": 37 / 32}
    theirs = open_clip.model.CLIP(
        embed_dim=16,
        vision_cfg={**tower, "image_size": 32, "head_width": 32 // heads, "patch_size": 8},
        text_cfg={**tower, "heads": 4, "context_length": text.max_position_embeddings, "vocab_size": text.vocab_size},
    ).eval()
    theirs.load_state_dict(state)
    # The largest id ends the text in both.
    ids = torch.randint(0, text.eos_token_id, (2, text.max_position_embeddings))
    ids[:, 9:] = text.eos_token_id
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        outputs = ours(pixel_values=pixels, input_ids=ids)
        assert torch.allclose(outputs.image_embeds, theirs.encode_image(pixels, normalize=True), atol=1e-5)
        assert torch.allclose(outputs.text_embeds, theirs.encode_text(ids, normalize=True), atol=1e-5)
    with pytest.raises(ValueError, match=r"visual\.other is no weight"):
        from_open_clip({"visual.other": torch.zeros(1)})


def test_suppression_keeps_what_the_greedy_one_keeps() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        centres = torch.rand(40, 2, generator=generator) * 0.4
        boxes = torch.cat([centres, 0.2 + torch.rand(40, 2, generator=generator) * 0.1], dim=1)
        labels = torch.randint(0, 2, (40,), generator=generator)
        scores = torch.rand(40, generator=generator).sort(descending=True).values
        kept = keep_apart(boxes[None], labels[None], torch.ones(1, 40))[0]
        corners = torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], dim=1)
        expected = count_greedily({"scores": scores, "labels": labels, "boxes": corners}, 2)
        assert [float(kept[labels == each].sum()) for each in range(2)] == expected
        assert sum(expected) < 40


def test_counts_are_measured_on_the_classes_asked() -> None:
    counts, target = torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([[1.0, -1.0, 2.0]])
    assert float(measure_counts(counts, target, "rss")) == -4
    assert float(measure_counts(counts, target, "accuracy")) == 0.5


def test_options_of_another_family_are_refused_by_name() -> None:
    nothing = dict.fromkeys(OPTIONS)
    assert options_of("owlv2", {**nothing, "classes": {"cat": "cats"}}) == {"classes": {"cat": "cats"}}
    with pytest.raises(ValueError, match="hps needs --weights"):
        options_of("hps", nothing)
    with pytest.raises(ValueError, match="siglip takes no --answer"):
        options_of("siglip", {**nothing, "answer": "Yes"})


def test_plurals_are_said_or_made() -> None:
    assert plurals_of(["cat", "sheep:sheep"]) == {"cat": "cats", "sheep": "sheep"}


@pytest.mark.parametrize(("bits", "most"), [(8, 0.01), (4, 0.15)])
def test_quantised_products_are_near_and_small(bits: int, most: float, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    linear, x = torch.nn.Linear(96, 64), torch.randn(2, 96)
    model = export_graph(linear, {"x": x}, ["y"])
    assert quantize_weights(model, bits) == 1
    path, *_ = save_graph(model, tmp_path / "linear.onnx")
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": x.numpy()})
    expected = linear(x).detach().numpy()
    assert np.abs(found - expected).max() < most
    assert np.abs(found - expected).max() > 0
    numbers, scales = pack_blocks(linear.weight.detach().numpy().T, bits)
    assert numbers.nbytes + scales.nbytes < linear.weight.nbytes * (bits / 32 + 0.05)


def test_bfloat16_is_how_weights_are_stored_and_loses_nothing_of_such_weights(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    linear, x = torch.nn.Linear(96, 64).bfloat16().float(), torch.randn(2, 96)
    model = export_graph(linear, {"x": x}, ["y"])
    plain = save_graph(model, tmp_path / "float32.onnx")[0].stat().st_size
    assert store_as_bfloat16(model) == 1
    path, *_ = save_graph(model, tmp_path / "bfloat16.onnx")
    assert path.stat().st_size < 0.6 * plain
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": x.numpy()})
    assert np.allclose(found, linear(x).detach().numpy(), atol=1e-5)


def test_weights_beside_a_graph_lie_on_pages_in_parts(tmp_path: Path) -> None:
    tensors = {f"w{index}": torch.randn(40, 50) for index in range(3)}
    paths = save_graph(constant_graph(tensors), tmp_path / "constants.onnx", part_bytes=10_000, inline_bytes=0)
    assert [path.name for path in paths] == ["constants.onnx", *(f"constants.onnx.part-00{index}" for index in range(3))]
    assert set(list_files(tmp_path, [path.name for path in paths])) == {path.name for path in paths}
    loaded = ir.load(paths[0])
    for value in loaded.graph.initializers.values():
        tensor = value.const_value
        assert isinstance(tensor, ir.ExternalTensor)
        assert (tensor.offset or 0) % ALIGNMENT == 0
        assert np.array_equal(tensor.numpy(), tensors[str(value.name).removesuffix(".value")].numpy())
