"""Writes ONNX files: the few messages of the format that a graph needs, in protobuf's wire format.

The `onnx` package does the same and more, for 35 MB. Field numbers and type codes are those of `onnx.proto`
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); wire format: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7
"""Type codes of tensors."""

_TYPE_CODES = {"float32": FLOAT, "uint8": UINT8, "int8": INT8, "int64": INT64}
_FLOAT_ATTRIBUTE, _INT_ATTRIBUTE = 1, 2
_IR_VERSION = 10
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_EXTERNAL = 1
_PAGE_BYTES = 4096


class Weights:
    """A file of large constants beside the graph: onnxruntime maps it, and memory holds only what is used of it."""

    smallest_bytes = 16_384
    """Smaller constants stay in the graph."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def add(self, content: bytes) -> bytes:
        """Write one constant, and return what its tensor says of where it is."""
        offset = -(-self._file.tell() // _PAGE_BYTES) * _PAGE_BYTES
        self._file.seek(offset)
        self._file.write(content)
        place = {"location": self._name, "offset": str(offset), "length": str(len(content))}
        entries = (_message(13, _text(1, key) + _text(2, value)) for key, value in place.items())
        return b"".join(entries) + _number(14, _EXTERNAL)


def node(
    kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str, attributes: Mapping[str, float]
) -> bytes:
    """One operation of a graph. Attributes are whole numbers or floats."""
    return b"".join(
        [
            *(_text(1, name) for name in inputs),
            *(_text(2, name) for name in outputs),
            _text(4, kind),
            *(_message(5, _attribute(name, value)) for name, value in attributes.items()),
            _text(7, domain),
        ]
    )


def tensor(name: str, value: NDArray[np.generic], weights: Weights | None = None) -> bytes:
    """A constant of a graph; its numbers go into `weights` when there is such a file and they are many."""
    dimensions = b"".join(_number(1, size) for size in value.shape)
    content = np.ascontiguousarray(value).tobytes()
    many = weights is not None and len(content) >= weights.smallest_bytes
    numbers = weights.add(content) if weights is not None and many else _message(9, content)
    return dimensions + _number(2, _TYPE_CODES[value.dtype.name]) + _text(8, name) + numbers


def value(name: str, code: int, shape: Sequence[int | str]) -> bytes:
    """An input or output of a graph; a dimension with a name may have any size."""
    dimensions = b"".join(_message(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape)
    return _text(1, name) + _message(2, _message(1, _number(1, code) + _message(2, dimensions)))


def model(
    name: str,
    *,
    nodes: Sequence[bytes],
    constants: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    operators: Mapping[str, int],
) -> bytes:
    """A whole file. `operators` gives the version of each operator set by its domain."""
    graph = b"".join(
        [
            *(_message(1, part) for part in nodes),
            _text(2, name),
            *(_message(5, part) for part in constants),
            *(_message(11, part) for part in inputs),
            *(_message(12, part) for part in outputs),
        ]
    )
    sets = b"".join(_message(8, _text(1, domain) + _number(2, version)) for domain, version in operators.items())
    return _number(1, _IR_VERSION) + _message(7, graph) + sets


def _attribute(name: str, value: float) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT_ATTRIBUTE)
    return _text(1, name) + _key(2, _FIXED32) + struct.pack("<f", value) + _number(20, _FLOAT_ATTRIBUTE)


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _message(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _number(field: int, number: int) -> bytes:
    return _key(field, _VARINT) + _varint(number & 0xFFFF_FFFF_FFFF_FFFF)  # negative ones as 64-bit two's complement


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
