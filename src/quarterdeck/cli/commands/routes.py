"""`quarterdeck routes`: public names for models, who answers them, and how well those are doing."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, duration, money, plural
from quarterdeck.cli.show import Column

_FAILURES = ("any", "error", "timeout", "rate_limit", "context_window", "content_policy", "budget")


@click.group(cls=Noun)
def routes() -> None:
    """Routes: aliases for models, fallbacks, health, test calls."""


@routes.command("list")
@command
def list_routes(desk: Desk) -> None:
    """List the aliases, with who answers them."""
    page = desk.server.items("/api/v1/routes")
    desk.give(page, lambda: show.table(page["items"], _ALIASES, empty="No aliases. `quarterdeck routes set --help`."))


@routes.command("show")
@click.argument("name", shell_complete=completing.ROUTES)
@command
def show_route(desk: Desk, name: str) -> None:
    """Show one alias: the models behind it, and how each of them is doing."""
    alias = desk.server.get(_path(name))
    desk.give(alias, lambda: _present(alias))


@routes.command("set")
@click.argument("name", shell_complete=completing.ROUTES)
@click.argument("targets", nargs=-1, metavar="[MODEL[=WEIGHT]]...")
@click.option("--strategy", metavar="NAME", help="Who is asked first; `quarterdeck routes strategies` lists them.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the strategy, such as `by=user`.")  # fmt: skip
@click.option("--fallback", "fallbacks", multiple=True, metavar="[KIND:]MODEL", help=f"Who is asked when no target can answer; KIND is one of {', '.join(_FAILURES)}. May be repeated.")  # fmt: skip
@click.option("--retries", type=click.IntRange(0, 10), help="How often one target is asked again.")
@click.option("--connect", "connect_s", type=float, metavar="SECONDS", help="The longest wait for a connection.")
@click.option("--first-token", "first_token_s", type=float, metavar="SECONDS", help="The longest wait for the first token.")  # fmt: skip
@click.option("--idle", "idle_s", type=float, metavar="SECONDS", help="The longest silence in a stream.")
@click.option("--total", "total_s", type=float, metavar="SECONDS", help="The longest time for all attempts together.")
@click.option("--shadow", metavar="MODEL[=SHARE]", help="Copy requests to this model, too.")
@click.option("--check-every", type=float, metavar="SECONDS", help="Ask providers for their models so often.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A whole plan as JSON, instead of all else.")  # fmt: skip
@click.option("--force", is_flag=True, help="Even if a configuration file declares it.")
@command
def set_route(
    desk: Desk,
    name: str,
    targets: tuple[str, ...],
    strategy: str | None,
    options: tuple[str, ...],
    fallbacks: tuple[str, ...],
    retries: int | None,
    connect_s: float | None,
    first_token_s: float | None,
    idle_s: float | None,
    total_s: float | None,
    shadow: str | None,
    check_every: float | None,
    file: Path | None,
    force: bool,
) -> None:
    """Make an alias, or give it another plan: the models that answer it, in order."""
    if (file is None) == (not targets):
        raise WrongUse(
            "Name the models that answer, such as `openai/gpt-4o anthropic/claude-sonnet-4-5`, or a `--file`."
        )
    timeouts = {"connect_s": connect_s, "first_token_s": first_token_s, "idle_s": idle_s, "total_s": total_s}
    plan: dict[str, Json] = {
        "targets": [_weighted(target, "weight") for target in targets],
        "strategy": strategy,
        "options": dict(_option(option) for option in options) or None,
        "fallbacks": _fallbacks(fallbacks) or None,
        "retries": retries,
        "timeouts": {name: value for name, value in timeouts.items() if value is not None} or None,
        "shadow": None if shadow is None else _weighted(shadow, "share"),
        "health_check": None if check_every is None else {"every_s": check_every},
    }
    wish = {name: value for name, value in plan.items() if value is not None} if file is None else _plan_in(file)
    made = desk.server.put(f"{_path(name)}?force=true" if force else _path(name), wish)
    desk.give(made, lambda: show.say(f"`{made['name']}` is answered by {_who(made)}."))


@routes.command("remove")
@click.argument("name", shell_complete=completing.ROUTES)
@click.option("--force", is_flag=True, help="Even if a configuration file declares it.")
@command
def remove_route(desk: Desk, name: str, force: bool) -> None:
    """Forget an alias."""
    desk.server.delete(f"{_path(name)}?force=true" if force else _path(name))
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


@routes.command("test")
@click.argument("model", shell_complete=completing.MODELS)
@click.argument("question", required=False)
@command
def test_route(desk: Desk, model: str, question: str | None) -> None:
    """Ask an alias or a model something short, and tell who answered after which attempts. It costs what a call costs."""
    wish = {"model": model} if question is None else {"model": model, "question": question}
    seen = desk.server.post("/api/v1/routing/tests", wish)
    desk.give(seen, lambda: _present_test(seen))
    if not seen["ok"]:
        raise Failed(f"`{model}` has no answer: {seen['error']}")


@routes.command("strategies")
@command
def list_strategies(desk: Desk) -> None:
    """List the strategies that a plan may name."""
    page = desk.server.items("/api/v1/routing/strategies")
    desk.give(page, lambda: show.table(page["items"], _STRATEGIES, empty="None."))


def _path(name: str) -> str:
    return f"/api/v1/routes/{quote(name, safe='/')}"


def _weighted(said: str, field: str) -> dict[str, Json]:
    model, equals, number = said.partition("=")
    try:
        return {"model": model, field: float(number)} if equals else {"model": model}
    except ValueError as error:
        raise WrongUse(f"`{number}` in `{said}` is no number.") from error


def _option(said: str) -> tuple[str, Json]:
    name, equals, value = said.partition("=")
    if not equals:
        raise WrongUse(f"`{said}` has no value: write `{said}=VALUE`.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _fallbacks(said: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in said:
        kind, colon, model = one.partition(":")
        # The name of a model may have a colon itself (`ollama/llama3:8b`).
        kind, model = (kind, model) if colon and kind in _FAILURES else ("any", one)
        found.setdefault(kind, []).append(model)
    return found


def _plan_in(file: Path) -> Json:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise WrongUse(f"`{file}` is no JSON: {error}") from error
    # What `show --json` prints can be set again.
    return found["plan"] if isinstance(found, dict) and "plan" in found else found


def _who(alias: Json) -> str:
    return ", ".join(f"`{target['model']}`" for target in alias["plan"]["targets"])


def _present(alias: Json) -> None:
    plan = alias["plan"]
    show.say(f"`{alias['name']}`: {plan['strategy']}, {plural(plan['retries'], 'retry', 'retries')}.")
    if alias["broken"]:
        show.say(alias["broken"], style="red")
    show.table(alias["models"], _MODELS, empty="No models.")


def _present_test(seen: Json) -> None:
    for attempt in seen["attempts"]:
        left = f"{attempt['left']}: {attempt['error']}" if attempt["left"] else attempt["error"] or "answered"
        show.say(f"{attempt['number']}. `{attempt['model']}` {duration(attempt['duration_ms'])} {left}")
    if seen["ok"]:
        cost = NONE if seen["cost_usd"] is None else money(seen["cost_usd"])
        show.say(f"{seen['answer']}\n`{seen['model']}`, {duration(seen['duration_ms'])}, {cost}", style="green")


_ALIASES = (
    Column("name", lambda a: a["name"], style="cyan"),
    Column("strategy", lambda a: a["plan"]["strategy"]),
    Column("models", lambda a: ", ".join(t["model"] for t in a["plan"]["targets"]), fold=True),
    Column("up", lambda a: f"{sum(m['available'] for m in a['models'])}/{len(a['models'])}", right=True),
    Column("owner", lambda a: a["owner"], spare=1),
)
_MODELS = (
    Column("model", lambda m: m["model"], style="cyan"),
    Column("as", lambda m: m["standing"]),
    Column("weight", lambda m: m["weight"], lambda m: f"{m['weight']:g}", right=True, spare=2),
    Column(
        "state",
        lambda m: m["breaker"],
        lambda m: "ok" if m["available"] else f"{m['breaker']}, {m['available_in_s']:g} s",
    ),
    Column("in flight", lambda m: m["in_flight"], right=True, spare=1),
    Column("failed", lambda m: m["failures"], lambda m: f"{m['failures']}/{m['calls']}", right=True),
    Column(
        "first token",
        lambda m: m["first_token_ms"],
        lambda m: NONE if m["first_token_ms"] is None else duration(m["first_token_ms"]),
        right=True,
        spare=1,
    ),
    Column("last error", lambda m: m["last_error"], lambda m: m["last_error"] or NONE, fold=True, spare=3),
)
_STRATEGIES = (
    Column("name", lambda s: s["name"], style="cyan"),
    Column("how", lambda s: s["about"], fold=True),
)
