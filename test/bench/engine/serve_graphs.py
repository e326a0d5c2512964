"""A pack's graphs as somebody would serve them without us: tensors in, tensors out, of the graph that the request names."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

FILES = {
    "encode": "encode.onnx",
    "velocity": "velocity.onnx",
    "decode": "decode.onnx",
    "reward": "reward-count.onnx",
}


class ServedGraphs:
    """Sessions with the settings of our runner, so that a comparison is of serving alone."""

    def __init__(self) -> None:
        threads = json.loads(os.environ["GRAPH_THREADS"])
        folder = Path(os.environ["PACK_FOLDER"])
        providers = os.environ["GRAPH_PROVIDERS"].split(",")
        self.sessions = {
            name: open_session(folder / file, threads[name], providers) for name, file in FILES.items()
        }

    def run(self, graph: str, feeds: dict[str, Any]) -> dict[str, Any]:
        """Tensors by name as {"dtype", "shape", "data"}, data in base64."""
        session = self.sessions[graph]
        outputs = session.run(None, {name: unpack(tensor) for name, tensor in feeds.items()})
        return {port.name: pack(array) for port, array in zip(session.get_outputs(), outputs, strict=True)}


def open_session(file: Path, threads: int, providers: list[str]) -> ort.InferenceSession:
    """Onnxruntime falls back to the CPU in silence; a comparison must not."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", "5")
    session = ort.InferenceSession(file, options, providers=providers)
    if session.get_providers()[0] != providers[0]:
        raise RuntimeError(f"{providers[0]} was asked for and is not to be had")
    return session


def unpack(tensor: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(tensor["data"]), tensor["dtype"]).reshape(tensor["shape"])


def pack(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}
