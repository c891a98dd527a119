"""Which models there are and who runs them: a snapshot in memory, asked on every request, reloaded when it changes."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from quarterdeck.core.errors import InvalidInput, ModelNotFound, QuarterdeckError, UpstreamUnavailable
from quarterdeck.gateway import providers as plug_ins
from quarterdeck.gateway import store
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, OfferedModel, Provider
from quarterdeck.gateway.records import ProvidersChanged
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing import store as routing_store
from quarterdeck.gateway.routing.compiling import Compiler, why_broken
from quarterdeck.gateway.routing.health import HealthBook
from quarterdeck.gateway.routing.records import Alias, Fallbacks, Plan, RoutesChanged, Target
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.runtime.runtime import Runtime

__all__ = ["Catalogue", "Route", "provider_kinds"]

log = logging.getLogger(__name__)

_NAMES_IN_AN_ERROR = 12
_MOST_LISTED = 10
_MOST_WISHED = 1000


class Catalogue:
    """All providers of all projects, ready to be called."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kinds = {kind.kind: kind for kind in provider_kinds()}
        self._shared: dict[str, Provider] = {}
        self._of_project: dict[str, dict[str, Provider]] = {}
        self._bare: dict[str, dict[str, Route]] = {}
        self._aliases: dict[str, dict[str, Alias]] = {}
        self._selections: dict[tuple[str, str], Selection | str] = {}
        self._wished: dict[tuple[str, ...], Selection] = {}
        self.health = HealthBook()
        """How well the models behind aliases are doing; outlives every snapshot."""

    async def reload(self, _event: ProvidersChanged | RoutesChanged | None = None) -> None:
        """Take a new snapshot: what is built in, what the environment says, what is stored."""
        found = [account for kind in self._kinds.values() for account in kind.found(self._runtime.settings.providers)]
        stored_accounts = await store.accounts(self._runtime.database, self._runtime.vault)
        self._shared = {account.name: self._provider(account) for account in found}
        stored: dict[str, dict[str, Provider]] = {}
        for account in stored_accounts:
            stored.setdefault(account.project_id or "", {})[account.name] = self._provider(account)
        stored_aliases = await routing_store.all_aliases(self._runtime.database)
        self._of_project = {project: {**self._shared, **mine} for project, mine in stored.items()}
        self._bare = {}
        self._aliases = {}
        for alias in stored_aliases:
            self._aliases.setdefault(alias.project_id, {})[alias.name] = alias
        self._compile()

    def providers(self, project_id: str) -> Mapping[str, Provider]:
        """The providers that a project may use, by name. A stored one stands before one of the environment."""
        return self._of_project.get(project_id, self._shared)

    def find(self, project_id: str, model: str) -> Application | Route:
        """What `model` means: an app, `provider/model`, or a model that just one name is enough for."""
        app = self._runtime.part(Applications).find(project_id, model)
        return app if app is not None else self.route(project_id, model)

    def route(self, project_id: str, model: str) -> Route:
        """Who answers to a model name: an alias, a list of models to try (`a/x,b/y`), or one model of one provider."""
        selection = self._selections.get((project_id, model))
        if selection is not None:
            if isinstance(selection, str):
                raise UpstreamUnavailable(selection)
            return selection
        return self.model(project_id, model) if "," not in model else self._listed(project_id, model)

    def with_wishes(self, project_id: str, route: Route, fallbacks: Sequence[str]) -> Selection:
        """The same, ready to be tried more than once; after it, other models that the client has named."""
        if isinstance(route, Selection) and not fallbacks:
            return route
        key = (project_id, route.id, *fallbacks)
        wished = self._wished.get(key)
        if wished is None:
            if len(self._wished) >= _MOST_WISHED:
                self._wished.clear()
            wished = self._wished[key] = self._with_wishes(project_id, route, fallbacks)
        return wished

    def _with_wishes(self, project_id: str, route: Route, fallbacks: Sequence[str]) -> Selection:
        compiler = self.compiler(project_id)
        wanted = Fallbacks(any=tuple(fallbacks))
        others = [self.route(project_id, name).names for name in fallbacks]
        names = tuple(dict.fromkeys((*route.names, *(name for ones in others for name in ones))))
        if isinstance(route, Selection):
            return compiler.selection(route.name, replace(route.plan, fallbacks=wanted), names)
        # Nothing is tried again that nobody has asked to try again.
        return compiler.selection(route.id, Plan((Target(route.id),), retries=0, fallbacks=wanted), names)

    def aliases(self, project_id: str) -> Mapping[str, Alias]:
        """The aliases of a project, by name."""
        return self._aliases.get(project_id, {})

    def selections(self) -> Mapping[tuple[str, str], Selection | str]:
        """All aliases as requests meet them, by project and name; for one that is broken, why."""
        return self._selections

    def compiler(self, project_id: str) -> Compiler:
        """What makes a selection of a plan, in one project."""
        known = self.aliases(project_id)
        return Compiler(
            self._runtime,
            project_id,
            self.health,
            lambda model: self.model(project_id, model),
            lambda name: known[name].plan if name in known else None,
        )

    def model(self, project_id: str, model: str) -> Route:
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

    def _listed(self, project_id: str, models: str) -> Selection:
        names = [name for name in (name.strip() for name in models.split(",")) if name]
        if not 0 < len(names) <= _MOST_LISTED:
            raise InvalidInput(f"A list of models has 1 to {_MOST_LISTED} names.", param="model")
        first, *others = names
        return replace(self.with_wishes(project_id, self.route(project_id, first), others), name=models)

    def _compile(self) -> None:
        compiled: dict[tuple[str, str], Selection | str] = {}
        for project_id, mine in self._aliases.items():
            compiler = self.compiler(project_id)
            for name, alias in mine.items():
                try:
                    compiled[project_id, name] = compiler.selection(name, alias.plan)
                except QuarterdeckError as error:
                    compiled[project_id, name] = why_broken(error, name)
                    log.warning("%s", compiled[project_id, name])
        self._selections, self._wished = compiled, {}

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
        known = [*apps, *self.aliases(project_id), *(route.id for route, _ in self.routes(project_id))]
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
