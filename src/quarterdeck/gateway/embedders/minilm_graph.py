"""Builds the ONNX graph of MiniLM from its weights: token ids in, one unit vector out, matrices in int8.

Each matrix has one scale a column, and each token's activations are scaled on their own while they pass: a vector
depends on its text alone. Weights use 7 of their 8 bits, because processors without VNNI add two products in
16 bits, and 2 · 255 · 64 is the most that fits; so every processor gives the same integers.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedders import onnx_file
from quarterdeck.gateway.embedders.minilm_weights import Weights

VERSION = 1
"""Counted up with every change of the numbers that come out."""
WIDTH = 384
LONGEST = 512
"""The most tokens the model reads."""

_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12
_WEIGHT_STEPS = 64
_ACTIVATION_STEPS = 127
_ZERO = 128  # activations are unsigned in the product: this is their nought

Precision = Literal["int8", "float32"]


def build(weights: Weights, *, precision: Precision = "int8", aside: onnx_file.Weights | None = None) -> bytes:
    """The graph, as the bytes of an ONNX file; its matrices go `aside` if given. `float32` is what tests compare with."""
    graph = _Graph(weights, precision, aside)
    hidden = graph.embeddings("ids")
    for layer in range(_LAYERS):
        hidden = graph.layer(f"encoder.layer.{layer}", hidden)
    mean = graph.node("ReduceMean", [hidden, graph.constant(np.array([1]))], keepdims=0)
    graph.node("LpNormalization", [mean], "vector", axis=-1, p=2)
    return onnx_file.model(
        "minilm",
        nodes=graph.nodes,
        constants=graph.constants,
        inputs=[onnx_file.value("ids", onnx_file.INT64, ["texts", "tokens"])],
        outputs=[onnx_file.value("vector", onnx_file.FLOAT, ["texts", WIDTH])],
        operators={"": 20, "com.microsoft": 1},
    )


class _Graph:
    """Nodes and constants while they are put together. A method adds a part and returns the name of its output."""

    def __init__(self, weights: Weights, precision: Precision, aside: onnx_file.Weights | None) -> None:
        self.weights = weights
        self.precision = precision
        self.aside = aside
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []
        self._names = 0

    def embeddings(self, ids: str) -> str:
        """Words, their places and the one token type, summed and normalised."""
        words = self.weights["embeddings.word_embeddings.weight"]
        places = self.weights["embeddings.position_embeddings.weight"]
        types = self.weights["embeddings.token_type_embeddings.weight"]
        if self.precision == "int8":
            scale = np.maximum(words.max(axis=1, keepdims=True), -words.min(axis=1, keepdims=True)) / 127
            steps = words / scale  # 47 MB: rounded in place, not twice more
            rows = self.node("Gather", [self.constant(np.rint(steps, out=steps).astype(np.int8)), ids])
            scales = self.node("Gather", [self.constant(scale), ids])
            word = self.node("Mul", [self._as_float(rows), scales])
        else:
            word = self.node("Gather", [self.constant(words), ids])
        zero, one, two = (self.constant(np.array([number])) for number in (0, 1, 2))
        tokens = self.node("Slice", [self.node("Shape", [ids]), one, two])
        place = self.node("Slice", [self.constant(places + types[0]), zero, tokens, zero])
        return self._normalise(self.node("Add", [word, place]), "embeddings")

    def layer(self, name: str, hidden: str) -> str:
        """One transformer layer: attention, then the feed-forward network, each added to what came in."""
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        projected = self._linear(hidden, *parts)
        heads = [self._name() for _ in parts]
        self.node("Split", [projected], *heads, axis=-1, num_outputs=3)
        attended = self.node("MultiHeadAttention", heads, domain="com.microsoft", num_heads=_HEADS)
        attended = self._linear(attended, f"{name}.attention.output.dense")
        hidden = self._add_and_normalise(attended, hidden, f"{name}.attention.output")
        inner = self.node("Gelu", [self._linear(hidden, f"{name}.intermediate.dense")])
        return self._add_and_normalise(self._linear(inner, f"{name}.output.dense"), hidden, f"{name}.output")

    def node(self, kind: str, inputs: list[str], *outputs: str, domain: str = "", **attributes: float) -> str:
        """One operation; its output gets a name when none is given."""
        names = list(outputs) or [self._name()]
        self.nodes.append(onnx_file.node(kind, inputs, names, domain, attributes))
        return names[0]

    def constant(self, value: NDArray[np.generic]) -> str:
        """A tensor that is part of the graph."""
        name = f"c{len(self.constants)}"
        self.constants.append(onnx_file.tensor(name, value, self.aside))
        return name

    def _linear(self, hidden: str, *names: str) -> str:
        """Hidden states times one matrix (or several, side by side), plus the bias."""
        matrix = np.concatenate([self.weights[f"{name}.weight"].T for name in names], axis=1)
        bias = self.constant(np.concatenate([self.weights[f"{name}.bias"] for name in names]))
        if self.precision == "float32":
            return self.node("Add", [self.node("MatMul", [hidden, self.constant(matrix)]), bias])
        matrix_scale = np.abs(matrix).max(axis=0) / _WEIGHT_STEPS
        steps = np.rint(matrix / matrix_scale).astype(np.int8)
        whole, scale = self._quantise(hidden)
        product = self.node(
            "MatMulInteger", [whole, self.constant(steps), self.constant(np.array(_ZERO, dtype=np.uint8))]
        )
        scaled = self.node("Mul", [self._as_float(product), scale])
        return self.node("Add", [self.node("Mul", [scaled, self.constant(matrix_scale)]), bias])

    def _quantise(self, hidden: str) -> tuple[str, str]:
        """Each token's activations as unsigned bytes around `_ZERO`, and the scale of each token."""
        largest = self.node("ReduceMax", [self.node("Abs", [hidden]), self.constant(np.array([-1]))], keepdims=1)
        per_step = self.node("Mul", [largest, self.constant(np.array([1 / _ACTIVATION_STEPS], np.float32))])
        scale = self.node("Add", [per_step, self.constant(np.array([_EPSILON], np.float32))])  # never divide by nought
        steps = self.node("Round", [self.node("Div", [hidden, scale])])
        shifted = self.node("Add", [steps, self.constant(np.array([_ZERO], np.float32))])
        return self.node("Cast", [shifted], to=onnx_file.UINT8), scale

    def _as_float(self, whole: str) -> str:
        return self.node("Cast", [whole], to=onnx_file.FLOAT)

    def _normalise(self, hidden: str, name: str) -> str:
        return self.node("LayerNormalization", [hidden, *self._norm(name)], axis=-1, epsilon=_EPSILON)

    def _add_and_normalise(self, new: str, hidden: str, name: str) -> str:
        inputs = [new, hidden, *self._norm(name)]
        return self.node("SkipLayerNormalization", inputs, domain="com.microsoft", epsilon=_EPSILON)

    def _norm(self, name: str) -> list[str]:
        return [self.constant(self.weights[f"{name}.LayerNorm.{part}"]) for part in ("weight", "bias")]

    def _name(self) -> str:
        self._names += 1
        return f"t{self._names}"
