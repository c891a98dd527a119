"""Reads a safetensors file: a JSON header that says where each tensor lies, then the tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]

_HEADER_SIZE_BYTES = 8


def read_weights(path: Path) -> Weights:
    """The float32 tensors of a file by name, mapped rather than loaded: only what is used is read."""
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    body = _HEADER_SIZE_BYTES + int(mapped[:_HEADER_SIZE_BYTES].view("<u8")[0])
    header = json.loads(mapped[_HEADER_SIZE_BYTES:body].tobytes())
    return {
        name: mapped[body + start : body + end].view("<f4").reshape(tensor["shape"])
        for name, tensor in header.items()
        if tensor.get("dtype") == "F32"
        for start, end in [tensor["data_offsets"]]
    }
