"""How an error leaves the house: one body for every door of it, in the shape that OpenAI's clients understand."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from quarterdeck.core.errors import InvalidInput, MalformedBody, QuarterdeckError, TooLarge
from quarterdeck.gateway import refusals

log = logging.getLogger(__name__)


def render(error: QuarterdeckError, request_id: str | None) -> Response:
    """An error as a response, with the very body and headers that the data plane sends."""
    response = Response(refusals.body_of(error, request_id), error.status)
    response.raw_headers += refusals.headers_of(error)
    return response


def add_error_handlers(app: FastAPI, *, largest_body_mb: int) -> None:
    """Make the control API answer in our shape, whatever went wrong."""

    @app.exception_handler(QuarterdeckError)
    async def known(request: Request, error: QuarterdeckError) -> Response:
        if error.status >= 500:
            log.error("%s %s failed: %s", request.method, request.url.path, error.message, exc_info=error)
        return render(error, _request_id(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return render(_what_is_invalid(error), _request_id(request))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return render(too_large(largest_body_mb), _request_id(request))
        if error.__cause__ is not None:
            return render(_what_is_unreadable(error.__cause__), _request_id(request))
        answer = _NoRoute(f"{status.phrase}: {request.method} `{request.url.path}`.", status)
        response = render(answer, _request_id(request))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, _error: Exception) -> Response:
        # Starlette raises the error again after this answer, and the dispatcher logs it whole.
        return render(unexpected(_request_id(request)), _request_id(request))


def too_large(largest_mb: int) -> TooLarge:
    """What a client hears whose body is larger than the operator allows."""
    return TooLarge(f"The body is larger than {largest_mb} MB, the most accepted here (`QUARTERDECK_MAX_BODY_MB`).")


def unexpected(request_id: str | None) -> QuarterdeckError:
    """What a client hears about a mistake of ours: nothing of its inside, and the number to find it by."""
    return QuarterdeckError(f"Something went wrong inside Quarterdeck. The server log has it under `{request_id}`.")


class _NoRoute(QuarterdeckError):
    """No route answers this."""

    kind = "invalid_request_error"

    def __init__(self, message: str, status: HTTPStatus) -> None:
        super().__init__(message)
        # Of this one answer, not of the class: an HTTP error may carry any status.
        self.status = status.value
        self.code = status.name.lower()


def _what_is_unreadable(cause: BaseException) -> MalformedBody:
    """Why a body could not even be taken for JSON."""
    if isinstance(cause, UnicodeDecodeError):
        return MalformedBody(f"The body is not UTF-8 text: {cause.reason}, at byte {cause.start}.")
    if isinstance(cause, RecursionError):
        return MalformedBody("The body is nested too deeply.")
    return MalformedBody("The body cannot be read. Send a JSON object, or the form that this route takes.")


def _what_is_invalid(error: RequestValidationError) -> InvalidInput:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        place = first["loc"][-1]
        return MalformedBody(f"The body is not valid JSON at character {place}: {first['ctx']['error']}.")
    if first["loc"] == ("body",) and isinstance(first["input"], bytes):
        return InvalidInput(
            "The body is not taken for JSON. Send it with `content-type: application/json`.", param="body"
        )
    names = [str(part) for part in first["loc"][1:]]
    param = ".".join(names) or str(first["loc"][0])
    return InvalidInput(f"`{param}`: {first['msg'][:1].lower()}{first['msg'][1:]}.", param=param)


def _request_id(request: Request) -> str | None:
    request_id: str | None = request.scope.get("quarterdeck.request_id")
    return request_id
