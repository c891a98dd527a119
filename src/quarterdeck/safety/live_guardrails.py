"""The guardrails of all projects, ready to judge: a snapshot in memory, reloaded when one changes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from quarterdeck.core.errors import InvalidInput, QuarterdeckError
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.safety import store
from quarterdeck.safety.check import make_check
from quarterdeck.safety.judging import LiveGuardrail
from quarterdeck.safety.records import Guardrail, GuardrailsChanged

log = logging.getLogger(__name__)


class LiveGuardrails:
    """Answers "which guardrails apply?" from memory. Where none is set, that is one look into a dict."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._of_project: dict[str, tuple[LiveGuardrail, ...]] = {}

    async def reload(self, _event: GuardrailsChanged | None = None) -> None:
        """Take a new snapshot."""
        found: dict[str, tuple[LiveGuardrail, ...]] = {}
        for project_id, record, secret in await store.all_guardrails(self._runtime.database, self._runtime.vault):
            if record.enabled:
                found[project_id] = (*found.get(project_id, ()), live(record, secret))
        self._of_project = found

    def any_for(self, project_id: str) -> bool:
        """Whether a project has any that is on."""
        return project_id in self._of_project

    def applying(
        self, project_id: str, *, app: str | None, models: Sequence[str], key: tuple[str, str], asked: Sequence[str]
    ) -> Sequence[LiveGuardrail]:
        """The guardrails for one request. One that is asked for and is not there is an error: nobody shall feel safe."""
        mine = self._of_project.get(project_id, ())
        if not mine and not asked:
            return ()
        known = {one.record.name for one in mine}
        for name in asked:
            if name not in known:
                raise InvalidInput(
                    f"No guardrail that is on is called `{name}`. There are: {sorted(known)}.", param="guardrails"
                )
        return [one for one in mine if one.applies(app=app, models=models, key=key, asked=asked)]


def live(record: Guardrail, secret: str | None = None) -> LiveGuardrail:
    """A guardrail with its checks made."""
    try:
        return LiveGuardrail(record, tuple(make_check(wanted) for wanted in record.checks), secret)
    except QuarterdeckError:
        # It was checked when it was stored. If this program cannot make it any more, nobody may believe it is on.
        log.exception("the guardrail %s cannot be made", record.name)
        raise
