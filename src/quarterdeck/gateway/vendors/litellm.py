"""LiteLLM: what its clients send, and the headers that its dashboards read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.vendor import (
    Reader,
    Told,
    Vendor,
    label,
    labels_as_json,
    nothing,
    sets,
    sets_if_absent,
    tags_between_commas,
    when_true,
)
from quarterdeck.gateway.wishes import Draft, amount_of_retries, seconds


def _retries(draft: Draft, name: str, value: str) -> None:
    draft.retries = amount_of_retries(name, value)


def _timeout(draft: Draft, name: str, value: str) -> None:
    draft.timeout_s = seconds(name, value)


def _stream_timeout(draft: Draft, name: str, value: str) -> None:
    draft.stream_timeout_s = seconds(name, value)


def _team(draft: Draft, _name: str, value: str) -> None:
    # Whose money it is, is told by the key and by nothing else: here it is a label.
    label(draft, "team_id", value)


class LiteLLM(Vendor):
    """github.com/BerriAI/litellm, the proxy."""

    name: ClassVar[str] = "litellm"
    headers: ClassVar[Mapping[bytes, Reader]] = {
        b"x-litellm-api-key": nothing,
        b"x-litellm-tags": tags_between_commas,
        b"x-litellm-session-id": sets("session_id"),
        b"x-litellm-trace-id": sets_if_absent("session_id"),
        b"x-litellm-team-id": _team,
        b"x-litellm-end-user-id": sets("user_id"),
        b"x-litellm-customer-id": sets("user_id"),
        b"x-litellm-spend-logs-metadata": labels_as_json,
        b"x-litellm-num-retries": _retries,
        b"x-litellm-timeout": _timeout,
        b"x-litellm-stream-timeout": _stream_timeout,
        b"x-litellm-model": sets("model"),
        b"x-litellm-enable-message-redaction": when_true(omits_input=True, omits_output=True),
        b"x-litellm-disable-callbacks": nothing,
        b"x-litellm-keepalive-seconds": nothing,
    }

    def echo(self, told: Told) -> Sequence[Header]:
        headers = [
            (b"x-litellm-call-id", told.request_id.encode()),
            (b"x-litellm-response-duration-ms", f"{told.elapsed_ms:.2f}".encode()),
            (b"x-litellm-overhead-duration-ms", f"{told.overhead_ms:.2f}".encode()),
            (b"x-litellm-attempted-retries", str(told.attempts - 1).encode()),
        ]
        if told.model is not None:
            headers.append((b"x-litellm-model-group", told.model.encode()))
        if told.cost_usd is not None:
            headers.append((b"x-litellm-response-cost", told.cost_usd.encode()))
        if told.guardrails:
            headers.append((b"x-litellm-applied-guardrails", ",".join(told.guardrails).encode()))
        return headers
