"""The server's log: one line an event, `time level room: message`, with everything that looks like a secret blackened."""

from __future__ import annotations

import logging
import re
import sys

from quarterdeck.core import clock
from quarterdeck.core.errors import SetupError

_SECRET = re.compile(
    r"(?P<start>\bsk-[A-Za-z0-9-]{0,6})[A-Za-z0-9_\-]{6,}"
    r"|(?P<name>(?:bearer|basic) +|(?:api[-_]?key|password|secret|token|quarterdeck_session)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&;,]+",
    re.IGNORECASE,
)


def set_up_logging(level: str) -> None:
    """Send the whole process's log to standard error."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SetupError(f"`QUARTERDECK_LOG_LEVEL` is `{level}`. Use debug, info, warning or error.")
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_Line())
    logging.basicConfig(level=logging.WARNING, handlers=[output], force=True)
    logging.getLogger("quarterdeck").setLevel(number)


def without_secrets(line: str) -> str:
    """A line with keys, passwords and tokens made unreadable."""
    return _SECRET.sub(lambda found: (found["start"] or found["name"]) + "…", line)


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        room = record.name.removeprefix("quarterdeck.")
        line = f"{clock.iso(clock.now())} {record.levelname.lower()} {room}: {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return without_secrets(line)
