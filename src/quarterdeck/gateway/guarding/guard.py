"""The guardrails of one request: they look at what is asked, and stand before what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import cast

import msgspec

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.guarding.texts import ASKED, Place, places_of_request
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recorded import recorded
from quarterdeck.gateway.recording import accept
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.runtime.tracing import ActiveSpan, Attribute
from quarterdeck.runtime.work import Work
from quarterdeck.safety.check import Circumstances
from quarterdeck.safety.judging import Judgement, LiveGuardrail, judge
from quarterdeck.safety.records import Stage, Verdict


class ContentPolicyViolation(QuarterdeckError):
    """A guardrail of this project does not let this through. Ask in other words, or ask the owner of the guardrail."""

    status = 400
    kind = "invalid_request_error"
    code = "content_policy_violation"


@dataclass
class RequestGuard:
    """The guardrails that apply to one request, and what they have said so far."""

    work: Work
    """Below the root of the guarded request."""
    root: ActiveSpan
    guardrails: Sequence[LiveGuardrail]
    model: str
    envelope: Envelope
    app: str | None = None
    said: list[tuple[str, str]] = field(default_factory=list)
    """Guardrails and what each has said, for a header: the gravest of its verdicts so far."""

    def at(self, stage: Stage) -> list[LiveGuardrail]:
        """Those that look at inputs, or at outputs."""
        return [one for one in self.guardrails if stage in one.record.stages]

    def circumstances(self, guardrail: LiveGuardrail, stage: Stage) -> Circumstances:
        """What a judge elsewhere is told."""
        return Circumstances(
            guardrail=guardrail.record.name,
            stage=stage,
            model=self.model,
            app=self.app,
            user_id=self.envelope.user_id,
            trace_id=self.work.trace.trace_id,
            metadata=dict(self.envelope.metadata) or None,
        )

    async def admit(self, dialect: Dialect, path: str, asked: Asked) -> Asked:
        """Look at what is asked; it may come back with words taken out. Raises when it may not go on."""
        admitted = await self._admit(dialect, path, asked)
        self.root.put(input=recorded(admitted.request.messages))
        return admitted

    async def _admit(self, dialect: Dialect, path: str, asked: Asked) -> Asked:
        judging = self.at("input")
        if not judging:
            return asked
        body = msgspec.json.decode(asked.body)
        places = places_of_request(body)
        try:
            changed = await self.judge_places(judging, places)
        except ContentPolicyViolation:
            # What was refused is kept, so that its refusal can be judged; secrets in it are not.
            self.root.put(input={name: body[name] for name in ASKED if name in body})
            raise
        if not changed:
            return asked
        encoded = msgspec.json.encode(body)
        if asked.rewritten:
            return replace(asked, body=encoded, request=msgspec.json.decode(encoded, type=type(asked.request)))
        return dialect.read_again(path, asked, encoded)

    async def admit_texts(self, texts: Sequence[str]) -> list[str]:
        """The same for texts that are no conversation, such as those to be embedded."""
        held = list(texts)
        await self.judge_places(self.at("input"), [Place(held, number, "user") for number in range(len(held))])
        return held

    async def judge_places(self, judging: Sequence[LiveGuardrail], places: Sequence[Place]) -> bool:
        """Let guardrails look at the words of an input, one after the other. Returns whether words were taken out."""
        changed = False
        for guardrail in judging:
            mine = [place for place in places if place.role in guardrail.record.roles]
            before = [place.text for place in mine]
            span = self.work.start(f"guardrail {guardrail.record.name}", "guardrail")
            circumstances = self.circumstances(guardrail, "input")
            judgement, written = await judge(guardrail, "input", before, self.work.runtime.http, circumstances)
            self.conclude(judgement, span)
            for place, old, new in zip(mine, before, written, strict=True):
                if new != old:
                    place.write(new)
                    changed = True
            if judgement.blocked:
                raise refusal(judgement)
        return changed

    def conclude(self, judgement: Judgement, span: ActiveSpan, *, not_evaluated: str | None = None) -> None:
        """Leave the verdicts of one guardrail behind, as a span, and its gravest for the header."""
        verdicts = judgement.verdicts(not_evaluated=not_evaluated)
        record = judgement.guardrail.record
        span.put(output=cast(Attribute, [asdict(verdict) for verdict in verdicts]))
        outcome = gravest(verdicts)
        span.attributes |= {
            "quarterdeck.guardrail.name": record.name,
            "quarterdeck.guardrail.version": record.version,
            "quarterdeck.guardrail.stage": judgement.stage,
            "quarterdeck.guardrail.outcome": outcome,
            "quarterdeck.guardrail.action": next((v.action for v in verdicts if v.action != "none"), "none"),
        }
        span.end()
        self.said.append((record.name, outcome))

    def header(self) -> bytes:
        """What has been said, for the client: `pii=passed, secrets=blocked`."""
        return ", ".join(f"{name}={outcome}" for name, outcome in dict(self.said).items()).encode()

    def finish(self, error: BaseException | None = None) -> None:
        """End the root of the request."""
        if error is not None:
            self.root.fail(error)
        self.root.end()  # a second time changes nothing


class Guarding:
    """Around a request: `None` where no guardrail applies, which is the normal case and costs next to nothing."""

    def __init__(self, plane: Plane, work: Work, envelope: Envelope, target: Application | Route) -> None:
        self._plane, self._work, self._envelope, self._target = plane, work, envelope, target
        self._guard: RequestGuard | None = None

    async def __aenter__(self) -> RequestGuard | None:
        self._guard = guard_for(self._plane, self._work, self._envelope, self._target)
        return self._guard

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._guard is not None:
            # What guardrails have said is durable, also when they let nothing through.
            self._guard.finish(None if isinstance(error, asyncio.CancelledError) else error)
            accept(self._plane.recorder, self._guard.work)


def guard_for(plane: Plane, work: Work, envelope: Envelope, target: Application | Route) -> RequestGuard | None:
    """The guardrails of a request, if any applies."""
    live = plane.guardrails
    if not envelope.guardrails and not live.any_for(work.project_id):
        return None
    app = target.name if isinstance(target, Application) else None
    models = () if isinstance(target, Application) else _names(target)
    key = (work.actor.name, work.actor.id)
    found = live.applying(work.project_id, app=app, models=models, key=key, asked=envelope.guardrails)
    if not found:
        return None
    model = app or models[0]
    root = work.start(f"guarded {model}", "chain")
    return RequestGuard(work.under(root), root, found, model, envelope, app)


def _names(route: Route) -> tuple[str, ...]:
    """Every name of a route by which a guardrail may mean it; of an alias, every model that may answer."""
    behind = [one.route.id for one in route.everybody()] if isinstance(route, Selection) else []
    return tuple(dict.fromkeys((route.id, *route.names, *behind)))


def gravest(verdicts: Sequence[Verdict]) -> str:
    """The word for several verdicts together: blocked before not evaluated before passed."""
    outcomes = {verdict.outcome for verdict in verdicts}
    return next((one for one in ("blocked", "not_evaluated") if one in outcomes), "passed")


def refusal(judgement: Judgement) -> ContentPolicyViolation:
    """The error that says which guardrail, and what kind of thing it found; never the words themselves."""
    record = judgement.guardrail.record
    what = "the request" if judgement.stage == "input" else "the answer"
    labels = sorted({finding.label for found in judgement.found.values() for _, finding, _ in found})
    if labels:
        return ContentPolicyViolation(
            f"The guardrail `{record.name}` does not let {what} through: {', '.join(labels)[:200]}."
        )
    silent = "; ".join(f"`{kind}`: {reason}" for kind, (reason, blocks) in judgement.unasked.items() if blocks)
    return ContentPolicyViolation(
        f"The guardrail `{record.name}` could not judge {what}, and lets nothing through unjudged ({silent})."
    )
