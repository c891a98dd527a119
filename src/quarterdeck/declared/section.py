"""The contract of a section: one kind of object that a file may declare, over the verbs of its room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from quarterdeck.core.events import Event
from quarterdeck.core.hashing import Json
from quarterdeck.runtime.work import Work

Fields = dict[str, Any]  # Any: JSON, as `document` has it


@dataclass(frozen=True)
class Standing:
    """An object as it is now: whose it is, and what a file would say to have it so."""

    owner: str
    fields: Fields


class Section(ABC):
    """One kind of object. Files of `sections/` are found by being in the list of `planning`."""

    key: ClassVar[str]
    """The key of the file: `limits`."""
    kind: ClassVar[str]
    """One of them: `limit`."""
    changed: ClassVar[type[Event]]
    """Published when one of them has changed."""
    owned: ClassVar[bool] = True
    """Whether each belongs to somebody; prompts do not, whose versions stay for ever."""

    @abstractmethod
    async def live(self, work: Work) -> dict[str, Standing]:
        """What the project has now, by name. Credentials are as they are: they are compared, and never shown."""

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        """What is declared, in the words in which `live` says it. A field that is left out is not compared."""
        return {name: dict(fields) for name, fields in declared.items()}

    @abstractmethod
    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        """Make one, or change it. A secret that was made for it, and can be read only now."""

    @abstractmethod
    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        """Take one away."""

    def secrets(self, name: str, fields: Fields) -> dict[str, str]:
        """The credentials that a live object has, by the name under which an exported file refers to them."""
        return {}

    def referring(self, name: str, fields: Fields) -> Fields:
        """The same object with references in the place of its credentials."""
        return fields


def without(fields: Mapping[str, Json], *names: str) -> Fields:
    """Fields without some of them."""
    return {name: value for name, value in fields.items() if name not in names}
