"""The learned routers in memory: what a text is worth to the strong model, asked on every request that is routed by one."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.routing.learned import store
from quarterdeck.gateway.routing.learned.features import LONGEST_TEXT, shape
from quarterdeck.gateway.routing.learned.model import RouterModel, from_bytes
from quarterdeck.gateway.routing.learned.records import Prediction, RoutersChanged
from quarterdeck.runtime.runtime import Runtime

log = logging.getLogger(__name__)

_PATIENCE_S = 0.25
"""Longer than this no request waits for its embedding; it then goes where the plan says."""


@dataclass(frozen=True)
class Ready:
    """A router that is trained."""

    weak: str
    strong: str
    model: RouterModel


class LearnedRouters:
    """All trained routers of all projects."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._embedder = runtime.part(Embedder)
        self._ready: dict[tuple[str, str], Ready] = {}

    async def reload(self, _event: RoutersChanged | None = None) -> None:
        """Read the models anew. One that cannot be read is left out, and the log says which."""
        ready: dict[tuple[str, str], Ready] = {}
        for row in await store.all_routers(self._runtime.database):
            if row.model is None:
                continue
            try:
                ready[row.project_id, row.name] = Ready(row.weak, row.strong, from_bytes(row.model))
            except (ValueError, KeyError, OSError):
                log.exception("the model of the router %s cannot be read: train it again", row.name)
        self._ready = ready

    def find(self, project_id: str, name: str) -> Ready | None:
        """A trained router; None when there is none, or it has not been trained."""
        return self._ready.get((project_id, name))

    async def predict(self, ready: Ready, text: str) -> Prediction:
        """Which of its two models a text should go to. When nobody can say, the strong one: that keeps every promise."""
        card = ready.model.card
        if not card.on or card.threshold is None:
            return Prediction(ready.strong, 0.0, card.threshold, "off")
        if card.embedder != self._embedder.name or not self._embedder.ready:
            return Prediction(ready.strong, 0.0, card.threshold, "no-embedder")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                raw = await asyncio.to_thread(self._raw, ready.model, text[:LONGEST_TEXT])
        except TimeoutError:
            return Prediction(ready.strong, 0.0, card.threshold, "too-slow")
        except QuarterdeckError:
            return Prediction(ready.strong, 0.0, card.threshold, "no-embedder")
        chosen = ready.strong if raw >= card.threshold else ready.weak
        return Prediction(chosen, round(ready.model.calibrated(raw), 4), card.threshold, "predicted")

    def _raw(self, model: RouterModel, text: str) -> float:
        return float(model.raw(shape(text)[None], self._embedder.embed([text]))[0])
