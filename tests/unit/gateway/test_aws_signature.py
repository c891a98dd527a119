"""AWS signatures: AWS's own published examples, and what botocore makes of our calls."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from quarterdeck.gateway.aws_signature import AwsCredentials, signed_headers

# From AWS's Signature Version 4 test suite.
EXAMPLE = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = {"Host": "example.amazonaws.com"}
FORM = {**HOST, "Content-Type": "application/x-www-form-urlencoded"}
UNRESERVED = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PARAMETERS = [("Param2", "value2"), ("Param1", "value1")]


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        ("GET", "/", [], HOST, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/", PARAMETERS, HOST, b"", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("GET", "/ሴ", [], HOST, b"", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ("GET", UNRESERVED, [], HOST, b"", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        ("POST", "/", [], HOST, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            "/",
            [],
            {**HOST, "My-Header1": "value1"},
            b"",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "POST",
            "/",
            [],
            FORM,
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            "GET",
            "/",
            [],
            {**HOST, "My-Header1": " value1", "My-Header2": ' "a   b   c"'},
            b"",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
    ],
)
def test_a_published_example_is_signed_as_published(
    method: str, path: str, query: list[tuple[str, str]], headers: dict[str, str], body: bytes, signature: str
) -> None:
    signed = signed_headers(
        EXAMPLE, method, path, headers, body, region="us-east-1", service="service", at=AT, query=query
    )

    assert signed["Authorization"].rpartition("Signature=")[2] == signature
    assert signed["X-Amz-Date"] == "20150830T123600Z"
    assert "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " in signed["Authorization"]


# Made with botocore 1.44.5. It is no dependency of the tests: it wants an older `python-dateutil` than we run with.
@pytest.mark.parametrize(
    ("model", "body", "token", "region", "signature"),
    [
        (
            "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            b'{"messages":[]}',
            None,
            "eu-central-1",
            "7a623536f465189fb2e50a49480898d6c0255e29e8b26acb7ebb1389f94801b8",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
            b"",
            "IQoJb3JpZ2lu+/=",
            "us-east-1",
            "a982b4dd630fa8083e5bd32eeaa7d635194b72bf7059d9daf768a2414a337c58",
        ),
        (
            "a model~with %2F é",
            b"\x00\xff",
            None,
            "us-gov-west-1",
            "dea6ee32d05c66355a007aa342ff1ea08a78d6834ab505a66144f0f9946d7f2f",
        ),
    ],
)
def test_a_call_of_bedrock_is_signed_as_botocore_signs_it(
    model: str, body: bytes, token: str | None, region: str, signature: str
) -> None:
    headers = {"Host": f"bedrock-runtime.{region}.amazonaws.com", "Content-Type": "application/json"}
    path = f"/model/{quote(model, safe='')}/converse-stream"
    credentials = AwsCredentials(EXAMPLE.access_key_id, EXAMPLE.secret_access_key, token)

    signed = signed_headers(credentials, "POST", path, headers, body, region=region, service="bedrock", at=AT)

    assert signed["Authorization"].rpartition("Signature=")[2] == signature
    assert signed.get("X-Amz-Security-Token") == token


def test_no_secret_is_in_the_name_of_the_credentials() -> None:
    assert "wJalr" not in repr(EXAMPLE)
