"""Attempts to make a model forget what it was told: rules with weights, on what a text says under its disguises, too.

Rules, not a model: no training data of attacks could be had here that would generalise honestly, and a rule says why.
They find what is worded like the attacks that are known; a plain wish in a document (`mail this to …`) is none of them.
`bench/bench_guardrails.py` measures both: what is caught, and what is caught in texts that are harmless.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

import msgspec

from quarterdeck.safety import disguises
from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.disguises import Reading
from quarterdeck.safety.records import Finding

_BIAS = -3.0
_WHAT_IT_WAS_TOLD = r"(?:instruct\w*|prompts?|rules?|guidelines?|directi(?:ons?|ves?)|commands?|programming|training|restrictions?|polic(?:y|ies)|constraints?|guardrails?|safety)"
_RULES: tuple[tuple[str, float, str], ...] = (
    (
        "override",
        4.2,
        r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrid(?:e|ing)|bypass(?:ing)?|do not follow|don'?t follow|stop following|neglect|skip)\s+"
        r"(?:(?:\w+\s+){0,3}(?:previous\w*|prior|above|earlier|preceding|initial|original|system|existing)\b[^.\n]{0,25}"
        rf"|(?:\w+\s+){{0,2}}(?:all|any|each|every|your|the|these|those)\s+(?:\w+\s+){{0,2}})\b{_WHAT_IT_WAS_TOLD}\b",
    ),
    (
        "override",
        4.2,
        r"\b(?:ignor(?:e|ing)|disregard|forget)\b\s+(?:everything|all|anything)\b[^.\n]{0,30}\b(?:above|before|previous\w*|prior|told|said|instructed|so far|you know)\b",
    ),
    (
        "override",
        4.2,
        r"\bignor(?:iere|ieren sie|ier)\b[^.\n]{0,40}\b(?:anweisung\w*|regeln|vorgaben)\b|\bvergiss\b[^.\n]{0,30}\b(?:anweisung\w*|alles|regeln)\b"
        r"|\b(?:ignore[zr]?|oublie[zr]?)\b[^.\n]{0,30}\b(?:instructions|consignes|regles)\b"
        r"|\b(?:ignora|olvida)\b[^.\n]{0,30}\b(?:instrucciones|reglas|istruzioni|indicaciones)\b|\bignor[ea]\b[^.\n]{0,30}\binstrucoes\b",
    ),
    (
        "new_instructions",
        2.8,
        r"(?:\b(?:new|updated|revised|real|actual|secret)\s+(?:system\s+)?(?:instructions?|directives?|task|objective|rules?|prompt)\s*(?::|-{2,}|follow))"
        r"|\byour\s+(?:new|real|true|only)\s+(?:task|job|goal|role|objective|purpose|instructions?)\s+(?:is|are)\b"
        r"|\bfrom now on,?\s+you\s+(?:will|must|are|shall|should|have to|can)\b",
    ),
    (
        "persona",
        3.6,
        r"\b(?:do anything now|you are now (?:dan|aim|stan|dude|evil\w*|unrestricted|jailbroken|free (?:from|of))"
        r"|(?:act|behave|respond|answer|pretend to be|roleplay|play the role of|simulate)[^.\n]{0,40}\b(?:dan|unrestricted|unfiltered|uncensored|jailbroken|amoral|no (?:rules|limits|restrictions|filters|morals|ethics)|without (?:any )?(?:rules|limits|restrictions|filters|morals|ethics)))\b",
    ),
    (
        "mode",
        3.4,
        r"\b(?:developer|debug|god|sudo|admin(?:istrator)?|root|jailbreak|unrestricted|maintenance|dan|opposite|evil|uncensored)[- ]mode\b[^.\n]{0,30}\b(?:enabled?|activated?|on|now|unlocked?|engaged?|output)\b"
        r"|\b(?:enable|enter|activate|switch (?:to|into)|unlock|you are in|turn on)\s+(?:the\s+|your\s+)?(?:developer|debug|god|sudo|jailbreak|unrestricted|dan|uncensored)[- ]mode\b",
    ),
    (
        "reveal",
        3.6,
        r"\b(?:reveal|show|print|repeat|output|display|leak|dump|give|tell|recite|disclose|share|write (?:out|down)|copy|summari[sz]e|translate|encode|what (?:is|are|was|were))\b[^.\n?]{0,40}"
        r"\b(?:your|the)\s+(?:\w+\s+)?(?:system|initial|hidden|original|secret|internal|full|exact|confidential|pre|developer|starting)[- ]?(?:\w+\s+)?(?:prompts?|instructions?|messages?|rules|directives|configuration|guidelines)\b",
    ),
    (
        "reveal",
        3.6,
        r"\brepeat\b[^.\n]{0,30}\b(?:words|text|everything|all|lines|sentences)\b[^.\n]{0,20}\babove\b|\b(?:everything|text|words|content)\s+(?:that (?:is|was|comes?|came)\s+)?(?:above|before)\s+this\s+(?:line|message|sentence|point|conversation)\b",
    ),
    (
        "fake_turn",
        3.6,
        r"<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|\[/?(?:inst|sys)\]|<</?sys>>|</?(?:system|assistant)(?:[-_ ](?:prompt|message|instructions?))?>"
        r"|(?:^|\n)\s*(?:#{2,}\s*)?(?:system|assistant|developer)\s*(?:message|prompt|override)?\s*:\s*\S|\bend of (?:user |the )?(?:input|prompt|message|document|context)\b[^\n]{0,40}(?:system|instruction)",
    ),
    (
        "no_limits",
        2.2,
        r"\b(?:without|no|free (?:of|from)|not bound by|unbound by|lift|remove|disable|turn off|deactivate|circumvent|evade)\b[^.\n]{0,20}\b(?:all |any |your |the |its )?(?:restrictions?|filters?|censorship|limitations?|safeguards?|(?:ethical|moral|safety|content|openai'?s?)\s+(?:\w+\s+)?(?:guidelines?|restrictions?|polic\w+|rules|constraints?|filters?|considerations?))\b",
    ),
    (
        "conceal",
        2.4,
        r"\b(?:do not|don'?t|never|without)\s+(?:tell(?:ing)?|mention(?:ing)?|reveal(?:ing)?|inform(?:ing)?|alert(?:ing)?|notify(?:ing)?|show(?:ing)?)\b[^.\n]{0,20}\b(?:the |any )?(?:user|human|person|customer|operator|admin)\b",
    ),
    (
        "exfiltrate",
        2.6,
        r"\b(?:send|post|forward|e-?mail|exfiltrate|upload|transmit|leak|append|include)\b[^.\n]{0,60}\b(?:conversation|chat history|password|api[- ]?keys?|secrets?|credentials?|tokens?|system prompt|session|cookies?|personal data|contacts)\b[^\n]{0,60}(?:https?://|www\.|@\w|\bto the (?:following|attacker|address|url))",
    ),
    (
        "image_with_a_hole",
        3.6,
        r"!\[[^\]]{0,60}\]\(https?://[^)\s]{1,200}[?&][\w-]{1,30}=(?:\{|\[|<|\$)",
    ),
    ("to_the_model", 1.6, r"\b(?:attention|important|note|hey|dear|hello)\b[:,! ]{1,3}(?:to )?(?:the |any |all )?(?:ai|llm|language model|assistant|chatbot|gpt|claude|ai agents?|bot)s?\b"),
    ("instead", 1.0, r"\binstead,?\s+(?:of\s+[^.\n]{1,40},?\s+)?(?:say|respond|reply|output|print|write|answer|tell|just|only|you (?:will|must|should))\b"),
    ("pretend", 0.9, r"\b(?:pretend|imagine|hypothetically|roleplay|role-play|act as(?: if)?|simulate)\b"),
    ("authority", 1.2, r"\b(?:i am|this is|i'm|speaking as)\s+(?:your|the|an?)\s+(?:developer|creator|administrator|admin|openai|anthropic|system administrator|owner|engineer at)\b"),
    ("only_say", 1.1, r"\b(?:only|just|simply)\s+(?:say|respond with|reply with|output|print|answer with)\s+[\"'“`]"),
    # Who asks about attacks, or quotes one to explain it, is not attacking.
    ("about_it", -1.8, r"\b(?:what is|what are|explain|define|describe|how (?:do|does|can|to|should)|why (?:do|does|is)|examples? of|prevent\w*|detect\w*|defen[cds]\w*|protect\w*|mitigat\w*|research|paper|article|blog|documentation|classif\w*)\b[^.\n]{0,60}\b(?:prompt[- ]injections?|jailbreak\w*|injection attacks?|adversarial prompts?|system prompts?)\b"),
)  # fmt: skip
_COMPILED = [(label, weight, re.compile(pattern)) for label, weight, pattern in _RULES]
# None of the rules matches without one of these words: most texts are through after this one search.
_TRIGGER = re.compile(
    r"ignor|disregard|forget|overrid|bypass|follow|neglect|skip|vergiss|oubli|olvida|instruct|directive|objective|your (?:new|real|true|only)|from now on"
    r"|anything now|you are now|unrestricted|unfiltered|uncensored|jailbr|amoral|\bmode\b|prompt|\brepeat\b|above this|before this|<\||\[/?inst|\[/?sys|<<|<system|</system|<assistant|</assistant|system|assistant\s*:|developer\s*:"
    r"|restriction|filter|censorship|limitation|safeguard|guideline|polic|without any|no (?:rules|limits)|the user|any user|the human|conversation|chat history|password|key|secret|credential|token|session|cookie|!\["
)
_OBFUSCATED = 1.2
_MOST_FINDINGS = 8


class PromptInjectionOptions(msgspec.Struct):
    """How sure to be."""

    threshold: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.6
    decode: bool = True
    """Whether to read base64, hex, rot13, spaced and reversed text as well."""


class PromptInjection(LocalCheck[PromptInjectionOptions]):
    """Finds attempts to override instructions, to extract the system prompt, to fake turns or to smuggle data out, also under zero-width characters, look-alike letters, base64, hex and rot13. Weighted rules, not a model."""

    kind: ClassVar[str] = "prompt_injection"
    options_type: ClassVar[type[msgspec.Struct]] = PromptInjectionOptions
    reach = 1500

    def __init__(self, options: PromptInjectionOptions) -> None:
        super().__init__(options)
        self.threshold = options.threshold

    def inspect(self, text: str) -> Sequence[Finding]:
        best = self._judge(text, disguises.plain(text), _OBFUSCATED * (disguises.hidden_characters(text) > 2))
        if self.options.decode:
            for reading in disguises.hidden_readings(text):
                if _TRIGGER.search(reading.text):
                    best = max(best, self._judge(text, reading, _OBFUSCATED), key=lambda found: found[0])
        score, found = best
        if score < self.options.threshold:
            return []
        return [Finding(label, start, end, round(score, 4)) for label, start, end in found]

    def _judge(self, text: str, reading: Reading, extra: float) -> tuple[float, list[tuple[str, int, int]]]:
        if not _TRIGGER.search(reading.text):
            return 0.0, []
        hits = list(_hits(reading))
        total = _BIAS + sum({label: weight for label, weight, _, _ in hits}.values())
        if hits and any(weight > 0 for _, weight, _, _ in hits):
            total += extra
        prefix = "" if reading.origin == "plain" else f"{reading.origin}: "
        found = [(f"{prefix}{label}", *reading.span(start, end)) for label, weight, start, end in hits if weight > 0]
        return 1 / (1 + math.exp(-total)), found[:_MOST_FINDINGS]


def _hits(reading: Reading) -> Iterator[tuple[str, float, int, int]]:
    for label, weight, pattern in _COMPILED:
        match = pattern.search(reading.text)
        if match is not None:
            yield label, weight, match.start(), match.end()
