"""References in a configuration file: `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}` and `${secret:NAME}`.

The first two are looked up where the file is read; secrets by the server, which has them in its vault. `$${` is a plain `${`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from quarterdeck.core.errors import InvalidInput

KINDS = ("env", "file", "secret")
_REFERENCE = re.compile(r"\$\$\{|\$\{([a-z]+):([^}]*)\}")
_LARGEST_FILE = 2**20


class NoReference(InvalidInput):
    """What a reference names is not there."""


def expand(text: str, environment: Mapping[str, str], folder: Path) -> str:
    """A text with what its references to the environment and to files say; those to secrets stay."""

    def found(kind: str, name: str) -> str | None:
        if kind == "env":
            return written(_variable(name, environment))
        return written(_content(name, folder)) if kind == "file" else None

    return _replaced(text, found, "$${")


def resolve(text: str, secrets: Mapping[str, str]) -> str:
    """A text with what its references to secrets say: the last step, in which `$${` becomes `${`."""

    def found(kind: str, name: str) -> str | None:
        if kind != "secret":
            raise NoReference(f"`${{{kind}:{name}}}` was not looked up where the file was read.")
        if name not in secrets:
            raise NoReference(f"No secret is called `{name}`. Set it with `quarterdeck secrets set {name}`.")
        return secrets[name]

    return _replaced(text, found, "${")


def is_only_references(text: str) -> bool:
    """Whether a text has nothing of its own: what a credential in a file must look like."""
    plain = _REFERENCE.sub("", text).strip()
    return plain != text.strip() and plain in ("", "Bearer", "Basic", "Token")


def secret_named(text: str) -> str | None:
    """The secret that a text is, if it is just that."""
    match = _REFERENCE.fullmatch(text)
    return match[2] if match is not None and match[1] == "secret" else None


def file_names(text: str) -> list[str]:
    """The files that a text refers to."""
    return [match[2].strip() for match in _REFERENCE.finditer(text) if match[1] == "file"]


def written(text: str) -> str:
    """A text as a file must have it, so that nothing in it is taken for a reference."""
    return text.replace("${", "$${")


def _replaced(text: str, found: Callable[[str, str], str | None], escaped: str) -> str:
    def one(match: re.Match[str]) -> str:
        kind, name = match[1], match[2]
        if kind is None:
            return escaped
        if kind not in KINDS:
            close = get_close_matches(kind, KINDS, n=1, cutoff=0.4)
            hint = f" Did you mean `${{{close[0]}:{name}}}`?" if close else ""
            raise NoReference(f"`{match[0]}` is no reference.{hint} Write `$${{` for a plain `${{`.")
        value = found(kind, name.strip())
        return match[0] if value is None else value

    return _REFERENCE.sub(one, text)


def _variable(name: str, environment: Mapping[str, str]) -> str:
    name, has_default, default = name.partition(":-")
    if name in environment:
        return environment[name]
    if not has_default:
        raise NoReference(f"The variable `{name}` is not set. Set it, or write `${{env:{name}:-a default}}`.")
    return default


def _content(name: str, folder: Path) -> str:
    path = folder / name
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise NoReference(f"`{name}` is larger than {_LARGEST_FILE // 1024} kB.")
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except OSError as error:
        raise NoReference(
            f"`{name}` cannot be read: {error.strerror or error}. Paths begin where the configuration file lies."
        ) from error
    except UnicodeDecodeError as error:
        raise NoReference(f"`{name}` is no UTF-8 text.") from error
