"""The fields of a multipart form, and where its model's name stands: the form itself is passed on byte by byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.passing.upload import Upload

_LONGEST_FIELD = 64 * 1024
_MOST_PARTS = 200


@dataclass
class Form:
    """What a form says beside its files."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    """The names of the files in it."""
    model_at: tuple[int, int] | None = None
    """Where the value of `model` begins and ends."""


async def read_form(upload: Upload, content_type: str) -> Form:
    """Understand a form, or say what is wrong with it."""
    kind, options = parse_options_header(content_type.encode("latin-1"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidInput("Send a form: `Content-Type: multipart/form-data` with its `boundary`.")
    reading = _Reading(boundary)
    try:
        async for piece in upload.pieces():
            reading.feed(piece)
        reading.end()
    except FormParserError as error:
        raise InvalidInput(f"The form is broken: {error}.") from error
    return reading.form


async def with_model(upload: Upload, form: Form, model: str) -> AsyncIterator[bytes]:
    """The form with another name for the model."""
    if form.model_at is None:
        async for piece in upload.pieces():
            yield piece
        return
    start, end = form.model_at
    async for piece in upload.part(0, start):
        yield piece
    yield model.encode()
    async for piece in upload.part(end, upload.size):
        yield piece


def size_with_model(upload: Upload, form: Form, model: str) -> int:
    """How long that is."""
    if form.model_at is None:
        return upload.size
    start, end = form.model_at
    return upload.size - (end - start) + len(model.encode())


class _Reading:
    """Hears a parser tell of parts, and keeps their words and places but no files."""

    def __init__(self, boundary: bytes) -> None:
        self.form = Form()
        self._base = 0
        self._parts = 0
        self._header = b""
        self._value = b""
        self._name: str | None = None
        self._is_file = False
        self._words: list[bytes] = []
        self._size = 0
        self._start: int | None = None
        self._end = 0
        self._whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._form_end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """Some more bytes."""
        self._parser.write(piece)
        self._base += len(piece)

    def end(self) -> None:
        """There are no more."""
        self._parser.finalize()
        if not self._whole:
            raise InvalidInput("The form ends in the middle. Send it again, whole.")

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InvalidInput(f"The form has more than {_MOST_PARTS} parts.")
        self._name, self._is_file, self._words, self._size, self._start = None, False, [], 0, None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode(errors="replace")
            self._is_file = b"filename" in options
            if self._is_file:
                self.form.files.append(options[b"filename"].decode(errors="replace")[:200])
        self._header, self._value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._start is None:
            self._start = self._base + start
        self._end = self._base + end
        if self._is_file:
            return
        self._size += end - start
        if self._size > _LONGEST_FIELD:
            raise InvalidInput(f"The field `{self._name}` is longer than {_LONGEST_FIELD >> 10} kB.", param=self._name)
        self._words.append(data[start:end])

    def _part_end(self) -> None:
        if self._is_file or not self._name:
            return
        if self._name == "model":
            if "model" in self.form.fields:
                raise InvalidInput("The form names two models. Name one.", param="model")
            self.form.model_at = (self._start or 0, self._end) if self._start is not None else None
        self.form.fields[self._name] = b"".join(self._words).decode(errors="replace")

    def _form_end(self) -> None:
        self._whole = True
