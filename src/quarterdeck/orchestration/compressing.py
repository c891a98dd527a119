"""Cuts the passages down to what a question needs, before a model is paid to read them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from quarterdeck.gateway.compression.selecting import compress
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.orchestration.asking import LOCAL_MODEL
from quarterdeck.orchestration.passages import Found
from quarterdeck.orchestration.recipe import Recipe
from quarterdeck.runtime.work import Work


async def shortened(work: Work, recipe: Recipe, question: str, found: Found) -> Found:
    """The passages as the model gets them. They keep their numbers; one with nothing of use is left empty."""
    share = recipe.parameters.keep_share
    if share is None or share >= 1.0 or recipe.model == LOCAL_MODEL:
        return found
    with work.span("compress passages", "chain") as span:
        embed = work.part(VectorMemory).embed_if_ready
        shorter = await asyncio.to_thread(compress, found.texts(), question, share, embed)
        hits = tuple(replace(hit, text=text) for hit, text in zip(found.hits, shorter.texts, strict=True))
        span.put(input=question, output="\n\n".join(text for text in shorter.texts if text))
        span.attributes |= {
            "quarterdeck.compression.asked_share": share,
            "quarterdeck.compression.kept_share": round(shorter.kept_share, 4),
            "quarterdeck.compression.sentences": shorter.sentences,
            "quarterdeck.compression.sentences_kept": shorter.sentences_kept,
        }
    return replace(found, hits=hits)
