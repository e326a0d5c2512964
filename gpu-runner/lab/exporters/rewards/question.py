"""VQAScore-style: the probability of "Yes" to "Does this figure show ...?", by BLIP-2 with a T5 (Lin et al., arXiv 2404.01291)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import AutoImageProcessor, AutoTokenizer, Blip2ForConditionalGeneration

from lab.exporters.families.family import PromptTokens
from lab.exporters.rewards.parts import RewardParts, Scores, fast_tokenizer
from lab.exporters.rewards.preprocess import pillow_steps

TEXT = 'Question: Does this figure show "{prompt}"? Please answer yes or no. Answer:'
ANSWER = "Yes"
LENGTH = 128


class YesProbability(nn.Module):
    """The image's tokens go before the question's; the first token of the answer is asked of the decoder."""

    def __init__(self, model: Blip2ForConditionalGeneration, answer: int) -> None:
        super().__init__()
        self.model, self.answer = model, answer
        self.start = model.config.text_config.decoder_start_token_id

    def forward(self, pixels: Tensor, input_ids: Tensor, input_mask: Tensor) -> Tensor:
        image = self.model.get_image_features(pixels).pooler_output
        words = self.model.get_input_embeddings()(input_ids)
        mask = torch.cat([torch.ones_like(image[..., 0]).to(input_mask.dtype), input_mask], dim=1)
        start = torch.full_like(input_ids[:, :1], self.start)
        outputs = self.model.language_model(
            inputs_embeds=torch.cat([image.to(words.dtype), words], dim=1),
            attention_mask=mask,
            decoder_input_ids=start,
            use_cache=False,
        )
        return outputs.logits[:, 0].float().softmax(dim=-1)[:, self.answer]


def question_parts(source: str, resolution: tuple[int, int], *, text: str = TEXT, answer: str = ANSWER) -> RewardParts:
    """Throws ValueError on a language model without an encoder, and on an answer of several tokens."""
    model = Blip2ForConditionalGeneration.from_pretrained(source).eval()
    if model.config.use_decoder_only_language_model:
        raise ValueError("only a BLIP-2 with a T5 is known, not one with a decoder alone")
    own, processor = AutoTokenizer.from_pretrained(source), AutoImageProcessor.from_pretrained(source, backend="pil")
    ids = own(answer, add_special_tokens=False).input_ids
    if len(ids) != 1:
        raise ValueError(f"{answer!r} is {len(ids)} tokens of this model; the answer must be one")
    images_first = [model.config.image_token_id] * model.config.num_query_tokens
    length = min(LENGTH, own.model_max_length)

    def original(images: Sequence[Image.Image], prompts: Sequence[Any]) -> Scores:
        """One by one and unpadded, by the model's own call."""
        scores = []
        for image, prompt in zip(images, prompts, strict=True):
            words = own(text.replace("{prompt}", prompt), max_length=length, truncation=True).input_ids
            with torch.no_grad():
                logits = model(
                    pixel_values=processor(images=image, return_tensors="pt").pixel_values,
                    input_ids=torch.tensor([[*images_first, *words]]),
                    decoder_input_ids=torch.tensor([[model.config.text_config.decoder_start_token_id]]),
                ).logits
            scores.append(float(logits[0, 0].softmax(dim=-1)[ids[0]]))
        return np.array(scores, np.float32)

    return RewardParts(
        takes="prompt",
        units=f'probability of "{answer}" to the question whether the image shows the prompt',
        steps=pillow_steps(processor, resolution),
        model=YesProbability(model, ids[0]).eval(),
        original=original,
        tokens=PromptTokens(fast_tokenizer(source), length, mask=True),
        text=text,
    )
