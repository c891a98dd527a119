"""Whether an answer is still in the context after it was compressed for the question, and how much of the context is left.

    python -m bench.bench_compression [--questions FOLDER]

Without a folder it measures on the demo's handbook: each question's own page among the five nearest others, cut into passages
as the product cuts them. `--questions` is a folder with `xquad.en.json` (an encyclopaedia) and `policyqa.dev.json` (privacy
policies), in SQuAD's format: each question's own passage among the five nearest others of the same set, or the same policy.
Three hundred questions of each of the two were used to weigh the opinions of the compression; they are left out here. A policy's answers are often half a paragraph: kept means all of it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quarterdeck.gateway.compression.selecting import Embed, compress
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.embedders.minilm import open_minilm
from quarterdeck.gateway.extractive.vector_memory import VectorMemory

DEMO = Path(__file__).parents[1] / "src" / "quarterdeck" / "demo"
SHARES = (0.5, 0.33, 0.2)
OTHERS = 5
MOST_QUESTIONS = 600
"""The first so many drawn are left out: some of them were used for fitting."""


@dataclass(frozen=True)
class Case:
    """A question, its passages, and the texts of which one must be left (or all, when `every`)."""

    question: str
    passages: Sequence[str]
    answers: Sequence[str]
    every: bool = False


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path)
    folder: Path | None = parser.parse_args().questions
    with tempfile.TemporaryDirectory() as home:
        embed = VectorMemory(open_minilm(Path(home)), size=100_000).embed
        _measure("the demo's handbook", list(_of_demo(embed)), embed)
        if folder is not None:
            _measure("XQuAD", list(_of_squad(folder / "xquad.en.json", embed, one_shelf=True)), embed)
            _measure("PolicyQA", list(_of_squad(folder / "policyqa.dev.json", embed, one_shelf=False)), embed)


def _measure(name: str, cases: Sequence[Case], embed: Embed) -> None:
    print(f"\n{name}: {len(cases)} questions, {statistics.mean(len(c.passages) for c in cases):.1f} passages each")
    for share in SHARES:
        for how, eyes in (("words and meaning", embed), ("words alone", None), ("the first sentences", None)):
            first = how == "the first sentences"
            kept, left, times = [], [], []
            for case in cases:
                start = time.perf_counter()
                if first:
                    texts = [passage[: int(len(passage) * share)] for passage in case.passages]
                else:
                    texts = compress(case.passages, case.question, share, eyes).texts
                times.append(1000 * (time.perf_counter() - start))
                kept.append(_has(texts, case))
                left.append(sum(map(len, texts)) / sum(map(len, case.passages)))
            print(
                f"  to {share:4.0%} by {how:19}: answer kept {statistics.mean(kept):.3f}, "
                f"left {statistics.mean(left):.2f}, p50 {statistics.median(times):.1f} ms"
            )


def _has(texts: Sequence[str], case: Case) -> bool:
    whole = _plain("\n".join(texts))
    found = [_plain(answer) in whole for answer in case.answers]
    return all(found) if case.every else any(found)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


def _of_demo(embed: Embed) -> Iterator[Case]:
    pages = {str(p.relative_to(DEMO / "handbook")): p.read_text() for p in sorted((DEMO / "handbook").rglob("*.md"))}
    sections = {path: re.split(r"(?m)^(?=## )", text) for path, text in pages.items()}
    shelf = [section for found in sections.values() for section in found]
    vectors = embed(shelf)
    for row in json.loads((DEMO / "questions.json").read_text())["questions"]:
        facts = row.get("expected_facts", [])
        own = [one for source in row["expected_sources"] for one in sections.get(source, [])]
        needed = [one for one in own if any(_plain(fact) in _plain(one) for fact in facts)]
        if row["kind"] == "answerable" and needed and all(_plain(f) in _plain("\n".join(needed)) for f in facts):
            near = _nearest(row["question"], shelf, vectors, needed, embed)
            yield Case(row["question"], [*needed, *near], facts, every=True)


def _of_squad(path: Path, embed: Embed, *, one_shelf: bool) -> Iterator[Case]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    shelves = [[p["context"] for p in article["paragraphs"]] for article in articles]
    if one_shelf:
        shelves = [[context for shelf in shelves for context in shelf]] * len(articles)
    cases = [
        (qa["question"], paragraph["context"], [answer["text"] for answer in qa["answers"]], shelf)
        for article, shelf in zip(articles, shelves, strict=True)
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]
    drawn = random.Random(5).sample(cases, min(2 * MOST_QUESTIONS, len(cases)))
    for question, context, answers, shelf in drawn[MOST_QUESTIONS:]:
        near = _nearest(question, shelf, embed(shelf), [context], embed)
        yield Case(question, [context, *near], answers)


def _nearest(question: str, shelf: Sequence[str], vectors: Vectors, own: Sequence[str], embed: Embed) -> list[str]:
    order = np.argsort(-(vectors @ embed([question])[0]))
    return [shelf[place] for place in order if shelf[place] not in own][:OTHERS]


if __name__ == "__main__":
    main()
