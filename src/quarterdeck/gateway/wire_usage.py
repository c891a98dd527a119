"""Reads `usage` as OpenAI and all who imitate it write it: each with a few numbers of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.provided_cost import cost_in_usage


class _CachedDetails(msgspec.Struct):
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    cached_tokens_details: _CachedDetails | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _ToolUse(msgspec.Struct):
    web_search_requests: int | None = None


class WireUsage(msgspec.Struct):
    """`usage` as OpenAI and those who imitate it send it, in its chat words or in those of Responses."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    input_token_details: _InputDetails | None = None
    """Transcripts write it so."""
    prompt_cache_hit_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    citation_tokens: int | None = None
    num_search_queries: int | None = None
    server_tool_use: _ToolUse | None = None
    cost: Any = None  # Any: a number, or Perplexity's object; see `provided_cost`
    estimated_cost: float | None = None
    cost_in_usd_ticks: int | None = None

    def buckets(self) -> Usage:
        """The same numbers in our buckets, where output includes reasoning and input includes what was cached."""
        inputs = self.prompt_tokens_details or self.input_tokens_details or self.input_token_details or _InputDetails()
        outputs = self.completion_tokens_details or self.output_tokens_details or _OutputDetails()
        cached = inputs.cached_tokens_details or _CachedDetails()
        prompt = self.prompt_tokens or self.input_tokens or 0
        completion = self.completion_tokens or self.output_tokens or 0
        reasoning = outputs.reasoning_tokens or self.reasoning_tokens or 0
        if reasoning and self.total_tokens == prompt + completion + reasoning:
            # xAI counts reasoning beside the completion, everybody else inside it.
            completion += reasoning
        cost = self.cost if self.cost is not None else self.estimated_cost
        return Usage(
            input_tokens=prompt,
            output_tokens=completion,
            cache_read_tokens=inputs.cached_tokens or self.prompt_cache_hit_tokens or 0,
            cache_write_tokens=inputs.cache_write_tokens or self.cache_creation_input_tokens or 0,
            reasoning_tokens=reasoning,
            audio_input_tokens=inputs.audio_tokens or 0,
            image_input_tokens=inputs.image_tokens or 0,
            audio_output_tokens=outputs.audio_tokens or 0,
            image_output_tokens=outputs.image_tokens or 0,
            audio_cache_read_tokens=cached.audio_tokens or 0,
            image_cache_read_tokens=cached.image_tokens or 0,
            units=self._units(),
            provided_pico=cost_in_usage(cost, self.cost_in_usd_ticks),
        )

    def _units(self) -> tuple[tuple[str, int], ...]:
        # Perplexity counts its searches, OpenRouter those of its tools.
        tools = self.server_tool_use.web_search_requests if self.server_tool_use is not None else None
        searches = self.num_search_queries or tools
        units = (("search", searches), ("citation", self.citation_tokens))
        return tuple((unit, count) for unit, count in units if count)
