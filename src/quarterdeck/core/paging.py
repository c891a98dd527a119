"""Pages of a long list, walked by key: stable while rows are added, and as fast at the end as at the start."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from quarterdeck.core.errors import InvalidInput

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items, and the cursor of the next page (None on the last)."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*key: str | int) -> str:
    """The position after a row, as an opaque text."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[str | int]:
    """The row key inside a cursor; a cursor that we did not make is refused."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(key, list):
            raise ValueError("not a list")
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("`cursor` is not one of ours. Start again without it.", param="cursor") from error
    return key
