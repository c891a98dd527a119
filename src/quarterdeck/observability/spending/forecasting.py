"""Where the month will end: what is spent, and the days that are left, each like one of the last four weeks.

No trend and no season is claimed. The interval is that of a sum of as many days as are left, drawn from days like those
that were, with the doubt about their mean in it (Student's t).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean, variance

from quarterdeck.core import clock
from quarterdeck.core.money import PICO
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.observability.spending.records import Forecast, SpendFilter, SpendRow
from quarterdeck.observability.spending.reporting import STEPS_NS, month_of
from quarterdeck.observability.traces import caught_up
from quarterdeck.runtime.work import Work

_DAYS = 28
_LEAST_DAYS = 3
# Nine tenths of Student's distribution lie below; by degrees of freedom, from 2 to 27.
_T_90 = (
    1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345,
    1.341, 1.337, 1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316, 1.315, 1.314,
)  # fmt: skip


async def forecast(work: Work) -> Forecast:
    """The end of this month (UTC), for all of a project."""
    now = clock.now()
    recorder = await caught_up(work)
    first, _ = month_of(now)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    from_ns = min(_ns(first), _ns(today - timedelta(days=_DAYS)))
    where = SpendFilter(work.project_id, from_ns, _ns(now) + 1)

    def ask(store: SpanStore) -> list[SpendRow]:
        return store.spend(where, by=None, step_ns=STEPS_NS["day"])

    spent = {row.at_ns: row.cost_pico / PICO for row in await recorder.ask(ask)}
    return foresee(spent, now)


def foresee(spent_usd: dict[int, float], now: datetime) -> Forecast:
    """The forecast from what each day has cost, by its first nanosecond."""
    first, next_month = month_of(now)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = sum(usd for at_ns, usd in spent_usd.items() if at_ns >= _ns(first))
    days = _whole_days(spent_usd, today)
    if len(days) < _LEAST_DAYS:
        says = f"There are {len(days)} whole days to go by; {_LEAST_DAYS} are needed to say where the month will end."
        return Forecast(f"{first:%Y-%m}", month, None, None, None, len(days), says)
    left = (next_month - now) / timedelta(days=1)
    mean, n = fmean(days), len(days)
    expected = month + mean * left
    doubt = _T_90[min(n - 1, len(_T_90) + 1) - 2] * sqrt(variance(days) * (left + left * left / n))
    low, high = max(month, expected - doubt), expected + doubt
    says = (
        f"${month:,.2f} so far; at ${mean:,.2f} a day, as in the last {n} days, the month ends at ${expected:,.2f}, and in "
        f"four cases of five between ${low:,.2f} and ${high:,.2f}."
    )
    return Forecast(f"{first:%Y-%m}", month, expected, low, high, n, says)


def _whole_days(spent_usd: dict[int, float], today: datetime) -> Sequence[float]:
    """What the last whole days have cost, from the first on which anything was called."""
    if not spent_usd:
        return []
    days = [_ns(today - timedelta(days=back)) for back in range(_DAYS, 0, -1)]
    begun = min(spent_usd)
    return [spent_usd.get(day, 0.0) for day in days if day >= begun]


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
