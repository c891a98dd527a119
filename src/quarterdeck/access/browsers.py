"""What keeps another site from using a visitor's browser session: a header that forms cannot send, and the host name."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from quarterdeck.core.errors import NotAllowed

COOKIE = "quarterdeck_session"
CSRF_HEADER = b"x-quarterdeck-request"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def session_token(headers: Mapping[bytes, bytes]) -> str | None:
    """The token in the session cookie, if the browser sent one."""
    raw = headers.get(b"cookie")
    if raw is None:
        return None
    try:
        morsel = SimpleCookie(raw.decode("latin-1")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def require_our_own_page(method: str, headers: Mapping[bytes, bytes], bound_to: str) -> None:
    """Refuse a cookie request that another site could have caused."""
    require_known_host(headers, bound_to)
    if method not in _SAFE_METHODS and CSRF_HEADER not in headers:
        raise NotAllowed("A browser session may change things only with the header `x-quarterdeck-request: 1`.")


def require_known_host(headers: Mapping[bytes, bytes], bound_to: str) -> None:
    """On a loopback address, believe only loopback names: any other was pointed here by someone (DNS rebinding)."""
    host = _host_name(headers.get(b"host", b"").decode("latin-1"))
    if is_loopback(bound_to) and not is_loopback(host):
        raise NotAllowed(
            f"This server listens on `{bound_to}` only, but the browser calls it `{host}`. "
            "Open it as http://localhost, or start it with `--host` to serve other names."
        )


def is_loopback(host: str) -> bool:
    """Whether a name or address means this very machine. `127.evil.example` does not."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
