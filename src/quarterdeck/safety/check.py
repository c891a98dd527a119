"""The contract of a check: something that is looked for in a text. Plug-ins lie in `checks/`, one kind a file."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import aiohttp
import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.safety import checks as plug_ins
from quarterdeck.safety.records import CheckKind, Finding, Stage

Options = TypeVar("Options", bound=msgspec.Struct)


class Check(ABC, Generic[Options]):
    """One kind of check with its options. Made when a guardrail changes, shared by all requests."""

    kind: ClassVar[str]
    stages: ClassVar[tuple[Stage, ...]] = ("input", "output")
    options_type: ClassVar[type[msgspec.Struct]]
    reach: int | None = None
    """How long the longest thing it finds can be: so much of a stream is held back. None: it needs the whole text."""
    threshold: float | None = None

    def __init__(self, options: Options) -> None:
        self.options = options


class LocalCheck(Check[Options]):
    """A check that looks for itself, quickly, and in this process."""

    @abstractmethod
    def inspect(self, text: str) -> Sequence[Finding]:
        """What it finds in a text, in order of start. Finding nothing is the normal case, and must be quick."""


@dataclass(frozen=True)
class Circumstances:
    """What a judge elsewhere is told beside the texts."""

    guardrail: str
    stage: Stage
    model: str
    app: str | None = None
    user_id: str | None = None
    trace_id: str | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Opinion:
    """What a judge elsewhere says."""

    finding: Finding | None
    """None when it has nothing against the texts."""
    texts: Sequence[str] | None = None
    """The texts as they should rather be, for a redaction."""
    reason: str | None = None


class NoOpinion(Exception):
    """The judge could not be asked. `blocks` says what its owner wants to happen then."""

    def __init__(self, reason: str, *, blocks: bool) -> None:
        self.reason, self.blocks = reason, blocks
        super().__init__(reason)


class RemoteCheck(Check[Options]):
    """A check that asks somebody else."""

    @abstractmethod
    async def ask(
        self, http: aiohttp.ClientSession, texts: Sequence[str], circumstances: Circumstances, secret: str | None
    ) -> Opinion:
        """Their opinion, or `NoOpinion`."""


@functools.cache
def check_types() -> Mapping[str, type[Check[Any]]]:  # Any: each has options of its own
    """The check plug-ins by kind: every concrete `Check` in a module of `safety/checks`."""
    found: dict[str, type[Check[Any]]] = {}
    for module in sorted(pkgutil.iter_modules(plug_ins.__path__), key=lambda module: module.name):
        namespace = importlib.import_module(f"{plug_ins.__name__}.{module.name}")
        for thing in vars(namespace).values():
            if isinstance(thing, type) and issubclass(thing, Check) and thing.__module__ == namespace.__name__:
                found[thing.kind] = thing
    return found


def check_kinds() -> list[CheckKind]:
    """The kinds of checks there are, with their options."""
    return [
        CheckKind(
            kind=kind,
            summary=" ".join((check.__doc__ or "").split()),
            stages=list(check.stages),
            options=msgspec.json.schema(check.options_type),
        )
        for kind, check in sorted(check_types().items())
    ]


def make_check(wanted: Mapping[str, object]) -> Check[Any]:  # Any: as above
    """A check from what a guardrail says of it: its `kind` and its options."""
    kind = wanted.get("kind")
    found = check_types().get(str(kind))
    if found is None:
        raise InvalidInput(f"`{kind}` is no kind of check. There are: {sorted(check_types())}.", param="checks")
    options = {name: value for name, value in wanted.items() if name != "kind"}
    unknown = sorted(set(options) - set(found.options_type.__struct_fields__))
    if unknown:
        known = sorted(found.options_type.__struct_fields__)
        raise InvalidInput(f"`{kind}` has no option `{unknown[0]}`. There are: {known}.", param=f"checks.{unknown[0]}")
    try:
        return found(msgspec.convert(options, found.options_type))
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The options of `{kind}`: {error}.", param="checks") from error
