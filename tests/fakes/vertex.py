"""Google Cloud as it is on the wire: access tokens for signed assertions, and Vertex AI behind them."""

from __future__ import annotations

import base64
import functools
import json
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.turn import Json

PROJECT = "my-project"
EMAIL = "gateway@my-project.iam.gserviceaccount.com"
BAD_KEY: Json = {
    "error": {
        "code": 401,
        "message": "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        "status": "UNAUTHENTICATED",
    }
}


@functools.cache
def private_key() -> RSAPrivateKey:
    """The key of the service account; made once, since that takes a while."""
    return generate_private_key(65537, 2048)


def service_account(token_uri: str) -> Json:
    """The JSON that Google Cloud hands out for it."""
    pem = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0123456789abcdef",
        "private_key": pem,
        "client_email": EMAIL,
        "client_id": "112233445566778899",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }


def exchange(form: bytes, number: int, *, lasts_s: int = 3599) -> tuple[int, Json]:
    """An access token for an assertion that its owner has signed."""
    said = parse_qs(form.decode())
    try:
        head, claims, signature = said["assertion"][0].split(".")
        private_key().public_key().verify(_bytes(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())
        told = json.loads(_bytes(claims))
        granted = (
            said["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            and json.loads(_bytes(head)) == {"alg": "RS256", "typ": "JWT", "kid": "0123456789abcdef"}
            and told["iss"] == EMAIL
            and told["exp"] - told["iat"] <= 3600
            and told["aud"].endswith("/token")
            and told["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        )
    except (KeyError, ValueError, InvalidSignature):
        granted = False
    if not granted:
        return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    return 200, {"access_token": f"ya29.token-{number}", "expires_in": lasts_s, "token_type": "Bearer"}


def predictions(asked: Json) -> Json:
    """Embeddings of texts."""
    return {
        "predictions": [
            {
                "embeddings": {
                    "values": [float(len(one["content"])), 0.5, -0.25],
                    "statistics": {"token_count": 4.0, "truncated": False},
                }
            }
            for one in asked["instances"]
        ]
    }


MODELS: Json = {
    "publisherModels": [
        {"name": "publishers/google/models/gemini-2.5-flash", "versionId": "default", "launchStage": "GA"},
        {"name": "publishers/google/models/gemini-embedding-001", "versionId": "default", "launchStage": "GA"},
        {"name": "publishers/google/models/imagen-4.0-generate-001", "versionId": "default", "launchStage": "GA"},
    ]
}


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
