"""A request for something that is no conversation, JSON or form: the few fields that we understand of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.guarding.guard import ContentPolicyViolation, RequestGuard
from quarterdeck.gateway.parsing import parse, with_fields, without_fields
from quarterdeck.gateway.passing.form import Form, read_form, size_with_model, with_model
from quarterdeck.gateway.passing.sending import Parcel
from quarterdeck.gateway.passing.upload import Upload
from quarterdeck.gateway.wishes import RequestWishes
from quarterdeck.runtime.tracing import Attribute

FORM = "multipart/form-data"


class MediaRequest(RequestWishes):
    """The fields that we understand, of any of these requests."""

    model: str | None = None
    input: Any = None  # Any: a text, or parts of what is to be judged
    prompt: str | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None  # Any: clients put what they like here


_MEDIA = msgspec.json.Decoder(MediaRequest)


@dataclass(slots=True)
class Asked:
    """One request."""

    request: MediaRequest
    size: int
    """The size of its words; sounds and images are not paid by the letter."""
    body: bytes = b""
    form: Form | None = None
    upload: Upload | None = None

    @property
    def words(self) -> Attribute:
        """What is recorded of it."""
        if self.form is None:
            said: Attribute = self.request.input if self.request.input is not None else self.request.prompt
            return said
        return {**self.form.fields, "files": list(self.form.files)}

    async def guard(self, guard: RequestGuard) -> None:
        """Let guardrails look at its words. Those of a form can be refused, but not rewritten."""
        name = "input" if isinstance(self.request.input, str) else "prompt"
        text = getattr(self.request, name)
        if not isinstance(text, str):
            return
        (written,) = await guard.admit_texts([text])
        if written == text:
            return
        if self.form is not None:
            raise ContentPolicyViolation()
        setattr(self.request, name, written)
        self.body = with_fields(self.body, **{name: written})

    def body_for(self, model: str) -> bytes | Parcel:
        """The body with the provider's name for the model; all else keeps its very bytes."""
        form, upload = self.form, self.upload
        if form is None or upload is None:
            return self.body if model == self.request.model else with_fields(self.body, model=model)

        def pieces() -> AsyncIterator[bytes]:
            return with_model(upload, form, model)

        return Parcel(size_with_model(upload, form, model), pieces)


async def read_asked(exchange: Exchange, upload: Upload, limit: int) -> Asked:
    """Understand a request, or say what is wrong with it. A form lies in `upload`, which must stay open."""
    kind = exchange.header(b"content-type") or ""
    if kind.partition(";")[0].strip().lower() != FORM:
        body = await exchange.body(limit)
        request = parse(body, _MEDIA)
        ours = [*request.wishes(), *(["metadata"] if request.metadata is not None else [])]
        return Asked(request, len(body), without_fields(body, ours) if ours else body)
    await upload.take(exchange, limit)
    form = await read_form(upload, kind)
    if form.model_at is None:
        raise InvalidInput("`model` is missing.", param="model")
    said = form.fields
    request = MediaRequest(model=said.get("model"), prompt=said.get("prompt"), user=said.get("user"))
    return Asked(request, sum(map(len, said.values())), form=form, upload=upload)
