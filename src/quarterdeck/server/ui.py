"""The browser's files: hashed assets that never change, and one page for every address of the UI."""

from __future__ import annotations

import json
import mimetypes
import re
import secrets
from html import escape
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from quarterdeck import __version__

FOLDER = Path(__file__).parent / "web"

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_FOREVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


class Ui:
    """Serves the built UI from `folder`; before it is built, a page that says how."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = _servable_files(folder)
        index = folder / "index.html"
        self._page = index.read_text() if index.exists() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response(scope)(scope, receive, send)

    def _response(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return Response("Only GET is answered here.\n", 405, {"allow": "GET, HEAD"}, "text/plain")
        path = scope["path"].lstrip("/")
        if path in self._files:
            return self._file(path, Headers(scope=scope))
        # A knowledge base may have a dot in its name, like `handbook.v2`, and is a page all the same.
        if Path(path).suffix and path != "index.html" and not path.startswith("knowledge/"):
            return Response("There is no such file.\n", 404, _HEADERS, "text/plain")
        return self._index(scope.get("root_path", ""))

    def _file(self, path: str, headers: Headers) -> Response:
        file, accepted = self._files[path], headers.get("accept-encoding", "")
        sent = {**_HEADERS, "cache-control": _FOREVER if path.startswith("assets/") else "no-cache"}
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        for encoding, suffix in _ENCODINGS:
            if path + suffix in self._files:
                sent["vary"] = "accept-encoding"
                if encoding in accepted:
                    sent["content-encoding"] = encoding
                    return FileResponse(self._files[path + suffix], headers=sent, media_type=media_type)
        return FileResponse(file, headers=sent, media_type=media_type)

    def _index(self, root_path: str) -> Response:
        nonce = secrets.token_urlsafe(16)
        page = _NOT_BUILT if self._page is None else _filled_in(self._page, root_path, nonce)
        # Styles may be inline: the component library writes style elements, and a style runs nothing.
        policy = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; "
            "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )
        status = 503 if self._page is None else 200
        headers = {**_HEADERS, "cache-control": "no-store", "content-security-policy": policy}
        return HTMLResponse(page, status, headers)


def _servable_files(folder: Path) -> dict[str, Path]:
    # Listed once: what was not there at the start is not served, and no path can climb out of the folder.
    return {
        file.relative_to(folder).as_posix(): file
        for file in folder.rglob("*")
        if file.is_file() and file.name != "index.html" and not file.relative_to(folder).parts[0].startswith(".")
    }


def _filled_in(page: str, root_path: str, nonce: str) -> str:
    base = f'<base href="{escape(root_path)}/">'
    facts = json.dumps({"version": __version__}).replace("<", "\\u003c")
    bootstrap = f'<script id="quarterdeck" type="application/json">{facts}</script>'
    page = re.sub(r"\s*<base [^>]*>", "", page)
    page = page.replace("<head>", f"<head>{base}{bootstrap}", 1)
    return page.replace("<script ", f'<script nonce="{nonce}" ')


_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Quarterdeck</title></head>
<body style="font: 16px/1.5 system-ui; max-width: 40em; margin: 4em auto">
<h1>Quarterdeck is running, but its UI is not built</h1>
<p>In a checkout, run <code>make web</code> (it needs Node 20) and start the server again.
The API and the command line work without it.</p>
</body></html>
"""
