"""How a command ends: exit codes that scripts may rely on, and which error gives which."""

from __future__ import annotations

import json
from enum import IntEnum

from quarterdeck.core import errors
from quarterdeck.core.errors import QuarterdeckError


class ExitCode(IntEnum):
    """What the caller's `$?` says."""

    OK = 0
    FAILED = 1
    """A check failed, or the server could not do it."""
    WRONG_USE = 2
    NOT_AUTHORISED = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


class Failed(QuarterdeckError):
    """A check failed."""


class WrongUse(QuarterdeckError):
    """The command cannot be used like this."""

    status = 400


class Unreachable(QuarterdeckError):
    """No server answers. Start one with `quarterdeck up`."""

    status = 503


_ERROR_BY_STATUS: dict[int, type[QuarterdeckError]] = {
    kind.status: kind
    for kind in (
        errors.InvalidInput,
        errors.Unauthenticated,
        errors.NotAllowed,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.LimitReached,
        errors.UpstreamFailed,
        errors.Unavailable,
        errors.UpstreamTimeout,
    )
}


def error_from(status: int, answer: bytes) -> QuarterdeckError:
    """What a server refused with, as the same error it was raised as over there."""
    kind = _ERROR_BY_STATUS.get(status) or (errors.InvalidInput if 400 <= status < 500 else QuarterdeckError)
    try:
        told = json.loads(answer)["error"]
        message = str(told["message"])
    except (ValueError, KeyError, TypeError):
        return kind(f"The server answered {status} and gave no reason.")
    # When the server itself is to blame, its log has more under this id.
    return kind(f"{message} (request `{told['request_id']}`)" if status >= 500 and told.get("request_id") else message)


def exit_code(error: QuarterdeckError) -> ExitCode:
    """How a command ends that met this error."""
    if isinstance(error, Unreachable):
        return ExitCode.UNREACHABLE
    if isinstance(error, errors.Unauthenticated | errors.NotAllowed):
        return ExitCode.NOT_AUTHORISED
    if isinstance(error, errors.NotFound):
        return ExitCode.NOT_FOUND
    if error.status in (400, 409, 413):
        return ExitCode.WRONG_USE
    return ExitCode.FAILED
