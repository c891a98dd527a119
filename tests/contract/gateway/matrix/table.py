"""Runs the whole matrix in one process, and writes what was found as a page."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from tests.contract.gateway.matrix.features import FEATURES, Trial, attempt
from tests.contract.gateway.matrix.providers import SELLERS, gateway_of_all
from tests.contract.gateway.matrix.speakers import SPEAKERS

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "translation-matrix.md"
Cell = tuple[str, str, str]
"""Client, provider, feature."""

CELLS: tuple[Cell, ...] = tuple(
    (speaker.name, seller.name, feature.key) for speaker in SPEAKERS for seller in SELLERS for feature in FEATURES
)


async def run(folder: Path) -> dict[Cell, str]:
    """What came of every cell: a verdict, or the error that it ended with."""
    found: dict[Cell, str] = {}
    async with gateway_of_all(folder) as gateway:
        http = gateway.http()
        for speaker in SPEAKERS:
            for seller in SELLERS:
                trial = Trial(gateway, speaker, seller, http)
                for feature in FEATURES:
                    cell = (speaker.name, seller.name, feature.key)
                    try:
                        found[cell] = await attempt(trial, feature)
                    except Exception:  # noqa: BLE001  # one that is wrong must not hide the others
                        found[cell] = f"wrong: {traceback.format_exc(limit=-3)}"
    return found


def page(found: Mapping[Cell, str]) -> str:
    """The page: a table for each kind of client."""
    lines = [
        "# What is translated, and what cannot be",
        "",
        "Every dialect that clients speak, before every kind of provider, with everything that both may hold: "
        f"{len(found)} cases.",
        "The tests run all of them against providers that are faked on the wire, and this page is written from what they",
        "found (`python scripts/write_matrix.py`); a test fails when it says anything else.",
        "",
        "| sign | what it means |",
        "|---|---|",
        "| yes | it arrives, there and back |",
        "| refused | the gateway says that it cannot be said to this provider, and what can: 400, before anything is paid |",
        "| left out | the answer comes without it, and `x-quarterdeck-left-out` names it |",
        "| lost | the answer comes without it; why, stands below the table |",
        "| - | nothing to carry: this dialect, or this provider's own, has no words for it |",
    ]
    for speaker in SPEAKERS:
        lines += ["", f"## Clients of {TITLES[speaker.name]}", ""]
        lines += [f"| | {' | '.join(seller.name for seller in SELLERS)} |", "|---|" + "---|" * len(SELLERS)]
        for feature in FEATURES:
            cells = [found[speaker.name, seller.name, feature.key] for seller in SELLERS]
            lines.append(f"| {feature.title} | {' | '.join(cells)} |")
        notes = {f"- {_title(key)}: {why}" for (name, _, key), why in LOSSES.items() if name == speaker.name}
        lines += ["", *sorted(notes)] if notes else []
    return "\n".join([*lines, ""])


def _title(key: str) -> str:
    return next(feature.title for feature in FEATURES if feature.key == key)


TITLES = {
    "chat": "chat completions",
    "responses": "Responses",
    "completions": "completions",
    "messages": "Anthropic's Messages",
    "gemini": "Gemini's `generateContent`",
}
_AS_IT_WILL = (
    "a wish for thoughts is not passed on to Mistral, whose models differ in its words; `reasoning_effort` in chat is."
)
_NO_PLACE = "a tool call of this dialect has no place for the seal that Gemini puts on it; it is asked to do without."
LOSSES: Mapping[Cell, str] = {
    ("responses", "mistral", "thinking"): _AS_IT_WILL,
    ("messages", "mistral", "thinking"): _AS_IT_WILL,
    ("gemini", "mistral", "thinking"): _AS_IT_WILL,
    ("messages", "gemini", "signature"): _NO_PLACE,
    ("messages", "vertex", "signature"): _NO_PLACE,
}
"""All that is lost, and why it is: nothing may be lost that is not here."""
