"""`session.json`: tells the command line on this machine where the server is and how to get in."""

from __future__ import annotations

import json
import os
from pathlib import Path

from quarterdeck.core.ids import new_id


def write_session(home: Path, *, url: str, key: str) -> Path:
    """Write the file, whole or not at all, readable by this user alone."""
    path = home / "session.json"
    draft = home / new_id("draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"url": url, "key": key, "pid": os.getpid()}, file)
    draft.replace(path)
    return path
