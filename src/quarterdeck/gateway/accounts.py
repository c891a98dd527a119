"""Which providers a project may call: what the environment says, and what people have added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from yarl import URL

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound, QuarterdeckError
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import store
from quarterdeck.gateway.application import Applications
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.price_rows import Rates
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Provider, ProviderKind
from quarterdeck.gateway.records import ConfiguredProvider, ModelCard, ProviderCheck, ProvidersChanged
from quarterdeck.gateway.well_known import standard_url
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_STANDARD_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
    "vertex": "https://aiplatform.googleapis.com",
    "cohere": "https://api.cohere.com",
    "mistral": "https://api.mistral.ai/v1",
}
_EXAMPLES = {
    "azure": "https://my-resource.openai.azure.com",
    "bedrock": "https://bedrock-runtime.eu-central-1.amazonaws.com",
}
_TAKE_JSON = {"azure", "bedrock", "vertex"}
"""Kinds whose credential may be several words, as one JSON object."""
_MAY_NEED_NO_KEY = {"openai-compatible", "litellm"}
_NEED_NO_URL = {"litellm"}
"""Kinds that know by the model's name where it is."""
_KEY = re.compile(r"[\x21-\x7e]{1,4096}")
_LONGEST_JSON = 16_384
_MOST_MODELS = 1000


async def all_providers(work: Work) -> Page[ConfiguredProvider]:
    """The providers that this project may call."""
    return Page([_shown(provider) for provider in work.part(Catalogue).providers(work.project_id).values()])


async def add(
    work: Work,
    name: str,
    *,
    kind: ProviderKind,
    base_url: str | None = None,
    api_key: str | None = None,
    models: Sequence[str] = (),
    owner: str = "ui",
) -> ConfiguredProvider:
    """Store a provider, its credential sealed. It can be called from the next request on."""
    account = _sound(work, name, kind, base_url, api_key, models, owner)
    _require_free(work, name)
    work.part(Catalogue).require_usable(account)
    await store.add(work.runtime.database, work.runtime.vault, account)
    await work.runtime.events.publish(ProvidersChanged())
    return _shown(work.part(Catalogue).providers(work.project_id)[name])


async def put(
    work: Work,
    name: str,
    *,
    kind: ProviderKind,
    base_url: str | None = None,
    api_key: str | None = None,
    models: Sequence[str] = (),
    owner: str = "ui",
    force: bool = False,
) -> ConfiguredProvider:
    """Store a provider, or change the stored one of this name. `api_key` None leaves the credential that is there."""
    known = stored(work).get(name)
    if known is None:
        return await add(work, name, kind=kind, base_url=base_url, api_key=api_key, models=models, owner=owner)
    require_owner(f"The provider `{name}`", known.owner, owner=owner, force=force)
    wanted = _sound(work, name, kind, base_url, api_key or known.api_key, models, owner)
    account = replace(wanted, id=known.id, created_at=known.created_at)
    if account.base_url != known.base_url and known.api_key and not api_key:
        raise InvalidInput(
            "Another address does not get the stored credential by itself: send `api_key` again.", param="api_key"
        )
    work.part(Catalogue).require_usable(account)
    await store.change(work.runtime.database, work.runtime.vault, account)
    await work.runtime.events.publish(ProvidersChanged())
    return _shown(work.part(Catalogue).providers(work.project_id)[name])


def stored(work: Work) -> dict[str, Account]:
    """The providers that are stored for this project, with what opens them: not for anybody's eyes."""
    known = work.part(Catalogue).providers(work.project_id)
    return {name: provider.account for name, provider in known.items() if provider.account.origin == "stored"}


def standard_address(name: str, kind: ProviderKind, base_url: str | None) -> str | None:
    """The base URL that a provider gets, standard where none is said; None when it cannot do without."""
    try:
        return _address(name, kind, base_url)
    except InvalidInput:
        return None


def _sound(
    work: Work,
    name: str,
    kind: ProviderKind,
    base_url: str | None,
    api_key: str | None,
    models: Sequence[str],
    owner: str,
) -> Account:
    if kind == "local":
        raise InvalidInput(
            "Providers of kind `local` are built in. Add `openai-compatible` for a server of yours.", param="kind"
        )
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "A provider's name has 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-`, and begins with a letter or digit.",
            param="name",
        )
    if api_key is not None and not (kind in _TAKE_JSON and _is_json(api_key)) and not _KEY.fullmatch(api_key):
        raise InvalidInput("`api_key` has spaces or characters that no key has. Was it copied whole?", param="api_key")
    if kind not in _MAY_NEED_NO_KEY and not api_key:
        raise InvalidInput(f"`{kind}` needs an `api_key`.", param="api_key")
    return Account(
        name=name,
        kind=kind,
        base_url=_address(name, kind, base_url),
        api_key=api_key,
        models=_checked_models(models),
        project_id=work.project_id,
        created_at=clock.iso(clock.now()),
        id=ids.new_id("prv"),
        owner=owner,
    )


async def remove(work: Work, name: str, *, owner: str = "ui", force: bool = False) -> None:
    """Forget a stored provider and its credential."""
    account = _provider(work, name).account
    if account.origin == "built-in":
        raise Conflict(f"`{name}` is built in and cannot be removed.")
    if account.origin != "stored":
        variable = account.origin.partition(":")[2]
        raise Conflict(f"`{name}` comes from the environment. Unset `{variable}` and restart the server to remove it.")
    require_owner(f"The provider `{name}`", account.owner, owner=owner, force=force)
    await store.remove(work.runtime.database, work.project_id, name)
    await work.runtime.events.publish(ProvidersChanged())


async def check(work: Work, name: str) -> ProviderCheck:
    """Ask a provider for its models, now. Besides calls themselves, this is the only time we go out."""
    provider = _provider(work, name)
    began = clock.monotonic_ns()
    try:
        seen = await provider.check()
    except QuarterdeckError as error:
        return ProviderCheck(False, (clock.monotonic_ns() - began) / 1e6, 0, error.message)
    work.part(Catalogue).forget_names()
    return ProviderCheck(True, (clock.monotonic_ns() - began) / 1e6, len(seen))


async def all_models(work: Work) -> Page[ModelCard]:
    """Everything that can be called as `model` by name, with today's prices."""
    prices, now = work.part(Prices), clock.now()
    apps = [
        ModelCard(name, "quarterdeck", "app", None, None, priced=False)
        for name in work.part(Applications).names(work.project_id)
    ]
    aliases = [
        ModelCard(name, "quarterdeck", "alias", None, None, priced=False)
        for name in work.part(Catalogue).aliases(work.project_id)
    ]
    routes = []
    for route, offered in work.part(Catalogue).routes(work.project_id):
        rates = prices.rates(route.provider.account, route.model, now) or Rates()
        routes.append(
            ModelCard(
                id=route.id,
                provider=route.provider.account.name,
                kind=offered.kind,
                input_usd_per_million=_per_million(rates.input),
                output_usd_per_million=_per_million(rates.output),
                priced=rates.input is not None,
            )
        )
    return Page(apps + aliases + routes)


def _provider(work: Work, name: str) -> Provider:
    providers = work.part(Catalogue).providers(work.project_id)
    if name not in providers:
        raise NotFound(f"No provider is called `{name}`. There are: {sorted(providers)}.")
    return providers[name]


def _require_free(work: Work, name: str) -> None:
    existing = work.part(Catalogue).providers(work.project_id).get(name)
    if existing is not None and existing.account.origin == "built-in":
        raise Conflict(f"`{name}` is built in. Choose another name.", param="name")


def _is_json(text: str) -> bool:
    try:
        return len(text) <= _LONGEST_JSON and isinstance(msgspec.json.decode(text), dict)
    except UNREADABLE:
        return False


def _address(name: str, kind: ProviderKind, base_url: str | None) -> str:
    if kind in _NEED_NO_URL and not base_url:
        return ""
    standard = standard_url(name) if kind == "openai-compatible" else _STANDARD_URLS.get(kind)
    return _checked_url(base_url or standard, _EXAMPLES.get(kind, "http://127.0.0.1:8000/v1"))


def _checked_url(text: str | None, example: str) -> str:
    if not text:
        raise InvalidInput(f"`base_url` is missing: where is the provider? For example `{example}`.", param="base_url")
    try:
        url = URL(text)
        host = url.host
    except ValueError:
        host = None
    if host is None or url.scheme not in ("http", "https") or url.query_string or url.fragment or url.user:
        raise InvalidInput(
            f"`{text}` is no base URL. It has `http` or `https`, a host, perhaps a port and a path, and nothing else.",
            param="base_url",
        )
    return text.rstrip("/")


def _checked_models(models: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in models if name.strip()))
    if len(names) > _MOST_MODELS:
        raise InvalidInput(f"`models` has {len(names)} names; {_MOST_MODELS} are the most.", param="models")
    return names


def _shown(provider: Provider) -> ConfiguredProvider:
    account = provider.account
    return ConfiguredProvider(
        id=account.id or account.name,
        name=account.name,
        kind=account.kind,
        base_url=account.base_url,
        origin=account.origin,
        key_hint=account.key_hint,
        models=[offered.name for offered in provider.models()],
        created_at=account.created_at,
        owner=account.owner,
    )


def _per_million(pico_per_token: int | None) -> float | None:
    return None if pico_per_token is None else pico_per_token / 1_000_000
