"""A judgement by a service of yours, at an address that you set."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import aiohttp
import msgspec
from yarl import URL

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.safety.check import Circumstances, NoOpinion, Opinion, RemoteCheck
from quarterdeck.safety.records import Finding

_LARGEST_REPLY = 4 * 1024 * 1024


class WebhookOptions(msgspec.Struct):
    """Where the service is, and what holds when it cannot be asked."""

    url: str
    on_failure: Literal["pass", "block"]
    """Declared, because somebody has to decide: `pass` lets everything through unjudged (and says so in the audit)."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=30)] = 2.0


class _Reply(msgspec.Struct):
    action: Literal["pass", "block", "redact"] | None = None
    verdict: bool | None = None
    """Portkey's word for it: true is `pass`."""
    label: str = "webhook"
    score: float = 1.0
    reason: str | None = None
    texts: list[str] | None = None


class Webhook(RemoteCheck[WebhookOptions]):
    """Asks a service of yours: it gets the texts as JSON and answers with `action` (`pass`, `block` or `redact` with `texts`). Its credential is stored with the guardrail and sent as `Authorization: Bearer`."""

    kind: ClassVar[str] = "webhook"
    options_type: ClassVar[type[msgspec.Struct]] = WebhookOptions

    def __init__(self, options: WebhookOptions) -> None:
        super().__init__(options)
        try:
            url = URL(options.url)
        except ValueError as error:
            raise InvalidInput(f"`{options.url}` is no address.", param="checks.url") from error
        if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
            raise InvalidInput(
                f"`{options.url}` is no address such as `https://guard.example.com/judge`, without a name or password in it.",
                param="checks.url",
            )

    async def ask(
        self, http: aiohttp.ClientSession, texts: Sequence[str], circumstances: Circumstances, secret: str | None
    ) -> Opinion:
        blocks = self.options.on_failure == "block"
        body = msgspec.json.encode({**msgspec.to_builtins(circumstances), "texts": list(texts)})
        headers = {"content-type": "application/json"}
        if secret is not None:
            headers["authorization"] = f"Bearer {secret}"
        try:
            async with asyncio.timeout(self.options.timeout_s):
                # Not where it redirects to: texts go to the address that was set, and to no other.
                async with http.post(self.options.url, data=body, headers=headers, allow_redirects=False) as answer:
                    said = await answer.content.read(_LARGEST_REPLY)
                    if answer.status != 200:
                        raise NoOpinion(f"it answered with {answer.status}", blocks=blocks)
        except TimeoutError as error:
            raise NoOpinion(f"it did not answer within {self.options.timeout_s:g} s", blocks=blocks) from error
        except aiohttp.ClientError as error:
            raise NoOpinion(f"it could not be reached ({type(error).__name__})", blocks=blocks) from error
        return self._opinion(said, texts, blocks=blocks)

    def _opinion(self, said: bytes, texts: Sequence[str], *, blocks: bool) -> Opinion:
        try:
            reply = msgspec.json.decode(said, type=_Reply)
        except UNREADABLE as error:
            raise NoOpinion(f"its answer makes no sense: {error}", blocks=blocks) from error
        action = reply.action or (None if reply.verdict is None else "pass" if reply.verdict else "block")
        if action is None:
            raise NoOpinion("its answer has neither `action` nor `verdict`", blocks=blocks)
        if reply.texts is not None and len(reply.texts) != len(texts):
            raise NoOpinion(f"it was sent {len(texts)} texts and gave {len(reply.texts)} back", blocks=blocks)
        if action == "pass":
            return Opinion(None, None, reply.reason)
        return Opinion(Finding(reply.label[:80], 0, 0, reply.score), reply.texts, reply.reason)
