"""Bills that were corrected: what they were before."""

from __future__ import annotations

import re

from quarterdeck.core.errors import NotFound
from quarterdeck.core.paging import Page
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.spending.records import CorrectedBill
from quarterdeck.runtime.work import Work

_TRACE_ID = re.compile(r"[0-9a-f]{32}")


async def of_trace(work: Work, trace_id: str) -> Page[CorrectedBill]:
    """Those of one trace, the oldest correction first."""
    if not _TRACE_ID.fullmatch(trace_id):
        raise NotFound(f"There is no trace `{trace_id}`.")
    return Page(await work.part(Recorder).ask(lambda store: store.corrected_bills(work.project_id, trace_id)))
