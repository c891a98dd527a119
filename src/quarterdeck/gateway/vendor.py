"""The contract of a vendor: another gateway, whose clients' headers we understand. Plug-ins lie in `vendors/`, one a file.

Who moves over changes the base URL and the key. Each header that a vendor's clients send is either obeyed, kept as a label,
or named in the answer as left out; and what they look for in an answer they find there.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import vendors as plug_ins
from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.wishes import Draft, read_labels

Reader = Callable[[Draft, str, str], None]
"""Takes one header into a draft: the draft, the name (for errors), the value."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer can tell in a vendor's words."""

    request_id: str
    trace_id: str
    provider: str | None
    model: str | None
    cache: str
    """`hit`, `miss` or `off`."""
    cost_usd: str | None
    elapsed_ms: float
    overhead_ms: float
    attempts: int
    """How many calls it took; 1 when the first went well."""
    session_id: str | None
    guardrails: tuple[str, ...] = ()
    """Those that have looked at it so far."""


class Vendor(ABC):
    """One other gateway."""

    name: ClassVar[str]
    headers: ClassVar[Mapping[bytes, Reader]]
    """Whole header names, in lower case."""
    prefixes: ClassVar[Mapping[bytes, Reader]] = {}
    """How names begin whose rest is the name of a label."""

    @abstractmethod
    def echo(self, told: Told) -> Sequence[Header]:
        """The headers that its clients look for in an answer."""


@dataclass(frozen=True)
class HeaderReaders:
    """All headers of all vendors, and how each is read."""

    exact: Mapping[bytes, tuple[str, Reader]]
    begun: Mapping[bytes, tuple[str, Reader]]
    prefixes: tuple[bytes, ...]

    def read(self, draft: Draft, name: bytes, value: bytes) -> None:
        """Take one header."""
        found = self.exact.get(name)
        said = name.decode("latin-1")
        if found is None:
            prefix = next(prefix for prefix in self.prefixes if name.startswith(prefix))
            found, said = self.begun[prefix], said[len(prefix) :]
        vendor, reader = found
        if vendor:
            draft.vendors.add(vendor)
        reader(draft, said, _text(value).strip())


@functools.cache
def header_readers() -> HeaderReaders:
    """The readers of all vendors. What two of them claim belongs to the first."""
    exact: dict[bytes, tuple[str, Reader]] = {}
    begun: dict[bytes, tuple[str, Reader]] = {}
    for vendor in all_vendors():
        for name, reader in vendor.headers.items():
            exact.setdefault(name, (vendor.name, reader))
        for prefix, reader in vendor.prefixes.items():
            begun[prefix] = (vendor.name, reader)
    return HeaderReaders(exact, begun, tuple(sorted(begun, key=len, reverse=True)))


@functools.lru_cache(maxsize=1024)
def spoken_among(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Those of some header names that mean something. A client sends the same names with every request."""
    readers = header_readers()
    return tuple(name for name in names if name in readers.exact or name.startswith(readers.prefixes))


@functools.cache
def all_vendors() -> tuple[Vendor, ...]:
    """The vendor plug-ins: every concrete `Vendor` in a module of `gateway/vendors`."""
    found: list[Vendor] = []
    for module in sorted(pkgutil.iter_modules(plug_ins.__path__), key=lambda module: module.name):
        namespace = importlib.import_module(f"{plug_ins.__name__}.{module.name}")
        found += [
            thing()
            for thing in vars(namespace).values()
            if isinstance(thing, type) and issubclass(thing, Vendor) and thing.__module__ == namespace.__name__
        ]
    return tuple(found)


def echoes(spoken: frozenset[str], told: Told) -> list[Header]:
    """What clients look for who speak in the headers of these vendors."""
    return [header for vendor in all_vendors() if vendor.name in spoken for header in vendor.echo(told)]


# --- readers that several vendors share -----------------------------------------------------------------------


def sets(attribute: str, *, longest: int = 256) -> Reader:
    """The value as it is."""

    def read(draft: Draft, name: str, value: str) -> None:
        if len(value) > longest:
            raise InvalidInput(f"`{name}` has {len(value)} characters; {longest} is the most.", param=name)
        if value:
            setattr(draft, attribute, value)

    return read


def sets_if_absent(attribute: str) -> Reader:
    """The value, where nothing better is known."""
    write = sets(attribute)

    def read(draft: Draft, name: str, value: str) -> None:
        if getattr(draft, attribute) is None:
            write(draft, name, value)

    return read


def when_true(**changes: object) -> Reader:
    """Sets fields of the draft when the value says yes."""

    def read(draft: Draft, _name: str, value: str) -> None:
        if truth(value):
            for attribute, wanted in changes.items():
                setattr(draft, attribute, wanted)

    return read


def cache_wish(**changes: object) -> Reader:
    """Sets wishes about the cache when the value says yes."""

    def read(draft: Draft, _name: str, value: str) -> None:
        if truth(value):
            draft.cache |= changes

    return read


def labels_as_json(draft: Draft, name: str, value: str) -> None:
    """A JSON object of labels, or `name=value,name=value`."""
    read_labels(draft, json_object(name, value) if value.startswith("{") else pairs(name, value))


def label(draft: Draft, name: str, value: str) -> None:
    """One label, named by the header."""
    draft.labels[name] = value


def tags_between_commas(draft: Draft, _name: str, value: str) -> None:
    """`a, b, c`, or the same as a JSON list."""
    if value.startswith("["):
        try:
            draft.tags += msgspec.json.decode(value, type=list[str])
        except UNREADABLE as error:
            raise InvalidInput(f"`{_name}` is neither a JSON list of tags nor tags between commas.") from error
    else:
        draft.tags += value.split(",")


def nothing(_draft: Draft, _name: str, _value: str) -> None:
    """It changes nothing here, and need not."""


def left_out(draft: Draft, name: str, value: str) -> None:
    """It asks for what is not done here: the client is told."""
    if value.lower() not in ("", "false", "0"):
        draft.left_out.append(name)


def json_object(name: str, value: str) -> dict[str, object]:
    """A JSON object."""
    try:
        return msgspec.json.decode(value, type=dict[str, object])
    except UNREADABLE as error:
        raise InvalidInput(f"The header `{name}` is no JSON object: {error}.", param=name) from error


def pairs(name: str, value: str) -> dict[str, object]:
    """`name=value,name=value`, percent-encoded as in W3C baggage; properties behind `;` are left out."""
    found: dict[str, object] = {}
    for part in value.split(","):
        key, equals, said = part.partition(";")[0].partition("=")
        if not part.strip():
            continue
        if not equals or not key.strip():
            raise InvalidInput(f"The header `{name}` is neither a JSON object nor `name=value,name=value`.", param=name)
        found[unquote(key.strip())] = unquote(said.strip())
    return found


def truth(value: str) -> bool:
    """Whether a header says yes."""
    return value.lower() in ("true", "1", "yes", "on")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
