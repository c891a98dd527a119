"""AWS Signature Version 4, for requests whose body is in memory.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"
_SPACES = re.compile(r" +")


@dataclass(frozen=True)
class AwsCredentials:
    """What AWS gives out to sign with; temporary ones have a token too."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def signed_headers(
    credentials: AwsCredentials,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    region: str,
    service: str,
    at: datetime,
    query: Sequence[tuple[str, str]] = (),
) -> dict[str, str]:
    """The headers of a request, among them `Host`, and those that sign it.

    `path` is what the request line says, percent signs and all: AWS has it encoded once more for all services but S3.
    """
    moment = f"{at:%Y%m%dT%H%M%SZ}"
    signed = {**headers, "X-Amz-Date": moment}
    if credentials.session_token:
        signed["X-Amz-Security-Token"] = credentials.session_token
    lines = sorted((name.lower(), _SPACES.sub(" ", value.strip())) for name, value in signed.items())
    names = ";".join(name for name, _ in lines)
    canonical = "\n".join(
        (
            method,
            quote(path or "/", safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in sorted((_encoded(n), _encoded(v)) for n, v in query)),
            *(f"{name}:{value}" for name, value in lines),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{at:%Y%m%d}/{region}/{service}/aws4_request"
    to_sign = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = _keyed(_signing_key(credentials, scope), to_sign).hex()
    signed["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def _signing_key(credentials: AwsCredentials, scope: str) -> bytes:
    key = f"AWS4{credentials.secret_access_key}".encode()
    for word in scope.split("/"):
        key = _keyed(key, word)
    return key


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
