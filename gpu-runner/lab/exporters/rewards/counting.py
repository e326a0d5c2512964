"""Counting with OWLv2: detections of each class, minus the sum of squared errors (RSS) or the share of classes that are right."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import AutoImageProcessor, Owlv2ForObjectDetection

from lab.exporters.rewards.parts import RewardParts, Scores, fast_tokenizer
from lab.exporters.rewards.preprocess import square_steps

Measure = Literal["rss", "accuracy"]
UNITS = {
    "rss": "minus the sum of squared errors of the counts asked, as OWLv2 sees them; 0 is exact",
    "accuracy": "share of the classes asked whose count is right, as OWLv2 sees them; 1 is exact",
}
MISSING = -1.0
MOST_BOXES = 300
"""The surest boxes, which are looked at."""
ROUNDS = 12
"""Of suppression: exact where no chain of overlapping boxes is longer."""
OVERLAP = 0.5
"""Of two boxes of a class, as intersection over union, beyond which they are one thing."""
LEAST_AREA = 1e-12
"""Boxes without area overlap nothing."""


class Counter(nn.Module):
    """(pixels, target [B, C]) -> reward [B], counts [B, C], and where the image is square peaks [B, C, rows, columns]."""

    queries: Tensor

    def __init__(
        self, model: Owlv2ForObjectDetection, queries: Tensor, *, threshold: float, measure: Measure, square: bool
    ) -> None:
        super().__init__()
        self.model, self.threshold, self.measure, self.square = model, threshold, measure, square
        self.register_buffer("queries", queries, persistent=False)

    def forward(self, pixels: Tensor, target: Tensor) -> Tensor | tuple[Tensor, ...]:
        features, _ = self.model.image_embedder(pixels)
        rows, columns, width = features.shape[1:]
        tokens = features.reshape(-1, rows * columns, width)
        queries = self.queries.to(tokens.dtype).expand(tokens.shape[0], -1, -1)
        logits, _ = self.model.class_predictor(tokens, queries)
        boxes = self.model.box_predictor(tokens, features).float()
        scores, labels = torch.sigmoid(logits.float()).max(dim=-1)
        peaks = self.peaks(scores, labels, boxes)
        counts = peaks.sum(dim=-1)
        reward = measure_counts(counts, target, self.measure)
        return (reward, counts, peaks.reshape(-1, peaks.shape[1], rows, columns)) if self.square else (reward, counts)

    def peaks(self, scores: Tensor, labels: Tensor, boxes: Tensor) -> Tensor:
        """[B, classes, tokens]: 1 where a thing of the class was found."""
        best, at = scores.topk(min(MOST_BOXES, scores.shape[1]), dim=1)
        label = labels.gather(1, at)
        box = boxes.gather(1, at.unsqueeze(-1).expand(-1, -1, 4))
        found = (best > self.threshold).float()
        kept = keep_apart(box, label, found)
        classes = self.queries.shape[0]
        of_class = (label.unsqueeze(1) == torch.arange(classes).reshape(1, classes, 1)).float() * kept.unsqueeze(1)
        empty = torch.zeros_like(scores).unsqueeze(1).expand(-1, classes, -1)
        return empty.scatter(2, at.unsqueeze(1).expand(-1, classes, -1), of_class)


def keep_apart(boxes: Tensor, labels: Tensor, found: Tensor) -> Tensor:
    """Greedy suppression: [B, N], 1 for a box that no surer kept box of its class overlaps. Boxes are sorted, surest first.

    A box falls when any of the surer boxes that overlap it stands; repeated, this settles from the surest box on.
    """
    overlaps = (intersection_over_union(boxes) > OVERLAP) & (labels.unsqueeze(2) == labels.unsqueeze(1))
    surer = torch.tril(torch.ones(boxes.shape[1], boxes.shape[1]), diagonal=-1)
    above = overlaps.float() * surer
    kept = found
    for _ in range(ROUNDS):
        kept = found * (torch.matmul(above, kept.unsqueeze(2))[..., 0] < 0.5).float()
    return kept


def intersection_over_union(boxes: Tensor) -> Tensor:
    """[B, N, N] of boxes [B, N, 4]: centre and size."""
    low, high = boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2
    inner = torch.minimum(high.unsqueeze(2), high.unsqueeze(1)) - torch.maximum(low.unsqueeze(2), low.unsqueeze(1))
    shared = inner.clamp(min=0).prod(dim=-1)
    area = boxes[..., 2] * boxes[..., 3]
    return shared / (area.unsqueeze(2) + area.unsqueeze(1) - shared).clamp(min=LEAST_AREA)


def measure_counts(counts: Tensor, target: Tensor, measure: Measure) -> Tensor:
    asked = (target >= 0).float()
    if measure == "rss":
        return -(asked * (counts - target) ** 2).sum(dim=1)
    return (asked * (counts == target).float()).sum(dim=1) / asked.sum(dim=1).clamp(min=1)


def counting_parts(
    source: str,
    resolution: tuple[int, int],
    *,
    classes: dict[str, str],
    threshold: float = 0.2,
    measure: Measure = "rss",
) -> RewardParts:
    """`classes`: name -> plural. The questions ("a photo of a cat") are put once, here, and their embeddings kept."""
    model = Owlv2ForObjectDetection.from_pretrained(source).eval()
    processor = AutoImageProcessor.from_pretrained(source, backend="pil")
    length = model.config.text_config.max_position_embeddings
    tokens = fast_tokenizer(source)(
        [f"a photo of a {name}" for name in classes],
        padding="max_length",
        max_length=length,
        truncation=True,
        return_tensors="pt",
    )
    with torch.no_grad():
        queries = model.owlv2.get_text_features(**tokens).pooler_output
        queries = queries / queries.norm(p=2, dim=-1, keepdim=True)

    def original(images: Sequence[Image.Image], targets: Sequence[Any]) -> Scores:
        pixels = processor(images=list(images), return_tensors="pt").pixel_values
        scores = []
        for one, target in zip(pixels.split(1), targets, strict=True):
            with torch.no_grad():
                outputs = model(pixel_values=one, **tokens)
            (found,) = processor.post_process_object_detection(outputs, threshold=threshold)
            counts = torch.tensor(count_greedily(found, len(classes)))
            scores.append(float(measure_counts(counts[None], torch.tensor(target)[None].float(), measure)[0]))
        return np.array(scores, np.float32)

    square = resolution[0] == resolution[1]
    return RewardParts(
        takes="counts",
        units=UNITS[measure],
        steps=square_steps(processor, resolution),
        model=Counter(model, queries, threshold=threshold, measure=measure, square=square).eval(),
        original=original,
        facts={"classes": list(classes), "plurals": {plural: name for name, plural in classes.items()}, "missing": MISSING},
        outputs=("reward", "counts", "peaks") if square else ("reward", "counts"),
    )


def count_greedily(found: dict[str, Tensor], classes: int) -> list[float]:
    """Things of each class: the surest box first, then each that overlaps none of those taken."""
    counts = [0.0] * classes
    taken: list[tuple[int, Tensor]] = []
    for index in found["scores"].argsort(descending=True).tolist():
        label, box = int(found["labels"][index]), found["boxes"][index]
        if any(other == label and overlap(box, one) > OVERLAP for other, one in taken):
            continue
        taken.append((label, box))
        counts[label] += 1
    return counts


def overlap(a: Tensor, b: Tensor) -> float:
    """Intersection over union of two boxes by their corners."""
    sides = torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])
    shared = float(sides.clamp(min=0).prod())
    return shared / max(float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - shared, LEAST_AREA)
