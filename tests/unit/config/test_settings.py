"""Settings: flags before variables before defaults, and a wrong one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.config import settings as settings_module
from quarterdeck.config.settings import Settings, read_settings
from quarterdeck.core.errors import SetupError


def test_without_anything_the_defaults_hold() -> None:
    assert read_settings({}) == Settings()


def test_a_flag_stands_before_a_variable_and_a_variable_before_the_default() -> None:
    settings = read_settings({"QUARTERDECK_PORT": "5000", "QUARTERDECK_HOME": "/data"}, port=6000, host=None)

    assert (settings.port, settings.home, settings.host) == (6000, Path("/data"), "127.0.0.1")


def test_variables_have_the_type_of_their_setting() -> None:
    settings = read_settings(
        {"QUARTERDECK_CACHE": "no", "QUARTERDECK_DRAIN_TIMEOUT_S": "1.5", "QUARTERDECK_CACHE_TTL_S": ""}
    )

    assert (settings.cache, settings.drain_timeout_s, settings.cache_ttl_s) == (False, 1.5, 3600)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("QUARTERDECK_PORT", "many", "not a valid int"),
        ("QUARTERDECK_PORT", "70000", "between 0 and 65535"),
        ("QUARTERDECK_MAX_IN_FLIGHT", "0", "between 1 and"),
        ("QUARTERDECK_UPSTREAM_IDLE_TIMEOUT_S", "nan", "between 0.01 and 86400"),
        ("QUARTERDECK_CACHE_TTL_S", "-1", "between 1 and"),
        ("QUARTERDECK_CACHE", "perhaps", "not a valid bool"),
        ("QUARTERDECK_PROT", "4321", "Did you mean `QUARTERDECK_PORT`"),
        ("QUARTERDECK_XYZZY", "1", "is not a setting of Quarterdeck"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(variable: str, value: str, words: str) -> None:
    with pytest.raises(SetupError, match=words) as refusal:
        read_settings({variable: value})

    assert f"`{variable}`" in refusal.value.message


def test_every_number_has_a_range_and_its_default_lies_in_it() -> None:
    numbers = {name for name, kind in Settings.__annotations__.items() if kind in ("int", "float")}

    assert set(settings_module._RANGES) == numbers
    assert read_settings({}) == Settings()


def test_no_secret_is_in_the_text_of_settings() -> None:
    secret = "sk-qd-not-to-be-seen"
    environment = {f"QUARTERDECK_{name}": secret for name in ("ADMIN_KEY", "SECRET_KEY", "API_KEY")}

    settings = read_settings({**environment, "OPENAI_API_KEY": secret})

    assert settings.providers == {"OPENAI_API_KEY": secret}
    assert secret not in repr(settings)
