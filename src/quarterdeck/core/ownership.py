"""Who may change a thing: people, or the configuration file that declares it."""

from __future__ import annotations

from quarterdeck.core.errors import Conflict

PEOPLE = "ui"
_FILE = "file"


def of_file(name: str) -> str:
    """The owner of what a file of this name declares."""
    return f"{_FILE}:{name}"


def is_file(owner: str) -> bool:
    """Whether a file declares it."""
    return owner == _FILE or owner.startswith(f"{_FILE}:")


def file_of(owner: str) -> str:
    """The name of that file."""
    return owner.partition(":")[2] or "a configuration file"


def require_owner(what: str, kept_by: str, *, owner: str, force: bool = False) -> None:
    """Refuse to change what a file declares: it would set it back. `what` names it: "The limit `x`"."""
    if is_file(kept_by) and owner != kept_by and not force:
        raise Conflict(
            f"{what} is declared in `{file_of(kept_by)}`, which would set it back. Change it there and apply that, or insist "
            "with `force`."
        )
