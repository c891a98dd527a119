"""A router's model: plain arrays in an npz file of less than a megabyte, with its card inside. Never pickle."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.logistic import Numbers, sigmoid
from quarterdeck.gateway.routing.learned.records import TrainedModel

FORMAT = 1
LARGEST_MODEL = 1_000_000


@dataclass(frozen=True)
class Head:
    """One logistic regression: how likely a model is right."""

    weights: Numbers
    bias: float

    def chances(self, rows: Numbers) -> Numbers:
        return sigmoid(rows @ self.weights + self.bias)


@dataclass(frozen=True)
class RouterModel:
    """Predicts what the strong model gains over the weak one."""

    mean: Vectors
    directions: Vectors
    """The directions of meaning that vary most in the requests, a column each."""
    weak: Head
    strong: Head
    steps_raw: Numbers
    steps_gain: Numbers
    """Both together: which raw prediction was which gain, on requests not seen in training."""
    card: TrainedModel

    def raw(self, shapes: Numbers, vectors: Vectors) -> Numbers:
        """Predicted gains before calibration: what the threshold is about."""
        rows = np.column_stack([shapes, (vectors - self.mean) @ self.directions])
        return self.strong.chances(rows) - self.weak.chances(rows)

    def calibrated(self, raw: float) -> float:
        """The gain that such predictions turned out to be."""
        return float(np.interp(raw, self.steps_raw, self.steps_gain))

    def to_bytes(self) -> bytes:
        """The model as it is kept."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            mean=self.mean.astype(np.float32),
            directions=self.directions.astype(np.float16),
            weak=np.append(self.weak.weights, self.weak.bias),
            strong=np.append(self.strong.weights, self.strong.bias),
            steps_raw=self.steps_raw,
            steps_gain=self.steps_gain,
            card=np.frombuffer(msgspec.json.encode(self.card), dtype=np.uint8),
        )
        content = file.getvalue()
        if len(content) > LARGEST_MODEL:
            raise InvalidInput(f"The model would have {len(content)} bytes, more than {LARGEST_MODEL}.")
        return content


def from_bytes(content: bytes) -> RouterModel:
    """A model that was kept."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        card = msgspec.json.decode(arrays["card"].tobytes(), type=TrainedModel)
        return RouterModel(
            mean=arrays["mean"],
            directions=arrays["directions"].astype(np.float32),
            weak=_head(arrays["weak"]),
            strong=_head(arrays["strong"]),
            steps_raw=arrays["steps_raw"],
            steps_gain=arrays["steps_gain"],
            card=replace(card, bytes=len(content)),
        )


def _head(numbers: NDArray[np.float64]) -> Head:
    return Head(numbers[:-1], float(numbers[-1]))
