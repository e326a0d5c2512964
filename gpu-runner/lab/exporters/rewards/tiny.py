"""Scoring models of every family with random weights, saved in the layout of the hub: the classes are transformers' own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, normalizers
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    BlipImageProcessor,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2ImageProcessorPil,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
)

from lab.exporters.rewards.aesthetic import Head
from lab.exporters.tiny import T5_SIZES, clip_tokenizer, livelier, t5_tokenizer

SIDE = 32
TOWER: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
}
EYE = {**TOWER, "image_size": SIDE, "patch_size": 8}
CLASSES = {"cat": "cats", "balloon": "balloons", "bear": "bears"}
LEAST = 0.3


def awake(module: torch.nn.Module) -> None:
    """Weights as large as trained ones: with those that transformers begins with, no image would say anything."""
    livelier(module)
    for parameter in module.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=1.5 * parameter[0].numel() ** -0.5)


def save(model: PreTrainedModel, processor: Any, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    awake(model)
    for each in (model.eval(), processor, tokenizer):
        each.save_pretrained(folder)


def text_tower(tokenizer: PreTrainedTokenizerFast, **more: Any) -> dict[str, Any]:
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    length = tokenizer.model_max_length
    return {**TOWER, **ids, "vocab_size": len(tokenizer), "max_position_embeddings": length, **more}


def clip_words(length: int = 20) -> PreTrainedTokenizerFast:
    """The tiny CLIP tokenizer with its special tokens last, as CLIP has them: some read the text where the largest id is."""
    small = clip_tokenizer(length=length)
    backend = json.loads(small.backend_tokenizer.to_str())
    words = sorted(backend["model"]["vocab"], key=lambda word: (word in small.all_special_tokens, backend["model"]["vocab"][word]))
    ids = {word: at for at, word in enumerate(words)}
    backend["model"]["vocab"] = ids
    for added in backend["added_tokens"]:
        added["id"] = ids[added["content"]]
    for end in ("sep", "cls"):
        backend["post_processor"][end][1] = ids[backend["post_processor"][end][0]]
    special = {f"{name}_token": getattr(small, f"{name}_token") for name in ("bos", "eos", "unk", "pad")}
    tokenizer = Tokenizer.from_str(json.dumps(backend))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=length, **special)


def clip_processor() -> CLIPImageProcessorPil:
    return CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def clip(folder: Path, *, act: str = "quick_gelu") -> CLIPModel:
    tokenizer = clip_words()
    config = CLIPConfig(
        text_config=text_tower(tokenizer, hidden_act=act, projection_dim=16),
        vision_config={**EYE, "hidden_act": act, "projection_dim": 16},
        projection_dim=16,
    )
    model = CLIPModel(config)
    save(model, clip_processor(), tokenizer, folder)
    return model


def plain_clip(folder: Path) -> dict[str, Any]:
    clip(folder)
    return {}


def pick_score(folder: Path) -> dict[str, Any]:
    clip(folder, act="gelu")
    return {}


def aesthetic(folder: Path) -> dict[str, Any]:
    clip(folder)
    head = Head(16, (32, 16, 8, 4))
    awake(head)
    torch.save(head.state_dict(), folder / "head.pth")
    return {"weights": folder / "head.pth"}


def siglip(folder: Path) -> dict[str, Any]:
    """With a tokenizer of SigLIP's kind: lower case without punctuation, and </s> as padding."""
    tokenizer = t5_tokenizer()
    backend = tokenizer.backend_tokenizer
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(":", "")])
    own = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="</s>", unk_token="<unk>", pad_token="</s>", model_max_length=16
    )
    words = {**TOWER, "vocab_size": len(own), "max_position_embeddings": 16, "projection_size": 32}
    ids = {"bos_token_id": 1, "eos_token_id": own.eos_token_id, "pad_token_id": own.pad_token_id}
    model = SiglipModel(SiglipConfig(text_config={**words, **ids}, vision_config=EYE))
    torch.nn.init.constant_(model.logit_scale, 2.3)
    torch.nn.init.constant_(model.logit_bias, -5)
    save(model, SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}), own, folder)
    return {}


def hps(folder: Path) -> dict[str, Any]:
    """Its weights in open_clip's layout, from open_clip's own class."""
    import open_clip

    model = clip(folder, act="gelu")
    text, eye = model.config.text_config, model.config.vision_config
    heads = eye.hidden_size // eye.num_attention_heads
    original = open_clip.model.CLIP(
        embed_dim=16,
        vision_cfg={
            "image_size": SIDE,
            "layers": 2,
            "width": 32,
            "head_width": heads,
            "patch_size": 8,
            "mlp_ratio": 37 / 32,
        },
        text_cfg={
            "context_length": text.max_position_embeddings,
            "vocab_size": text.vocab_size,
            "width": 32,
            "heads": 4,
            "layers": 2,
            "mlp_ratio": 37 / 32,
        },
    )
    awake(original)
    torch.save({"state_dict": original.state_dict()}, folder / "hps.pt")
    return {"weights": folder / "hps.pt"}


def owlv2(folder: Path) -> dict[str, Any]:
    tokenizer = clip_words(16)
    config = Owlv2Config(text_config=text_tower(tokenizer), vision_config=EYE, projection_dim=32)
    save(Owlv2ForObjectDetection(config), Owlv2ImageProcessorPil(size={"height": SIDE, "width": SIDE}), tokenizer, folder)
    return {"classes": CLASSES, "threshold": LEAST}


def owlv2_accuracy(folder: Path) -> dict[str, Any]:
    return {**owlv2(folder), "measure": "accuracy"}


def vqa_score(folder: Path) -> dict[str, Any]:
    tokenizer = t5_tokenizer(length=40)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    tokenizer.add_tokens(["Yes"])
    language = {
        "model_type": "t5",
        "vocab_size": len(tokenizer),
        "d_model": 32,
        **T5_SIZES,
        "decoder_start_token_id": 0,
    }
    config = Blip2Config(
        vision_config={**EYE, "qkv_bias": True},
        qformer_config={**TOWER, "encoder_hidden_size": 32, "vocab_size": 64, "cross_attention_frequency": 1},
        text_config=language,
        num_query_tokens=4,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    model = Blip2ForConditionalGeneration(config)
    save(model, BlipImageProcessor(size={"height": SIDE, "width": SIDE}), tokenizer, folder)
    return {}


TINY: dict[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    "clip-score": ("clip-score", plain_clip),
    "pick-score": ("pick-score", pick_score),
    "siglip": ("siglip", siglip),
    "hps": ("hps", hps),
    "aesthetic": ("aesthetic", aesthetic),
    "owlv2": ("owlv2", owlv2),
    "owlv2-accuracy": ("owlv2", owlv2_accuracy),
    "vqa-score": ("vqa-score", vqa_score),
}
"""Name of the reward -> family, and what saves a model of it and gives the options of its export."""


def tiny_model(name: str, folder: Path, seed: int = 0) -> dict[str, Any]:
    """Saves the model of a name in TINY; gives the options of its export."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    return TINY[name][1](folder)
