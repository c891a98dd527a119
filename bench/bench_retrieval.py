"""How fast documents become searchable, how fast a search is, and how often it finds what was asked for.

    python -m bench.bench_retrieval [--handbook FOLDER] [--questions FOLDER]

Without arguments it measures on the demo's handbook. `--questions` is a folder with `xquad.en.json` (questions about
an encyclopaedia) and `policyqa.dev.json` (questions about privacy policies, each searched within its own policy),
both in SQuAD's format; every passage goes through the whole pipeline as a document of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.retrieval import ingestion, library, searching
from quarterdeck.retrieval.records import SearchMode
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running

DEMO = Path(__file__).parents[1] / "src" / "quarterdeck" / "demo" / "handbook"
MODES: tuple[SearchMode, ...] = ("text", "vector", "fused")
QUESTIONS = [
    "How many days of leave can I carry over into the next year?",
    "Who approves my travel?",
    "What do I do when I lose my laptop?",
    "How do I get my expenses back?",
    "Can I work from another country?",
    "When is my manager supposed to talk with me about my performance?",
]


@dataclass(frozen=True)
class Question:
    """A question, and the documents that answer it."""

    text: str
    sources: frozenset[str]


async def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handbook", type=Path, default=DEMO)
    parser.add_argument("--questions", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        async with running(Settings(home=Path(home), cache=False)) as runtime:
            work = Work(runtime=runtime, actor=runtime.part(Keyring).administrator("bench"))
            await _speed(work, arguments.handbook)
            if arguments.questions is not None:
                await _quality(work, arguments.questions)


async def _speed(work: Work, folder: Path) -> None:
    files = _files(folder)
    before_mb = _memory_mb()
    start = time.perf_counter()
    replies = [await ingestion.stage_file(work, "handbook", path, content) for path, content in files.items()]
    index = await ingestion.publish(work, "handbook")
    first = await searching.search(work, "handbook", QUESTIONS[0], mode="text")
    searchable_s = time.perf_counter() - start
    megabytes = sum(map(len, files.values())) / 1e6
    refused = [reply.path for reply in replies if reply.status == "refused"]
    print(f"{len(files)} files, {megabytes:.1f} MB, {index.chunks} passages, {len(refused)} refused: {refused[:20]}")
    print(f"searchable by full text after {searchable_s:.2f} s (first search {first.took_ms:.1f} ms)")
    while_embedding = []
    while (state := await library.knowledge(work, "handbook")).embedded < state.chunks:
        while_embedding.append((await searching.search(work, "handbook", QUESTIONS[1])).took_ms)
        await asyncio.sleep(0.2)
    embedded_s = time.perf_counter() - start
    rate = index.chunks / (embedded_s - searchable_s)
    print(f"fully embedded after {embedded_s:.1f} s: {rate:.0f} passages/s with a search each 0.2 s")
    print(f"search while embedding: {_spread(while_embedding)}")
    start = time.perf_counter()
    for path, content in files.items():
        await ingestion.stage_file(work, "handbook", path, content)
    await ingestion.publish(work, "handbook")
    print(f"the same files again: {time.perf_counter() - start:.2f} s")
    for mode in MODES:
        asked = [QUESTIONS[number % 6] for number in range(120)]
        took = [(await searching.search(work, "handbook", question, mode=mode)).took_ms for question in asked]
        print(f"search, {mode:6}: {_spread(took[12:])}")
    embedder = work.part(Embedder)
    took = []
    for question in QUESTIONS * 10:
        began = time.perf_counter()
        embedder.embed([question])
        took.append((time.perf_counter() - began) * 1000)
    print(f"one question embedded: {_spread(took)}")
    gc.collect()
    print(f"memory: {before_mb:.0f} MB before the first file, {_memory_mb():.0f} MB with model and index loaded")


async def _quality(work: Work, folder: Path) -> None:
    for name, apart in (("xquad.en.json", False), ("policyqa.dev.json", True)):
        bases = _read(folder / name, apart=apart)
        for knowledge, (passages, _) in bases.items():
            for path, text in passages.items():
                await ingestion.stage_file(work, knowledge, path, text.encode())
            await ingestion.publish(work, knowledge)
        for knowledge in bases:
            await _embedded(work, knowledge)
        print(f"{name}: {sum(len(passages) for passages, _ in bases.values())} passages")
        for mode in MODES:
            print(f"  {mode:6} {await _score(work, bases, mode)}")


async def _embedded(work: Work, knowledge: str) -> None:
    while (state := await library.knowledge(work, knowledge)).embedded < state.chunks:
        await asyncio.sleep(0.2)


async def _score(work: Work, bases: Mapping[str, tuple[Mapping[str, str], list[Question]]], mode: SearchMode) -> str:
    """Shares of questions with an answering document at place 1, among 5 and among 10, and nDCG at 10."""
    places: list[list[int]] = []
    wanted: list[int] = []
    for knowledge, (_, questions) in bases.items():
        for question in questions:
            found = await searching.search(work, knowledge, question.text, limit=30, mode=mode)
            paths = list(dict.fromkeys(hit.path for hit in found.hits))
            places.append([place for place, path in enumerate(paths[:10]) if path in question.sources])
            wanted.append(len(question.sources))
    shares = [statistics.mean(any(place < most for place in found) for found in places) for most in (1, 5, 10)]
    gains = [
        sum(1 / math.log2(place + 2) for place in found)
        / sum(1 / math.log2(place + 2) for place in range(min(10, most)))
        for found, most in zip(places, wanted, strict=True)
    ]
    one, five, ten = shares
    return f"n={len(places)} R@1 {one:.3f}  R@5 {five:.3f}  R@10 {ten:.3f}  nDCG@10 {statistics.mean(gains):.3f}"


def _read(path: Path, *, apart: bool) -> dict[str, tuple[dict[str, str], list[Question]]]:
    """Passages by path and questions, by knowledge base: one for all articles, or one for each."""
    bases: dict[str, tuple[dict[str, str], list[Question]]] = {}
    for number, article in enumerate(json.loads(path.read_text())["data"]):
        knowledge = f"{path.name.split('.')[0]}-{number:02}" if apart else path.name.split(".")[0]
        passages, questions = bases.setdefault(knowledge, ({}, []))
        sources: defaultdict[str, set[str]] = defaultdict(set)
        by_text: dict[str, str] = {}
        for place, paragraph in enumerate(article["paragraphs"]):
            title = article["title"].replace("_", " ")
            document = by_text.setdefault(paragraph["context"], f"{number:02}/{place:03}.md")
            passages[document] = f"---\ntitle: {json.dumps(title)}\n---\n{paragraph['context']}"
            for asked in paragraph["qas"]:
                sources[asked["question"]].add(document)
        questions += [Question(text, frozenset(documents)) for text, documents in sources.items()]
    return bases


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _spread(milliseconds: Iterable[float]) -> str:
    values = sorted(milliseconds)
    if not values:
        return "none"
    return f"p50 {statistics.median(values):.1f} ms, p95 {values[int(len(values) * 0.95)]:.1f} ms (n={len(values)})"


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    asyncio.run(main())
