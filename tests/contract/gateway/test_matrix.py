"""Every dialect of clients before every kind of provider: what arrives, what is refused, and that nothing else is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import get_args

import pytest

from quarterdeck.gateway.dialect import all_dialects
from quarterdeck.gateway.provider import ProviderKind
from tests.contract.gateway.matrix.features import FEATURES
from tests.contract.gateway.matrix.providers import SELLERS
from tests.contract.gateway.matrix.speakers import SPEAKERS
from tests.contract.gateway.matrix.table import CELLS, LOSSES, PAGE, Cell, page, run


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Cell, str]:
    """What came of every cell; all of them in one process, with one gateway."""
    return asyncio.run(run(tmp_path_factory.mktemp("matrix")))


@pytest.mark.parametrize("cell", CELLS, ids="/".join)
def test_it_arrives_or_its_client_is_told(found: Mapping[Cell, str], cell: Cell) -> None:
    allowed = {"lost"} if cell in LOSSES else {"yes", "refused", "left out", "-"}

    assert found[cell] in allowed, found[cell]


def test_the_published_table_is_what_was_found(found: Mapping[Cell, str]) -> None:
    assert PAGE.read_text() == page(found), "Run `python scripts/write_matrix.py`."


def test_every_dialect_every_kind_and_every_feature_has_been_tried(found: Mapping[Cell, str]) -> None:
    remote = set(get_args(ProviderKind)) - {
        "local",
        "litellm",
    }  # one answers from texts, the other is openai-compatible

    assert len(SPEAKERS) == len(all_dialects())
    assert {seller.kind for seller in SELLERS} == remote
    assert len(found) == len(CELLS) == len(SPEAKERS) * len(SELLERS) * len(FEATURES) > 800
    assert {name for speaker in SPEAKERS for name in speaker.lacks} <= {feature.key for feature in FEATURES}


def test_what_can_be_said_everywhere_is_said_everywhere(found: Mapping[Cell, str]) -> None:
    basic = {"plain", "stream", "usage", "stop reason", "errors", "partial billing"}

    assert {said for (_, _, feature), said in found.items() if feature in basic} == {"yes"}
