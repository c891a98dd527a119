"""`quarterdeck limits`: what may be used, by whom, and how far it is used."""

from __future__ import annotations

from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, ago, money
from quarterdeck.cli.show import Column

_WINDOWS = ("second", "minute", "hour", "day", "week", "month", "total")
_METRICS = ("requests", "tokens", "input_tokens", "output_tokens", "cost")


@click.group(cls=Noun)
def limits() -> None:
    """Limits and budgets: list, set, remove, alerts."""


@limits.command("list")
@command
def list_limits(desk: Desk) -> None:
    """List the limits, and how far each is used at this moment."""
    page = desk.server.items("/api/v1/limit-usage")
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty="No limits. `quarterdeck limits set --help`."))


@limits.command("show")
@click.argument("name", shell_complete=completing.LIMITS)
@command
def show_limit(desk: Desk, name: str) -> None:
    """Show how far one limit is used, by everyone who has it for themselves."""
    page = desk.server.items(f"/api/v1/limits/{quote(name, safe='')}/usage")
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty="Nothing of it has been used in this window."))


@limits.command("set")
@click.argument("name", shell_complete=completing.LIMITS)
@click.option("--of", "of", default="project", metavar="SUBJECT", help="`project`, `team:NAME`, `key:NAME`, `user:ID`, `tag:TAG`, `model:PATTERN` or `app:NAME`; `*` is all of them.")  # fmt: skip
@click.option("--each", is_flag=True, help="Everyone concerned has the amount for themselves.")
@click.option("--budget", metavar="USD/WINDOW", help="Such as `100/month`.")
@click.option("--requests", metavar="N/WINDOW", help="Such as `60/minute`.")
@click.option("--tokens", metavar="N/WINDOW", help="Input and output together, such as `200000/hour`.")
@click.option("--input-tokens", metavar="N/WINDOW", help="Input alone.")
@click.option("--output-tokens", metavar="N/WINDOW", help="Output alone.")
@click.option("--concurrency", type=click.IntRange(0), metavar="N", help="Requests at one time.")
@click.option("--soft", is_flag=True, help="Raise alerts, but refuse nothing.")
@click.option("--alert-at", "shares", type=click.FloatRange(0, 1000, min_open=True), multiple=True, metavar="PERCENT", help="When to raise an alert; may be repeated. 80 and 100 by default.")  # fmt: skip
@click.option("--off", is_flag=True, help="Keep it, but do not apply it.")
@force_option
@command
def set_limit(
    desk: Desk,
    name: str,
    of: str,
    each: bool,
    budget: str | None,
    requests: str | None,
    tokens: str | None,
    input_tokens: str | None,
    output_tokens: str | None,
    concurrency: int | None,
    soft: bool,
    shares: tuple[float, ...],
    off: bool,
    force: bool,
) -> None:
    """Set a limit or a budget; one of the same name is changed. It holds from the next request on."""
    subject, _, subject_id = of.partition(":")
    wish: dict[str, object] = {"subject": subject, "each": each, "hard": not soft, "enabled": not off}
    if subject_id:
        wish["subject_id"] = subject_id
    if shares:
        wish["alert_at"] = [share / 100 for share in shares]
    amounts = dict(zip(_METRICS, (requests, tokens, input_tokens, output_tokens, budget), strict=True))
    given = {metric: text for metric, text in amounts.items() if text is not None}
    if len(given) + (concurrency is not None) != 1:
        raise WrongUse("Say one amount: `--budget 100/month`, `--requests 60/minute`, `--tokens …`, `--concurrency 8`.")
    if concurrency is not None:
        wish |= {"metric": "concurrency", "amount": concurrency}
    for metric, text in given.items():
        amount, window = _amount(text)
        wish |= {"metric": metric, "amount": amount, "window": window}
    made = desk.server.put(f"/api/v1/limits/{quote(name, safe='')}", wish, force=force or None)
    desk.give(made, lambda: show.say(f"`{made['name']}` holds: {_what(made)} for {_whom(made)}."))


@limits.command("remove")
@click.argument("name", shell_complete=completing.LIMITS)
@force_option
@command
def remove_limit(desk: Desk, name: str, force: bool) -> None:
    """Remove a limit. Nothing is refused because of it any more."""
    desk.server.delete(f"/api/v1/limits/{quote(name, safe='')}", force=force or None)
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


@limits.command("alerts")
@command
def list_alerts(desk: Desk) -> None:
    """List the alerts that limits raised, newest first."""
    page = desk.server.items("/api/v1/limit-alerts")
    desk.give(page, lambda: show.table(page["items"], _ALERTS, empty="No alerts."))


@limits.command("store")
@command
def show_store(desk: Desk) -> None:
    """Show where what is used is counted, and whether it can be reached."""
    status = desk.server.get("/api/v1/limit-store")
    away = f" It is away since {status['away_since']}." if status["away_since"] else ""
    desk.give(status, lambda: show.say(f"Counted {status['kind']}; {status['leases']} requests under way.{away}"))


def _amount(text: str) -> tuple[float, str]:
    number, slash, window = text.lower().removeprefix("$").replace("_", "").partition("/")
    try:
        amount = float(number)
    except ValueError as error:
        raise WrongUse(f"`{text}` is no amount. Write `100/month` or `60/minute`.") from error
    if not slash or window not in _WINDOWS:
        raise WrongUse(f"`{text}` says no window. Write `{number}/WINDOW`, with one of {', '.join(_WINDOWS)}.")
    return amount, window


def _number(limit: Json, amount: float) -> str:
    return money(amount) if limit["metric"] == "cost" else f"{int(amount):,}"


def _what(limit: Json) -> str:
    if limit["metric"] == "concurrency":
        return f"{int(limit['amount'])} at once"
    unit = "" if limit["metric"] == "cost" else f" {limit['metric'].replace('_', ' ')}"
    per = "in all" if limit["window"] == "total" else f"a {limit['window']}"
    return f"{_number(limit, limit['amount'])}{unit} {per}"


def _whom(limit: Json) -> str:
    if limit["subject"] == "project":
        return "the project"
    return f"{'each ' if limit['each'] else ''}{limit['subject']} {limit['subject_id']}"


_COLUMNS = (
    Column("name", lambda row: row["limit"]["name"], style="cyan"),
    Column("limit", lambda row: _what(row["limit"])),
    Column("of", lambda row: row["value"] or _whom(row["limit"]), fold=True),
    Column("used", lambda row: row["used"], lambda row: _number(row["limit"], row["used"]), right=True),
    Column(
        "held", lambda row: row["reserved"], lambda row: _number(row["limit"], row["reserved"]), right=True, spare=2
    ),
    Column("left", lambda row: row["left"], lambda row: _number(row["limit"], row["left"]), right=True),
    Column("state", lambda row: row["state"] if row["limit"]["enabled"] else "off"),
    Column("kind", lambda row: "hard" if row["limit"]["hard"] else "soft", spare=1),
    Column("resets", lambda row: row["resets_at"], lambda row: row["resets_at"] or NONE, spare=3),
)
_ALERTS = (
    Column("when", lambda alert: alert["raised_at"], lambda alert: ago(alert["raised_at"])),
    Column("limit", lambda alert: alert["name"], style="cyan"),
    Column("of", lambda alert: alert["value"], lambda alert: alert["value"] or NONE, fold=True),
    Column("share", lambda alert: alert["share"], lambda alert: f"{alert['share']:.0%}", right=True),
    Column("used", lambda alert: alert["used"], lambda alert: _number(alert, alert["used"]), right=True),
    Column("amount", lambda alert: alert["amount"], lambda alert: _number(alert, alert["amount"]), right=True, spare=1),
)
