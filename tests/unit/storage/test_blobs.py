"""Blobs: kept once under the hash of their content."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.core.errors import NotFound
from quarterdeck.core.hashing import sha256
from quarterdeck.storage.blobs import Blobs


def test_content_comes_back_by_its_address_and_is_kept_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)

    first, second = blobs.put(b"leave policy"), blobs.put(b"leave policy")

    assert first == second == sha256(b"leave policy")
    assert blobs.get(first) == b"leave policy"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [first]


def test_an_unknown_address_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="0" * 64):
        Blobs(tmp_path).get("0" * 64)
