"""Every error a user can meet, with its HTTP status, its code and its remedy.

    QuarterdeckError
    ├── InvalidInput          400
    │   └── MalformedBody     400
    ├── Unauthenticated       401
    ├── NotAllowed            403
    ├── NotFound              404
    │   └── ModelNotFound     404
    ├── Conflict              409
    ├── TooLarge              413
    ├── LimitReached          429
    ├── UpstreamFailed        502
    ├── Unavailable           503
    │   └── UpstreamUnavailable 503
    ├── UpstreamTimeout       504
    └── SetupError            start-up only: the process says it and ends

The docstring is the default message; one renderer in each door turns an error into that door's shape.
"""

from __future__ import annotations

import re


class QuarterdeckError(Exception):
    """Something went wrong inside Quarterdeck. The server log has the details."""

    status: int = 500
    kind: str = "server_error"
    code: str = "internal_error"
    retry_after_s: float | None = None
    """When trying again may help; None when nobody knows."""

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(
        self, message: str | None = None, *, param: str | None = None, retry_after_s: float | None = None
    ) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.param = param
        self.retry_after_s = retry_after_s if retry_after_s is not None else type(self).retry_after_s
        super().__init__(self.message)


class InvalidInput(QuarterdeckError):
    """The request is not valid."""

    status = 400
    kind = "invalid_request_error"


class MalformedBody(InvalidInput):
    """The request body is not valid JSON."""


class Unauthenticated(QuarterdeckError):
    """A valid API key is needed. Send it as `Authorization: Bearer sk-qd-…`."""

    status = 401
    kind = "authentication_error"
    code = "invalid_api_key"


class NotAllowed(QuarterdeckError):
    """This credential may not do that. Use a key that has the scope."""

    status = 403
    kind = "permission_error"


class NotFound(QuarterdeckError):
    """There is no such thing here."""

    status = 404
    kind = "not_found_error"


class ModelNotFound(NotFound):
    """No model or app has this name."""


class Conflict(QuarterdeckError):
    """This would contradict what is already there."""

    status = 409
    kind = "conflict_error"


class TooLarge(QuarterdeckError):
    """The request is larger than this server accepts."""

    status = 413
    kind = "invalid_request_error"


class LimitReached(QuarterdeckError):
    """Too many requests at once. Wait a moment and try again."""

    status = 429
    kind = "rate_limit_error"
    retry_after_s: float | None = 1.0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Response headers that tell how much is left."""


class UpstreamFailed(QuarterdeckError):
    """The model provider answered with an error."""

    status = 502
    kind = "upstream_error"


class Unavailable(QuarterdeckError):
    """This part of the server is not ready. Try again in a moment."""

    status = 503
    kind = "server_error"
    retry_after_s: float | None = 1.0


class UpstreamUnavailable(Unavailable):
    """The model provider could not be reached."""

    kind = "upstream_error"
    retry_after_s = None


class UpstreamTimeout(QuarterdeckError):
    """The model provider did not answer in time."""

    status = 504
    kind = "upstream_error"


class SetupError(QuarterdeckError):
    """Quarterdeck cannot start like this."""
