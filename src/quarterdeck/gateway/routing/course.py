"""Who is asked next, until somebody answers: the one state machine of retries and fallbacks, for streams and plain answers.

A course decides and remembers; it calls nobody. `trying.py` drives it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from quarterdeck.access.limits.limiter import Grant
from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, LimitReached, QuarterdeckError, UpstreamUnavailable
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing import allowance
from quarterdeck.gateway.routing.conditions import holds
from quarterdeck.gateway.routing.failures import Failure, failure_of
from quarterdeck.gateway.routing.records import FailureKind, Timeouts
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.strategy import Candidate, Question
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work

_FIRST_PAUSE_S = 0.25
_MOST_ATTEMPTS = 20
_SLOW_TIMES, _SLOW_MS = 3.0, 500.0


class Attempt:
    """One call of one model, on the way to an answer."""

    def __init__(self, course: Course, candidate: Candidate, number: int, pause_s: float = 0.0) -> None:
        self.candidate = candidate
        self.number = number
        self.pause_s = pause_s
        """How long to wait before it."""
        self.begun = False
        """Whether something of the answer is with the client: from here on nobody else can answer."""
        self.failure: Failure | None = None
        self.next: Attempt | None = None
        self._course = course
        self._started_ns = 0
        self._first_ns: int | None = None
        self._over = False
        self._grant: Grant | None = None
        self._span: ActiveSpan | None = None

    @property
    def route(self) -> Route:
        """Who is called."""
        return self.candidate.route

    @property
    def work(self) -> Work:
        """The work, below the span of the whole when there is one."""
        return self._course.work

    def timeouts(self) -> Timeouts | None:
        """How long to wait, as far as the plan or the client says something about it."""
        return self._course.timeouts(self.candidate)

    async def begin(self) -> None:
        """The call begins now, if the limits of its model allow it."""
        self._started_ns = clock.monotonic_ns()
        self.candidate.health.begin()
        self._grant = await self._course.allowed(self.candidate)

    def speaks(self) -> None:
        """The first token is here."""
        self.begun = True
        self._first_ns = clock.monotonic_ns()

    def succeed(self) -> None:
        """The answer is whole."""
        if not self._over:
            self._over = True
            began, first = self._started_ns, self._first_ns
            first_ms = None if first is None else (first - began) / 1e6
            self.candidate.health.succeed((clock.monotonic_ns() - began) / 1e6, first_ms)

    def abandon(self) -> None:
        """The call ended without telling anything about the model. After another end, this changes nothing."""
        if not self._over:
            self._over = True
            self.candidate.health.abandon()

    def fail(self, error: QuarterdeckError) -> Attempt | None:
        """The call failed: who is next, if anybody. A second call changes nothing."""
        if not self._over:
            self._over = True
            self.failure = failure_of(error)
            health = self.candidate.health
            if self.failure is not None and self.failure.counts:
                health.fail(self.failure.kind, error.message, error.retry_after_s)
            else:
                health.abandon()
            self.next = self._course.after(self)
        return self.next

    def mark(self, span: ActiveSpan, error: BaseException | None) -> None:
        """Note on the span of the call which attempt it was and why it was left. Said before the span ends."""
        if isinstance(error, QuarterdeckError):
            self.fail(error)
        self._span = span
        self._course.mark(self, span)

    def settle(self) -> None:
        """Charge the limits of its model with what its span says, and give back the rest."""
        grant, self._grant = self._grant, None
        if grant is not None:
            allowance.settle(grant, self._span)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a client wants otherwise than the plan says."""

    retries: int | None = None
    total_s: float | None = None


class Course:
    """The attempts of one request."""

    def __init__(self, selection: Selection, question: Question, order: list[Candidate], wishes: Wishes) -> None:
        self.selection = selection
        self.root: ActiveSpan | None = None
        """Stands around the spans of the attempts, as soon as there is more than one."""
        self.made: list[Attempt] = []
        self._last_span: ActiveSpan | None = None
        self._question = question
        self._waiting = order
        self._retries = selection.plan.retries if wishes.retries is None else wishes.retries
        total_s = wishes.total_s or selection.plan.timeouts.total_s
        self._deadline_ns = None if total_s is None else clock.monotonic_ns() + int(total_s * 1e9)

    @property
    def work(self) -> Work:
        """The work of the request, below the span of the whole when there is one."""
        work = self._question.work
        return work if self.root is None else work.under(self.root)

    @property
    def current(self) -> Attempt:
        """The attempt that goes on, or was the last."""
        return self.made[-1]

    def first(self) -> Attempt:
        """The first attempt."""
        if not self._waiting:
            self._waiting = self._fallbacks("error")
        if not self._waiting:
            raise self._nobody()
        return self._attempt(self._waiting.pop(0))

    def after(self, failed: Attempt) -> Attempt | None:
        """Who is asked after an attempt that failed, and when."""
        failure = failed.failure
        if failure is None or failed.begun or len(self.made) >= _MOST_ATTEMPTS:
            return None
        queue = [one for one in self._heirs(failure, failed) if one.health.available()]
        # Whoever is slow or wants to be left alone is asked again only when there is nobody else.
        patient = failure.kind == "error" or not queue
        if failure.again and patient:
            again = self._again(failed, failure)
            if again is not None:
                return again
        if not queue or self._left_s() == 0.0:
            return None
        self._waiting = queue[1:]
        return self._attempt(queue[0])

    def timeouts(self, candidate: Candidate) -> Timeouts | None:
        """How long to wait for a candidate: what it says, else what the plan says; None when neither says anything."""
        general, own, left_s = self.selection.plan.timeouts, candidate.target.timeouts, self._left_s()
        if own is None and left_s is None:
            return None if general == _NO_TIMEOUTS else general
        own = own or _NO_TIMEOUTS
        totals = [s for s in (own.total_s, left_s) if s is not None]
        return Timeouts(
            connect_s=own.connect_s or general.connect_s,
            first_token_s=own.first_token_s or general.first_token_s,
            idle_s=own.idle_s or general.idle_s,
            total_s=max(0.001, min(totals)) if totals else None,
        )

    async def allowed(self, candidate: Candidate) -> Grant | None:
        """What the limits of a candidate's model grant to this request; raises when they refuse it."""
        return await allowance.reserve(self._question, self.selection.name, candidate.route)

    def final(self, error: QuarterdeckError) -> QuarterdeckError:
        """What the client is told when nobody answered."""
        failures = [attempt.failure for attempt in self.made if attempt.failure is not None]
        if len(self.made) == 1 or self.current.failure is None or self.current.begun:
            return error
        kinds = {failure.kind for failure in failures}
        waits = [failure.error.retry_after_s for failure in failures if failure.error.retry_after_s is not None]
        said = "; ".join(
            f"{attempt.number}. `{attempt.route.id}` ({_WORDS[attempt.failure.kind]}): {attempt.failure.error.message}"
            for attempt in self.made
            if attempt.failure is not None
        )
        message = f"`{self.selection.name}` has no answer after {len(self.made)} attempts. {said}"
        retry_after_s = min(waits, default=None)
        if kinds == {"rate_limit"}:
            return LimitReached(message, retry_after_s=retry_after_s)
        if failures[-1].kind in ("context_window", "content_policy", "budget") or kinds == {"timeout"}:
            return error
        return UpstreamUnavailable(message, retry_after_s=retry_after_s)

    def mark(self, attempt: Attempt, span: ActiveSpan) -> None:
        """Write on an attempt's span what it was; put a root around the first one that is not the last."""
        told = span.attributes
        told["quarterdeck.route"] = self.selection.name
        told["quarterdeck.attempt"] = attempt.number
        if attempt.number == 1:
            told.update(self._question.notes)
        if attempt.failure is not None:
            told["quarterdeck.left"] = attempt.failure.kind
        if attempt.next is not None and self.root is None:
            root = self.root = span.around(f"route {self.selection.name}", "chain")
            root.put(model=self.selection.name, input=span.fields.get("input"))
            root.attributes["quarterdeck.route"] = self.selection.name
        self._last_span = span

    def end(self, error: BaseException | None = None) -> None:
        """The whole is over, and the spans of all attempts have ended."""
        for attempt in self.made:
            attempt.settle()
        if self.root is not None and self._last_span is not None:
            self.root.attributes["quarterdeck.attempts"] = len(self.made)
            last = self._last_span.fields
            self.root.put(**{name: last[name] for name in ("output", "first_token_ns") if name in last})
            if error is not None:
                self.root.fail(error)
            self.root.end()

    def _attempt(self, candidate: Candidate, pause_s: float = 0.0) -> Attempt:
        attempt = Attempt(self, candidate, len(self.made) + 1, pause_s)
        self.made.append(attempt)
        return attempt

    def _heirs(self, failure: Failure, failed: Attempt) -> list[Candidate]:
        tried = {attempt.route.id for attempt in self.made}
        match failure.kind:
            case "content_policy":
                others = []  # what one provider refuses to hear is not passed around unasked
            case "context_window":
                others = [one for one in self._waiting if one.route.model != failed.route.model]
            case _:
                others = self._waiting
        named = [*others, *self._fallbacks(failure.kind)]
        unique = {one.route.id: one for one in reversed(named) if one.route.id not in tried}
        return [one for one in named if unique.pop(one.route.id, None) is not None]

    def _again(self, failed: Attempt, failure: Failure) -> Attempt | None:
        before = sum(attempt.candidate is failed.candidate for attempt in self.made)
        if before > self._retries:
            return None
        # Full jitter: those who failed together do not come back together.
        drawn_s = random.uniform(0, _FIRST_PAUSE_S * 2 ** (before - 1))  # noqa: S311
        pause_s = max(drawn_s, failure.error.retry_after_s or 0.0, failed.candidate.health.available_in_s())
        left_s = self._left_s()
        if pause_s > self.selection.plan.longest_wait_s or (left_s is not None and pause_s >= left_s):
            return None
        return self._attempt(failed.candidate, pause_s)

    def _fallbacks(self, kind: FailureKind) -> list[Candidate]:
        return [
            one
            for one in self.selection.fallbacks.get(kind, ())
            if one.health.available() and holds(one.target.when, self._question)
        ]

    def _left_s(self) -> float | None:
        if self._deadline_ns is None:
            return None
        return max(0.0, (self._deadline_ns - clock.monotonic_ns()) / 1e9)

    def _nobody(self) -> QuarterdeckError:
        ill = [one for one in self.selection.candidates if holds(one.target.when, self._question)]
        if not ill:
            return InvalidInput(
                f"No target of `{self.selection.name}` is for a request like this one: the condition (`when`) of none "
                "holds. Add a target without a condition.",
                param="model",
            )
        soonest_s = min(one.health.available_in_s() for one in ill)
        said = "; ".join(f"`{one.route.id}`: {one.health.last_error or 'being probed'}" for one in ill)
        return UpstreamUnavailable(
            f"All models behind `{self.selection.name}` are left alone for now, after they failed. {said}",
            retry_after_s=max(0.1, soonest_s),
        )


async def set_out(selection: Selection, question: Question, wishes: Wishes | None = None) -> Course:
    """Begin: leave out who cannot be asked, put the others in the order of the strategy."""
    able = [one for one in selection.candidates if holds(one.target.when, question) and one.health.available()]
    if len(able) > 1:
        able = _slow_ones_last(list(await selection.strategy.rank(question, able)), question.stream)
    return Course(selection, question, able, wishes or _NO_WISHES)


def _slow_ones_last(order: list[Candidate], stream: bool) -> list[Candidate]:
    """One that is much slower of late than another with the same model waits until the others have failed."""
    best: dict[str, float] = {}
    measured = [(one, one.health.latency_ms(stream)) for one in order]
    for one, ms in measured:
        if ms is not None:
            best[one.route.model] = min(ms, best.get(one.route.model, ms))
    slow = {
        one.route.id
        for one, ms in measured
        if ms is not None and ms > best[one.route.model] * _SLOW_TIMES and ms > best[one.route.model] + _SLOW_MS
    }
    return order if not slow else sorted(order, key=lambda one: one.route.id in slow)


_NO_TIMEOUTS = Timeouts()
_NO_WISHES = Wishes()
_WORDS: dict[FailureKind, str] = {
    "error": "failed",
    "timeout": "too slow",
    "rate_limit": "rate limit",
    "context_window": "input too long",
    "content_policy": "content policy",
    "budget": "no budget",
}
