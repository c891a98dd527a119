"""Puts releases live: what `apps deploy` and `ingest --app` have in common."""

from __future__ import annotations

from urllib.parse import quote

from quarterdeck.cli.client import Client, Json
from quarterdeck.core.errors import NotFound


def point_at(server: Client, app: str, knowledge: str, version: int) -> Json:
    """Let an app answer from one index version; an app that is new is made for it."""
    try:
        server.get(f"/api/v1/apps/{quote(app, safe='')}")
    except NotFound:
        made = server.post(
            "/api/v1/apps",
            {"name": app, "description": f"Answers from `{knowledge}`.", "knowledge": knowledge},
        )
        return {"app": app, "release_id": made["release_id"]}
    return propose_and_deploy(
        server, app, {"index": {"name": knowledge, "version": version}}, reason=f"{knowledge} {version}"
    )


def propose_and_deploy(server: Client, app: str, members: Json, *, reason: str) -> Json:
    """Make a release with these members, the others as they are, and put it live."""
    release = server.post(f"/api/v1/apps/{quote(app, safe='')}/releases", members)
    if release["live"]:  # the same members are the same release
        return {"app": app, "release_id": release["id"]}
    return deploy(server, app, release["id"], reason=reason)


def deploy(server: Client, app: str, release_id: str, *, reason: str) -> Json:
    """Put a release live."""
    return server.post(f"/api/v1/apps/{quote(app, safe='')}/deployments", {"release_id": release_id, "reason": reason})
