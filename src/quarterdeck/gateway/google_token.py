"""Access tokens for Google Cloud: bought with a service account's key or a person's refresh token, kept while they last.

https://developers.google.com/identity/protocols/oauth2/service-account describes the exchange.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Literal

import aiohttp
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from yarl import URL

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, QuarterdeckError, UpstreamFailed, UpstreamTimeout
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.upstream_errors import CredentialRefused, unreachable

log = logging.getLogger(__name__)

EXCHANGE_URL = "https://oauth2.googleapis.com/token"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_S = 3600
_RENEW_AHEAD_NS = 300 * 1_000_000_000
"""A token is renewed so long before its end, while the old one still serves."""
_LAST_MOMENT_NS = 10 * 1_000_000_000
_TIMEOUT_S = 15.0
_LARGEST_ANSWER = 64 * 1024


class GoogleCredentials(msgspec.Struct):
    """The JSON that Google Cloud hands out, with two fields of ours that say where to call."""

    type: Literal["service_account", "authorized_user"] = "service_account"
    project_id: str | None = None
    quota_project_id: str | None = None
    client_email: str = ""
    private_key: str = ""
    private_key_id: str | None = None
    token_uri: str = EXCHANGE_URL
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    location: str | None = None
    """Ours: the region whose models are called."""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int = _ASSERTION_S


def google_credentials(text: str) -> tuple[GoogleCredentials, RSAPrivateKey | None]:
    """Credentials and the key in them, or what is wrong with them."""
    try:
        found = msgspec.json.decode(text, type=GoogleCredentials)
    except UNREADABLE as error:
        raise InvalidInput(
            f"Credentials for Vertex AI are the JSON of a service account's key, whole: {error}.", param="api_key"
        ) from error
    if found.type == "authorized_user":
        if not (found.client_id and found.refresh_token):
            raise InvalidInput("These credentials have no `refresh_token`.", param="api_key")
        return found, None
    try:
        key = load_pem_private_key(found.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInput("The `private_key` of these credentials is no RSA key in PEM.", param="api_key") from error
    if not isinstance(key, RSAPrivateKey) or not found.client_email:
        raise InvalidInput("These are no credentials of a service account.", param="api_key")
    return found, key


class GoogleTokens:
    """The current access token of one account. However many calls wait for one, one exchange is made."""

    def __init__(self, provider: str, credentials: GoogleCredentials, key: RSAPrivateKey | None) -> None:
        self._provider = provider
        self._credentials = credentials
        self._key = key
        self._token = ""
        self._ends_ns = 0
        self._renewal: asyncio.Task[str] | None = None

    async def token(self, http: aiohttp.ClientSession) -> str:
        """A token that is still good. Only the first call ever, and one after a failure, waits for Google."""
        left_ns = self._ends_ns - clock.now_ns()
        if left_ns > _RENEW_AHEAD_NS:
            return self._token
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(http))
            self._renewal.add_done_callback(self._tell_failure)
        if left_ns > _LAST_MOMENT_NS:
            return self._token
        # Whoever hangs up while waiting must not end the exchange for the others.
        return await asyncio.shield(self._renewal)

    async def _renew(self, http: aiohttp.ClientSession) -> str:
        asked_ns = clock.now_ns()
        url = URL(self._credentials.token_uri)
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                http.post(url, data=self._form(), allow_redirects=False) as response,
            ):
                said = await response.content.read(_LARGEST_ANSWER)
                status = response.status
        except TimeoutError as error:
            raise UpstreamTimeout(f"`{self._provider}`: Google gave no access token in {_TIMEOUT_S:g} s.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self._provider, url, error) from error
        if status != 200:
            raise self._refusal(status, said)
        try:
            token = msgspec.json.decode(said, type=_Token)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self._provider}`: Google did not answer with an access token.") from error
        self._token, self._ends_ns = token.access_token, asked_ns + token.expires_in * 1_000_000_000
        return self._token

    def _form(self) -> dict[str, str]:
        known = self._credentials
        if self._key is None:
            return {
                "grant_type": "refresh_token",
                "client_id": known.client_id,
                "client_secret": known.client_secret,
                "refresh_token": known.refresh_token,
            }
        return {"grant_type": _GRANT, "assertion": self._assertion(self._key)}

    def _assertion(self, key: RSAPrivateKey) -> str:
        known, now_s = self._credentials, clock.now_ns() // 1_000_000_000
        head = {"alg": "RS256", "typ": "JWT"} | ({"kid": known.private_key_id} if known.private_key_id else {})
        claims = {
            "iss": known.client_email,
            "scope": _SCOPE,
            "aud": known.token_uri,
            "iat": now_s,
            "exp": now_s + _ASSERTION_S,
        }
        signed = f"{_base64(msgspec.json.encode(head))}.{_base64(msgspec.json.encode(claims))}"
        return f"{signed}.{_base64(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    def _refusal(self, status: int, said: bytes) -> QuarterdeckError:
        if status in (400, 401, 403):
            words = said[:300].decode(errors="replace")
            return CredentialRefused(
                f"`{self._provider}`: Google refused our credential ({status}): {words} Renew it under Settings → Providers."
            )
        return UpstreamFailed(f"`{self._provider}`: Google answered {status} where it gives access tokens.")

    def _tell_failure(self, renewal: asyncio.Task[str]) -> None:
        # Nobody may be waiting for it: the old token still served, and the next call asks again.
        if not renewal.cancelled() and (error := renewal.exception()) is not None:
            log.warning("No new access token for `%s`: %s", self._provider, error)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
