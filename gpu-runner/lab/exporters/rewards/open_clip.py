"""Weights in the layout of open_clip as those of transformers' CLIPModel."""

import re

from torch import Tensor

RENAMED = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "logit_scale": "logit_scale",
}
PARTS = {
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "ln_final": "text_model.final_layer_norm",
}
OF_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
PROJECTIONS = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}
BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)\.(weight|bias)")
TOGETHER = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)")


def from_open_clip(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Throws ValueError on a weight of no known name."""
    result: dict[str, Tensor] = {}
    for name, tensor in state.items():
        result |= renamed(name.removeprefix("module."), tensor)
    return result


def renamed(name: str, tensor: Tensor) -> dict[str, Tensor]:
    if name in RENAMED:
        return {RENAMED[name]: tensor}
    if name in PROJECTIONS:
        return {PROJECTIONS[name]: tensor.T.contiguous()}
    part, _, kind = name.rpartition(".")
    if part in PARTS:
        return {f"{PARTS[part]}.{kind}": tensor}
    if together := TOGETHER.fullmatch(name):
        block = f"{tower(together[1])}.encoder.layers.{together[2]}.self_attn"
        return {f"{block}.{one}_proj.{together[3]}": each.contiguous() for one, each in zip("qkv", tensor.chunk(3), strict=True)}
    found = BLOCK.fullmatch(name)
    if found and found[3] in OF_BLOCK:
        return {f"{tower(found[1])}.encoder.layers.{found[2]}.{OF_BLOCK[found[3]]}.{found[4]}": tensor}
    if name == "attn_mask":
        return {}
    raise ValueError(f"{name} is no weight of open_clip's CLIP")


def tower(visual: str | None) -> str:
    return "vision_model" if visual else "text_model"
