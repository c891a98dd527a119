"""Which models there are and who runs them: a snapshot in memory, asked on every request, reloaded when it changes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from quarterdeck.core.errors import ModelNotFound
from quarterdeck.gateway import providers as plug_ins
from quarterdeck.gateway import store
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, OfferedModel, Provider
from quarterdeck.gateway.records import ProvidersChanged
from quarterdeck.gateway.route import Route
from quarterdeck.runtime.runtime import Runtime

__all__ = ["Catalogue", "Route", "provider_kinds"]

_NAMES_IN_AN_ERROR = 12


class Catalogue:
    """All providers of all projects, ready to be called."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kinds = {kind.kind: kind for kind in provider_kinds()}
        self._shared: dict[str, Provider] = {}
        self._of_project: dict[str, dict[str, Provider]] = {}
        self._bare: dict[str, dict[str, Route]] = {}

    async def reload(self, _event: ProvidersChanged | None = None) -> None:
        """Take a new snapshot: what is built in, what the environment says, what is stored."""
        found = [account for kind in self._kinds.values() for account in kind.found(self._runtime.settings.providers)]
        stored_accounts = await store.accounts(self._runtime.database, self._runtime.vault)
        self._shared = {account.name: self._provider(account) for account in found}
        stored: dict[str, dict[str, Provider]] = {}
        for account in stored_accounts:
            stored.setdefault(account.project_id or "", {})[account.name] = self._provider(account)
        self._of_project = {project: {**self._shared, **mine} for project, mine in stored.items()}
        self._bare = {}

    def providers(self, project_id: str) -> Mapping[str, Provider]:
        """The providers that a project may use, by name. A stored one stands before one of the environment."""
        return self._of_project.get(project_id, self._shared)

    def find(self, project_id: str, model: str) -> Application | Route:
        """What `model` means: an app, `provider/model`, or a model that just one name is enough for."""
        app = self._runtime.part(Applications).find(project_id, model)
        return app if app is not None else self.route(project_id, model)

    def route(self, project_id: str, model: str) -> Route:
        """The provider behind a model name."""
        name, slash, rest = model.partition("/")
        providers = self.providers(project_id)
        if slash and rest and name in providers:
            return Route(providers[name], rest)
        route = self._bare_names(project_id).get(model)
        if route is not None:
            return route
        prices = self._runtime.part(Prices)
        for provider in providers.values():
            # A dated or otherwise longer name, of a provider that nobody has narrowed to certain models.
            if provider.may_have(model) and prices.knows(provider.account, model):
                return Route(provider, model)
        raise self._unknown(project_id, model)

    def routes(self, project_id: str) -> list[tuple[Route, OfferedModel]]:
        """Every model that is known by name, provider by provider."""
        return [
            (Route(provider, offered.name), offered)
            for provider in self.providers(project_id).values()
            for offered in provider.models()
        ]

    def require_usable(self, account: Account) -> None:
        """Refuse an account whose credential or address its kind of provider cannot work with."""
        self._kinds[account.kind](account, self._runtime)

    def forget_names(self) -> None:
        """Some provider offers other models now."""
        self._bare = {}

    def _provider(self, account: Account) -> Provider:
        known = self.providers(account.project_id or "").get(account.name)
        if known is not None and known.account == account:
            return known  # with what it has learnt when it was checked
        return self._kinds[account.kind](account, self._runtime)

    def _bare_names(self, project_id: str) -> dict[str, Route]:
        names = self._bare.get(project_id)
        if names is None:
            # Reversed, so that of two providers with the same model the first one has it.
            names = {route.model: route for route, _ in reversed(self.routes(project_id))}
            self._bare[project_id] = names
        return names

    def _unknown(self, project_id: str, model: str) -> ModelNotFound:
        apps = self._runtime.part(Applications).names(project_id)
        known = [*apps, *(route.id for route, _ in self.routes(project_id))]
        close = _closest(model, known)
        listed = ", ".join(f"`{name}`" for name in [*close, *(n for n in known if n not in close)][:_NAMES_IN_AN_ERROR])
        more = (
            f" and {len(known) - _NAMES_IN_AN_ERROR} more (GET /v1/models)" if len(known) > _NAMES_IN_AN_ERROR else ""
        )
        hint = f" Did you mean `{close[0]}`?" if close else ""
        there = f" There are: {listed}{more}." if known else " No provider is configured: add one under Settings."
        return ModelNotFound(f"No model or app is called `{model}`.{hint}{there}", param="model")


def provider_kinds() -> list[type[Provider]]:
    """The provider plug-ins: every concrete `Provider` in a module of `gateway/providers`."""
    kinds: list[type[Provider]] = []
    for module in sorted(pkgutil.iter_modules(plug_ins.__path__), key=lambda found: found.name):
        namespace = importlib.import_module(f"{plug_ins.__name__}.{module.name}")
        kinds += [
            thing
            for thing in vars(namespace).values()
            if isinstance(thing, type) and issubclass(thing, Provider) and thing.__module__ == namespace.__name__
        ]
    return kinds


def _closest(model: str, known: Iterable[str]) -> list[str]:
    names = {name.lower(): name for name in known}
    names.update({name.rpartition("/")[2].lower(): full for name, full in list(names.items())})
    found = get_close_matches(model.lower(), names, n=3, cutoff=0.6)
    return list(dict.fromkeys(names[name] for name in found))
