"""What the doctor asks a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote

from quarterdeck import __version__
from quarterdeck.cli import session
from quarterdeck.cli.checks import Check, failed, ok, skipped, warning
from quarterdeck.cli.client import Client, Json
from quarterdeck.cli.desk import Desk
from quarterdeck.cli.exits import Unreachable
from quarterdeck.cli.quantities import count, duration, plural
from quarterdeck.config.settings import Settings
from quarterdeck.core.errors import QuarterdeckError, Unauthenticated


def is_running(settings: Settings) -> bool:
    """Whether a server runs on the local data folder."""
    local = session.local_session(settings)
    if local is None:
        return False
    try:
        with closing(Client(local.url, local.key)) as server:
            server.get("/healthz")
    except QuarterdeckError:
        return False
    return True


def checks(desk: Desk, *, call: bool) -> Iterator[Check]:
    """Every check that needs a server; without one, a single line says so. `call` tries every provider for real."""
    settings = desk.settings
    if settings.url is None and session.local_session(settings) is None:
        yield skipped("server", "not running; `quarterdeck up` starts it")
        yield _providers_of_environment(settings)
        return
    try:
        server = desk.server
        version = server.get("/healthz").get("version", "")
    except Unreachable as error:
        yield failed("server", "it does not answer", error.message)
        return
    except Unauthenticated as error:
        yield failed("server", "there is no key for it", error.message)
        return
    yield _version(server, version)
    yield _try("server parts", lambda: _readiness(server))
    yield _try("key", lambda: _key(server))
    yield _try("ledger", lambda: _ledger(server))
    yield _try("traces", lambda: _traces(server))
    yield _try("password", lambda: _password(server))
    yield from _providers(server, call=call)


def _try(name: str, check: Callable[[], Check]) -> Check:
    """A check whose own failure is a finding, and no reason to stop."""
    try:
        return check()
    except QuarterdeckError as error:
        return failed(name, "it cannot be asked", error.message)


def _version(server: Client, version: str) -> Check:
    if version != __version__:
        remedy = "Start the server again after an upgrade, or install the same version here."
        return warning("server", f"{server.url} runs {version}, this is {__version__}", remedy)
    return ok("server", f"{server.url} answers")


def _readiness(server: Client) -> Check:
    server.get("/readyz")
    return ok("server parts", "all ready")


def _key(server: Client) -> Check:
    me = server.get("/api/v1/me")
    return ok("key", f"`{me['name']}` may {', '.join(me['scopes'])} in project `{me['project']['name']}`")


def _ledger(server: Client) -> Check:
    """Counted again on the disk: every accepted span must be stored or pending."""
    counted = server.get("/api/v1/ledger")
    ledger = counted["ledger"]
    parts = f"{count(ledger['stored'])} stored + {count(ledger['pending'])} pending"
    found = f"{count(ledger['accepted'])} spans accepted = {parts}"
    if not counted["balanced"]:
        remedy = counted["problem"] or "Spans are missing. Keep the data folder, and report it with the server's log."
        return failed("ledger", found.replace(" = ", " ≠ "), remedy)
    if ledger["rejected"]:
        return warning("ledger", f"{found}; {count(ledger['rejected'])} rejected", "The server's log says why.")
    return ok("ledger", found)


def _traces(server: Client) -> Check:
    page = server.get("/api/v1/traces", limit=1)
    return ok("span store", f"{plural(page['total'], 'trace')} readable")


def _password(server: Client) -> Check:
    if not server.get("/api/v1/me")["password_set"]:
        return ok("password", "none set: log in with `quarterdeck login-link`, or `quarterdeck password set`")
    return ok("password", "set")


def _providers(server: Client, *, call: bool) -> Iterator[Check]:
    try:
        providers = server.items("/api/v1/providers")["items"]
    except QuarterdeckError as error:
        yield failed("providers", "they cannot be listed", error.message)
        return
    outside = [provider for provider in providers if provider["kind"] != "local"]
    if not outside:
        yield ok("providers", "only `local/extractive`; `quarterdeck providers add` brings others")
        return
    names = ", ".join(f"`{provider['name']}`" for provider in outside)
    if not call:
        yield ok("providers", f"{names}; `--call` tries them")
        return
    for provider in outside:
        yield _try(f"provider {provider['name']}", lambda provider=provider: _call(server, provider))  # type: ignore[misc]


def _call(server: Client, provider: Json) -> Check:
    name = f"provider {provider['name']}"
    outcome = server.post(f"/api/v1/providers/{quote(provider['name'], safe='')}/checks")
    if not outcome["ok"]:
        return failed(name, str(outcome["error"]), f"Check its key and address ({provider['origin']}).")
    return ok(name, f"{plural(outcome['models_seen'], 'model')} in {duration(outcome['latency_ms'])}")


def _providers_of_environment(settings: Settings) -> Check:
    names = ", ".join(f"`{name}`" for name in settings.providers)
    return ok(
        "providers",
        f"in the environment: {names}" if names else "none in the environment; `local/extractive` needs none",
    )
