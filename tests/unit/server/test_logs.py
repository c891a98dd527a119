"""The log: one line an event, and no secret in it."""

from __future__ import annotations

import pytest

from quarterdeck.core import ids
from quarterdeck.core.errors import SetupError
from quarterdeck.server.logs import set_up_logging, without_secrets


@pytest.mark.parametrize(
    "line",
    [
        "key {} is wrong",
        "Authorization: Bearer {}",
        "GET /login?token={} 200",
        "cookie quarterdeck_session={}; path=/",
        '{{"api_key": "{}"}}',
        "x-api-key: {}",
        "password='{}'",
    ],
)
def test_a_secret_is_blackened_and_the_rest_of_the_line_kept(line: str) -> None:
    secret = ids.new_secret("sk-qd-")

    logged = without_secrets(line.format(secret))

    assert secret[10:] not in logged
    assert logged[:3] == line.format(secret)[:3]
    assert "…" in logged


def test_an_innocent_line_stays_as_it_is() -> None:
    line = "Stored 12 spans in 3.4 ms; tokens: 120 in, 48 out (req_01k9)"

    assert without_secrets(line) == line


def test_an_unknown_level_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match="`loud`"):
        set_up_logging("loud")
