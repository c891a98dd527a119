"""Where the command line finds its server, and the key it shows there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.cli.exits import Unreachable
from quarterdeck.config.settings import Settings
from quarterdeck.core.errors import Unauthenticated


@dataclass(frozen=True)
class Session:
    """A server and a key for it."""

    url: str
    key: str
    pid: int | None = None
    """The process of a server on this machine."""


def find_session(settings: Settings) -> Session:
    """The server and key that were set, else those of the server that runs on the data folder."""
    local = local_session(settings)
    if settings.url is None:
        if local is None:
            raise Unreachable(
                f"No server runs on the data folder `{data_folder(settings).absolute()}`. Start one with `quarterdeck up`, "
                "or name one with `QUARTERDECK_URL` and `QUARTERDECK_API_KEY`."
            )
        return Session(url=local.url, key=settings.api_key or local.key)
    if settings.api_key is not None:
        return Session(url=settings.url, key=settings.api_key)
    if local is not None and local.url.rstrip("/") == settings.url.rstrip("/"):
        return local
    raise Unauthenticated(
        f"A key is needed for `{settings.url}`. Set `QUARTERDECK_API_KEY` to one made with `quarterdeck keys create` there."
    )


def local_session(settings: Settings) -> Session | None:
    """What the running server wrote into the data folder for us; None when there is nothing to read."""
    try:
        written = json.loads((data_folder(settings) / "session.json").read_text())
        return Session(url=str(written["url"]), key=str(written["key"]), pid=int(written["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def data_folder(settings: Settings) -> Path:
    """The data folder. The default name is looked for upwards too, as git looks for `.git`."""
    home = settings.home
    if home != Settings.home:
        return home
    here = Path.cwd()
    return next((folder / home for folder in (here, *here.parents) if (folder / home).is_dir()), home)
