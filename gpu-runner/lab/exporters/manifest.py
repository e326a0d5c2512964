"""The manifest of an exported pipeline (shared/contract/pack.ts says what each key means)."""

import json
from pathlib import Path
from typing import Any

from lab.exporters.families.family import Parts, PromptTokens

GRAPHS = {"encode": "encode.onnx", "velocity": "velocity.onnx", "decode": "decode.onnx"}
NFE_CAP = 2000


def manifest_of(parts: Parts, *, name: str, version: str, licence: str, price_class: str) -> dict[str, Any]:
    """Everything but `files`. Without rewards of its own a pack is searched by those that every pack has."""
    graphs = dict(GRAPHS)
    if parts.guidance == "cfg":
        graphs["unconditional"] = "unconditional.onnx"
    guidance: dict[str, Any] = {"mode": parts.guidance}
    if parts.guidance != "none":
        guidance["scale"] = parts.scale
    return {
        "contract": 1,
        "name": name,
        "version": version,
        "licence": licence,
        "resolution": list(parts.resolution),
        "latent": list(parts.latent),
        "native": parts.native,
        "guidance": guidance,
        "tokenizers": {each: tokenizer_entry(tokens, tokenizer_file(each)) for each, tokens in parts.tokens.items()},
        "graphs": graphs,
        "rewards": {},
        "default_reward": "colorfulness",
        "price_class": price_class,
        "nfe_cap": NFE_CAP,
    }


def tokenizer_entry(tokens: PromptTokens, file: str) -> dict[str, Any]:
    """What a manifest says of one tokenizer."""
    entry: dict[str, Any] = {"file": file, "max_length": tokens.max_length, "pad_id": tokens.tokenizer.pad_token_id}
    if tokens.mask:
        entry["mask"] = True
    if tokens.prefix:
        entry["prefix"] = tokens.prefix
    if tokens.lowercase:
        entry["lowercase"] = True
    return entry


def save_tokenizer(tokens: PromptTokens, path: Path) -> str:
    """Writes tokenizer.json without its own padding and truncation: the manifest says those. Returns the file's name."""
    backend = json.loads(tokens.tokenizer.backend_tokenizer.to_str())
    backend["padding"] = backend["truncation"] = None
    path.write_text(json.dumps(backend, ensure_ascii=False), encoding="utf-8")
    return path.name


def tokenizer_file(name: str) -> str:
    return f"tokenizer-{name}.json"
