"""A command in a process and a terminal of its own, as a person would use it."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from collections.abc import Mapping, Sequence


def command(*arguments: str) -> list[str]:
    """The command line, by the interpreter that runs the tests."""
    return [sys.executable, "-m", "quarterdeck", *arguments]


def in_terminal(
    *arguments: str,
    environment: Mapping[str, str],
    answers: Sequence[str] = (),
    columns: int = 100,
    patience_s: float = 60,
) -> tuple[int, str]:
    """Run a command; each answer is typed when it has asked for it. Returns the exit code and all that was shown."""
    waiting = list(answers)
    variables = {**environment, "TERM": "xterm", "COLUMNS": str(columns), "NO_COLOR": "1"}
    child, terminal = pty.fork()  # with a terminal of its own, which is where passwords are read from
    if child == 0:
        os.execve(sys.executable, command(*arguments), variables)  # noqa: S606
    shown, unanswered = b"", b""
    gives_up = time.monotonic() + patience_s
    while time.monotonic() < gives_up:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            some = os.read(terminal, 4096)
        except OSError:  # the command has ended, and its side is closed
            break
        shown, unanswered = shown + some, unanswered + some
        if waiting and unanswered.rstrip().endswith(b":"):
            os.write(terminal, waiting.pop(0).encode() + b"\n")
            unanswered = b""
    os.close(terminal)  # a command that has not ended is hung up on
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode().replace("\r", "")
