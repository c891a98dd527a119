"""Reads a form with one file in it as it comes: the file goes on at once, the few words beside it are kept."""

from __future__ import annotations

from collections.abc import Mapping

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from quarterdeck.core.errors import InvalidInput

_LONGEST_FIELD = 10_000


class Form:
    """One `multipart/form-data` body."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise InvalidInput("Send the file as `multipart/form-data`, in a field called `file`.")
        self.fields: dict[str, str] = {}
        self.file_name = ""
        self._options: Mapping[bytes, bytes] = {}
        self._header = bytearray()
        self._value = bytearray()
        self._field = bytearray()
        self._file = bytearray()
        self._ended = self._had_file = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_part_data": self._take,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> bytes:
        """Some more of the body: what of the file is in it."""
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise InvalidInput(f"The form is broken: {error}.") from error
        found = bytes(self._file)
        self._file.clear()
        return found

    def finish(self) -> None:
        """Nothing more comes: was it whole?"""
        if not self._ended:
            raise InvalidInput("The form ends too early. Send it again.")
        if not self._had_file:
            raise InvalidInput("The form has no field `file`.", param="file")

    def _begin(self) -> None:
        self._options = {}
        self._field.clear()

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._options = parse_options_header(bytes(self._value))[1]
            if self._options.get(b"name") == b"file":
                if self._had_file:
                    raise InvalidInput("The form has more than one file.", param="file")
                self._had_file = True
                self.file_name = self._options.get(b"filename", b"").decode(errors="replace")
        self._header.clear()
        self._value.clear()

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._options.get(b"name") == b"file":
            self._file += data[start:end]
        else:
            self._field += data[start:end]
            if len(self._field) > _LONGEST_FIELD:
                raise InvalidInput("A field of the form is too long.")

    def _end_part(self) -> None:
        name = self._options.get(b"name", b"").decode(errors="replace")
        if name and name != "file":
            self.fields[name] = self._field.decode(errors="replace")

    def _end(self) -> None:
        self._ended = True
