"""Opens the web interface once the server of this process is ready."""

from __future__ import annotations

import os
import time
import webbrowser
from contextlib import closing

from quarterdeck.cli import session
from quarterdeck.cli.client import Client
from quarterdeck.config.settings import Settings
from quarterdeck.core import clock
from quarterdeck.core.errors import QuarterdeckError

_POLL_S = 0.1
_PATIENCE_S = 60


def open_when_ready(settings: Settings) -> None:
    """Wait until our own server answers, then open it, logged in. Gives up silently: the address is printed anyway."""
    gives_up_ns = clock.monotonic_ns() + _PATIENCE_S * 1_000_000_000
    while clock.monotonic_ns() < gives_up_ns:
        local = session.local_session(settings)
        if local is not None and local.pid == os.getpid() and (link := login_link(local)) is not None:
            webbrowser.open(link)
            return
        time.sleep(_POLL_S)


def login_link(local: session.Session) -> str | None:
    """A link that logs in once; None while the server does not answer."""
    try:
        with closing(Client(local.url, local.key)) as server:
            return f"{local.url}/login?token={server.post('/api/v1/login-links')['token']}"
    except QuarterdeckError:
        return None
