"""The manifest of an exported pipeline (shared/contract/pack.ts says what each key means)."""

import json
from pathlib import Path
from typing import Any

from lab.exporters.families.family import Parts

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
        "tokenizers": {each: tokenizer_entry(parts, each) for each in parts.tokens},
        "graphs": graphs,
        "rewards": {},
        "default_reward": "colorfulness",
        "price_class": price_class,
        "nfe_cap": NFE_CAP,
    }


def tokenizer_entry(parts: Parts, name: str) -> dict[str, Any]:
    tokens = parts.tokens[name]
    entry: dict[str, Any] = {
        "file": f"tokenizer-{name}.json",
        "max_length": tokens.max_length,
        "pad_id": tokens.tokenizer.pad_token_id,
    }
    if tokens.mask:
        entry["mask"] = True
    if tokens.prefix:
        entry["prefix"] = tokens.prefix
    if tokens.lowercase:
        entry["lowercase"] = True
    return entry


def save_tokenizers(parts: Parts, folder: Path) -> list[str]:
    """Writes each tokenizer.json without its own padding and truncation: the manifest says those."""
    names = []
    for name, tokens in parts.tokens.items():
        backend = json.loads(tokens.tokenizer.backend_tokenizer.to_str())
        backend["padding"] = backend["truncation"] = None
        names.append(f"tokenizer-{name}.json")
        (folder / names[-1]).write_text(json.dumps(backend, ensure_ascii=False), encoding="utf-8")
    return names
