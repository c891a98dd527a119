"""The lines of a batch's input: read one by one from the disk, each a request or a reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.batching.records import BatchError

MOST_LINES = 50_000
_MOST_ERRORS = 100


class _Wish(msgspec.Struct):
    custom_id: str
    url: str
    body: dict[str, Any]  # Any: the request of some endpoint
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a batch."""

    number: int
    custom_id: str
    body: bytes


_WISH = msgspec.json.Decoder(_Wish)


def read_lines(path: Path, endpoint: str, largest: int) -> Iterator[Line | BatchError]:
    """All lines, in order; numbers begin at 1, empty lines do not count."""
    seen: set[str] = set()
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield _line(number, text, endpoint, largest, seen)


def check(path: Path, endpoint: str, largest: int) -> tuple[int, list[BatchError]]:
    """How many requests there are, and the first things that are wrong."""
    count, errors = 0, []
    for line in read_lines(path, endpoint, largest):
        count += 1
        if isinstance(line, BatchError):
            errors.append(line)
        if count > MOST_LINES:
            errors.append(BatchError("too_many_requests", f"There are more than {MOST_LINES} lines. Split the file."))
        if len(errors) >= _MOST_ERRORS or count > MOST_LINES:
            break
    if not count:
        errors.append(BatchError("empty_file", "The file has no line with a request."))
    return count, errors


def _line(number: int, text: bytes, endpoint: str, largest: int, seen: set[str]) -> Line | BatchError:
    try:
        wish = _WISH.decode(text)
    except UNREADABLE as error:
        return BatchError("invalid_json_line", f"This line is no request: {error}.", number)
    if wish.method != "POST":
        return BatchError("invalid_method", f"`method` must be `POST`, not `{wish.method}`.", number, "method")
    if wish.url != endpoint:
        return BatchError("mismatched_url", f"`url` is `{wish.url}`, but the batch calls `{endpoint}`.", number, "url")
    if not wish.custom_id or len(wish.custom_id) > 512:
        return BatchError("invalid_custom_id", "`custom_id` must have 1 to 512 characters.", number, "custom_id")
    if wish.custom_id in seen:
        return BatchError("duplicate_custom_id", f"`{wish.custom_id}` was the id of another line.", number, "custom_id")
    if wish.body.get("stream"):
        return BatchError("invalid_request", "A batch cannot stream. Leave `stream` out.", number, "body.stream")
    if len(text) > largest:
        return BatchError("too_large", f"The line is larger than {largest >> 20} MB.", number)
    seen.add(wish.custom_id)
    return Line(number, wish.custom_id, msgspec.json.encode(wish.body))
