"""Credentials: the forms that providers give theirs, and random-looking values behind names such as `password`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.records import Finding

# A name, letters without which there is none (a quick search that spares the slow one in nearly all texts), and the form.
_FORMS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (name, hint, re.compile(form))
    for name, hint, form in (
        ("quarterdeck_key", "sk-qd-", r"sk-qd-[a-z0-9]{40,}"),
        ("anthropic_key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}"),
        ("openrouter_key", "sk-or-", r"sk-or-v1-[a-f0-9]{40,}"),
        ("openai_key", "sk-", r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}"),
        ("groq_key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
        ("xai_key", "xai-", r"xai-[A-Za-z0-9]{40,}"),
        ("perplexity_key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
        ("replicate_token", "r8_", r"r8_[A-Za-z0-9]{30,}"),
        ("huggingface_token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
        ("google_api_key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
        ("google_oauth_secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
        ("aws_access_key_id", "AKIA", r"AKIA[A-Z2-7]{16}"),
        ("aws_access_key_id", "ASIA", r"ASIA[A-Z2-7]{16}"),
        ("aws_access_key_id", "ABIA", r"ABIA[A-Z2-7]{16}"),
        ("aws_access_key_id", "ACCA", r"ACCA[A-Z2-7]{16}"),
        ("azure_storage_key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
        ("github_token", "github_pat_", r"github_pat_[A-Za-z0-9_]{60,}"),
        ("github_token", "ghp_", r"ghp_[A-Za-z0-9]{36,}"),
        ("github_token", "gho_", r"gho_[A-Za-z0-9]{36,}"),
        ("github_token", "ghu_", r"ghu_[A-Za-z0-9]{36,}"),
        ("github_token", "ghs_", r"ghs_[A-Za-z0-9]{36,}"),
        ("github_token", "ghr_", r"ghr_[A-Za-z0-9]{36,}"),
        ("gitlab_token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
        ("gitlab_token", "gldt-", r"gldt-[A-Za-z0-9_-]{20,}"),
        ("gitlab_token", "glrt-", r"glrt-[A-Za-z0-9_-]{20,}"),
        ("gitlab_token", "glptt-", r"glptt-[A-Za-z0-9_-]{20,}"),
        ("slack_token", "xox", r"xox[abposr]-[A-Za-z0-9-]{10,}"),
        (
            "slack_webhook",
            "hooks.slack.com",
            r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
        ),
        (
            "discord_webhook",
            "discord",
            r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d{15,}/[A-Za-z0-9_-]{50,}",
        ),
        ("stripe_key", "k_", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{20,}"),
        ("stripe_webhook_secret", "whsec_", r"whsec_[A-Za-z0-9]{30,}"),
        ("twilio_key", "SK", r"SK[0-9a-f]{32}"),
        ("sendgrid_key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
        ("mailgun_key", "key-", r"key-[0-9a-f]{32}"),
        ("npm_token", "npm_", r"npm_[A-Za-z0-9]{36}"),
        ("pypi_token", "pypi-", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
        ("docker_token", "dckr_", r"dckr_pat_[A-Za-z0-9_-]{27}"),
        ("databricks_token", "dapi", r"dapi[0-9a-f]{32}"),
        ("digitalocean_token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
        ("linear_key", "lin_api_", r"lin_api_[A-Za-z0-9]{40}"),
        ("notion_token", "secret_", r"secret_[A-Za-z0-9]{43}"),
        ("notion_token", "ntn_", r"ntn_[A-Za-z0-9]{46}"),
        ("telegram_token", ":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
        ("shopify_token", "shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
        ("vault_token", "hvs.", r"hvs\.[A-Za-z0-9_-]{24,}"),
        ("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}"),
        ("private_key", "PRIVATE KEY", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s]{0,4000}"),
        ("url_credentials", "://", r"[a-z][a-z0-9+.-]{2,15}://[^\s/:@'\"]{1,64}:[^\s/@'\"]{4,128}@[\w.-]{3,}"),
    )
)
_NAMES = ("passw", "secret", "token", "key", "credential")
_NAMED = re.compile(
    r"(?i)\b[\w.-]{0,30}(?:passw(?:or)?d|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[\w-]{0,20}"
    r"[\"']?\s{0,3}(?::|=|:=|=>)\s{0,3}[\"'`]?(?P<value>[^\s\"'`,;<>{}()]{8,200})"
)
_PLACEHOLDERS = re.compile(
    r"(?i)example|placeholder|your[-_ ]|changeme|dummy|redacted|xxxx|\*{3,}|\.\.\.|…|<|\$\{|\{\{|%\(|^(?:env|os|process|settings|config)\b|"
    r"^(?:true|false|null|none|undefined|string|required|optional)$|test[-_]?(?:key|token|secret)|1234567|abcdef"
)


class SecretsOptions(msgspec.Struct):
    """How sure to be of a value that has no known form."""

    least_entropy: Annotated[float, msgspec.Meta(ge=0, le=8)] = 3.2
    """Bits a character, for values behind names such as `password=`."""
    named_values: bool = True
    """Whether to look at values behind such names at all."""


class Secrets(LocalCheck[SecretsOptions]):
    """Finds credentials: the forms of some thirty providers, private keys, passwords in addresses, and random values behind telling names. Placeholders are let through."""

    kind: ClassVar[str] = "secrets"
    options_type: ClassVar[type[msgspec.Struct]] = SecretsOptions
    reach = 400

    def inspect(self, text: str) -> Sequence[Finding]:
        found: list[Finding] = []
        for name, hint, pattern in _FORMS:
            if hint in text:
                found += [
                    Finding(name, match.start(), match.end(), masked=True)
                    for match in pattern.finditer(text)
                    if _stands_alone(text, match.start())
                    and not _is_placeholder(match.group())
                    and all(match.end() <= one.start or match.start() >= one.end for one in found)
                ]
        if self.options.named_values and any(name in text.lower() for name in _NAMES):
            for match in _NAMED.finditer(text):
                start, end = match.span("value")
                value = match["value"]
                if any(start < one.end and one.start < end for one in found) or _PLACEHOLDERS.search(value):
                    continue
                if entropy(value) >= self.options.least_entropy and _is_mixed(value):
                    found.append(Finding("named_secret", start, end, score=min(1.0, entropy(value) / 4.5), masked=True))
        return sorted(found, key=lambda one: one.start)


def entropy(text: str) -> float:
    """How random a text looks: Shannon's bits a character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _is_mixed(value: str) -> bool:
    """Random values mix letters and digits; words and paths seldom do."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value) and "/" not in value[:1]


def _stands_alone(text: str, start: int) -> bool:
    return start == 0 or not (text[start - 1].isalnum() or text[start - 1] in "_-")


def _is_placeholder(value: str) -> bool:
    return bool(_PLACEHOLDERS.search(value)) or len(set(value[-16:])) <= 3
