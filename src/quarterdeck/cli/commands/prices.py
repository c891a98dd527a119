"""`quarterdeck prices`: what models cost, prices of your own, models without one, and history priced anew."""

from __future__ import annotations

import time
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import age, count, day, money, plural, read_moment
from quarterdeck.cli.show import Column

_POLL_S = 0.5
_UNITS = ("input", "output", "cache-read", "cache-write", "reasoning")


@click.group(cls=Noun)
def prices() -> None:
    """Prices: find, set, withdraw, and price history anew."""


@prices.command("list")
@click.argument("text", required=False)
@click.option("--set", "only_set", is_flag=True, help="Only those that somebody has set here.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True, help="At most so many.")
@command
def list_prices(desk: Desk, text: str | None, only_set: bool, limit: int) -> None:
    """List prices per million tokens, those that were set here first. TEXT is a part of `provider/model`."""
    asked = {"limit": limit, **({"q": text} if text else {}), **({"set": "true"} if only_set else {})}
    page = desk.server.get("/api/v1/prices", **asked)
    desk.give(page, lambda: show.table(page["items"], _PRICES, empty="No price fits."))


@prices.command("show")
@click.argument("model", shell_complete=completing.MODELS)
@command
def show_price(desk: Desk, model: str) -> None:
    """Show what MODEL (`provider/model`) costs now, and every row about it."""
    found = desk.server.get(f"/api/v1/prices/models/{_path(model)}")
    desk.give(found, lambda: _present(found))


@prices.command("history")
@command
def price_history(desk: Desk) -> None:
    """Show every price that was ever set or withdrawn, and whether the record is intact."""
    found = desk.server.get("/api/v1/prices/history")
    desk.give(found, lambda: show.table(found["items"], _HISTORY, empty="No price was ever set here."))
    if not found["intact"]:
        raise Failed("The seals do not fit: somebody has changed the record of prices by hand.")


@prices.command("set")
@click.argument("model", shell_complete=completing.MODELS)
@click.option("--input", "input_", metavar="USD", help="A million tokens in.")
@click.option("--output", metavar="USD", help="A million tokens out.")
@click.option("--cache-read", metavar="USD", help="A million tokens that a prompt cache had.")
@click.option("--cache-write", metavar="USD", help="A million tokens written into one.")
@click.option("--reasoning", metavar="USD", help="A million tokens of thought, where they cost something else.")
@click.option("--unit", "units", multiple=True, metavar="NAME=USD", help="Any other unit: `search=0.01`, `page=0.001`.")
@click.option("--since", metavar="DAY", help="The first day (UTC) on which it holds; without it, always.")
@click.option("--tier", metavar="NAME", help="A service tier: `batch`, `flex`, `priority`.")
@click.option("--note", default="", help="Why: a contract, a correction.")
@click.option("--everywhere", is_flag=True, help="For all projects; needs the administrator's key.")
@command
def set_price(
    desk: Desk,
    model: str,
    input_: str | None,
    output: str | None,
    cache_read: str | None,
    cache_write: str | None,
    reasoning: str | None,
    units: tuple[str, ...],
    since: str | None,
    tier: str | None,
    note: str,
    everywhere: bool,
) -> None:
    """Set the price of MODEL (`provider/model`; both may be patterns such as `*`). It wins over the price lists."""
    provider, slash, name = model.partition("/")
    if not slash or not name:
        raise WrongUse(f"`{model}` is no model of a provider. Write `openai/gpt-4o-mini`, or `openai/*`.")
    said = dict(zip(_UNITS, (input_, output, cache_read, cache_write, reasoning), strict=True))
    amounts = {unit.replace("-", "_"): usd for unit, usd in said.items() if usd is not None}
    for unit in units:
        what, equals, usd = unit.partition("=")
        if not equals:
            raise WrongUse(f"`{unit}` is no price. Write `search=0.01`.")
        amounts[what.strip()] = usd.strip()
    if not amounts:
        raise WrongUse("There is nothing to set. Say `--input` and `--output`, in US dollars a million tokens.")
    wish = {
        "provider": provider,
        "model": name,
        "prices": amounts,
        "since": since,
        "service_tier": tier,
        "note": note,
        "everywhere": everywhere,
    }
    made = desk.server.post("/api/v1/prices", wish)
    desk.give(made, lambda: show.say(f"Set `{made['id']}`. `quarterdeck prices reprice` brings it to past calls."))


@prices.command("remove")
@click.argument("price")
@force_option
@command
def remove_price(desk: Desk, price: str, force: bool) -> None:
    """Withdraw a price that was set. What was billed by it stays billed."""
    desk.server.delete(f"/api/v1/prices/{quote(price, safe='')}", force=force or None)
    desk.give({"removed": price}, lambda: show.say(f"Withdrew `{price}`."))


@prices.command("unpriced")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="Look back so many days.")
@command
def list_unpriced(desk: Desk, days: int) -> None:
    """List models that were called and whose price nobody knows: their cost is missing in every sum."""
    page = desk.server.get("/api/v1/prices/unpriced", days=days)
    desk.give(page, lambda: show.table(page["items"], _UNPRICED, empty="Every call has a price."))


@prices.command("reprice")
@click.option(
    "--model", default="*/*", show_default=True, metavar="PROVIDER/MODEL", help="Only these; may be a pattern."
)
@click.option("--since", metavar="WHEN", help="Only calls since then: `7d`, `2026-11-02`.")
@click.option("--all", "all_calls", is_flag=True, help="Also calls that have a price already.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is done.")
@command
def reprice(desk: Desk, model: str, since: str | None, all_calls: bool, no_wait: bool) -> None:
    """Price past calls anew, with the prices known now for the moment of each call. Old bills are kept."""
    provider, slash, name = model.partition("/")
    scope = {
        "provider": provider if slash else "*",
        "model": name if slash else model,
        "only_unpriced": not all_calls,
        "since": read_moment(since) if since else None,
    }
    run = desk.server.post("/api/v1/prices/repricings", scope)
    while not no_wait and run["status"] in ("waiting", "running"):
        time.sleep(_POLL_S)
        run = desk.server.get(f"/api/v1/prices/repricings/{run['id']}")
    desk.give(run, lambda: _present_run(run))
    if run["status"] == "failed":
        raise Failed(f"The run `{run['id']}` has failed: {run['error']}")


def _path(model: str) -> str:
    provider, slash, name = model.partition("/")
    if not slash or not name:
        raise WrongUse(f"`{model}` is no model of a provider. Write `openai/gpt-4o-mini`.")
    return f"{quote(provider, safe='')}/{quote(name)}"


def _present(found: Json) -> None:
    name = f"{found['provider']}/{found['model']}"
    if not found["priced"]:
        show.say(f"Nobody knows what `{name}` costs. `quarterdeck prices set {name} --input USD --output USD` says it.")
    show.facts([(unit.replace("_", " "), f"${usd:g}") for unit, usd in found["prices"].items()])
    if found["rows"]:
        show.table(found["rows"], _PRICES, empty="")


def _present_run(run: Json) -> None:
    if run["status"] in ("waiting", "running"):
        show.say(f"`{run['id']}` is at work.")
        return
    more = run["difference_usd"]
    difference = f", {money(abs(more))} {'more' if more > 0 else 'less'} in all" if more else ""
    show.say(f"Looked at {plural(run['looked_at'], 'call')}, corrected {plural(run['changed'], 'bill')}{difference}.")


def _usd(price: Json, unit: str) -> str:
    usd = price["prices"].get(unit)
    return "" if usd is None else f"${usd:g}"


_PRICES = (
    Column("model", lambda p: f"{p['provider']}/{p['model']}", style="cyan", fold=True),
    Column("input", lambda p: p["prices"].get("input"), lambda p: _usd(p, "input"), right=True),
    Column("output", lambda p: p["prices"].get("output"), lambda p: _usd(p, "output"), right=True),
    Column("cache read", lambda p: p["prices"].get("cache_read"), lambda p: _usd(p, "cache_read"), right=True, spare=3),
    Column("tier", lambda p: p["service_tier"], spare=2),
    Column("since", lambda p: p["since"], spare=1),
    Column("from", lambda p: "you" if p["source"] == "set" else "list"),
    Column("id", lambda p: p["id"], fold=True, spare=4),
)
_HISTORY = (
    Column("id", lambda p: p["id"], style="cyan"),
    Column("model", lambda p: f"{p['provider']}/{p['model']}", fold=True),
    Column("input", lambda p: p["prices"].get("input"), lambda p: _usd(p, "input"), right=True),
    Column("output", lambda p: p["prices"].get("output"), lambda p: _usd(p, "output"), right=True),
    Column("set", lambda p: p["created_at"], lambda p: day(p["created_at"])),
    Column("by", lambda p: p["created_by"]),
    Column("withdrawn", lambda p: p["withdrawn_at"], lambda p: day(p["withdrawn_at"])),
    Column("note", lambda p: p["note"], fold=True, spare=1),
)
_UNPRICED = (
    Column("model", lambda m: f"{m['provider']}/{m['model']}", style="cyan", fold=True),
    Column("calls", lambda m: m["calls"], lambda m: count(m["calls"]), right=True),
    Column("tokens in", lambda m: m["input_tokens"], lambda m: count(m["input_tokens"]), right=True),
    Column("tokens out", lambda m: m["output_tokens"], lambda m: count(m["output_tokens"]), right=True),
    Column("for", lambda m: m["first_at"], lambda m: age(m["first_at"])),
)
