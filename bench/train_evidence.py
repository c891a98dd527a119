"""Fits the two small models of `local/extractive` and writes their coefficients, with what they score when they are new to it.

    python bench/train_evidence.py --policyqa PATH/policyqa.dev.json --handbook PATH/handbook-18f/pages [--write]

Data: our demo handbook with its questions, our own questions (evidence_questions.json) about it, about the public handbook
of 18F and about the policies of PolicyQA (MIT). The thirty questions of the benchmark are no part of it. Negatives are questions that nobody can answer, the answerable ones with their document taken away, and questions
asked of the wrong documents. Numbers are five-fold, questions never in two folds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.core import clock
from quarterdeck.gateway.conversation import SourceDocument
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.extractive.candidates import Candidate, read_candidates
from quarterdeck.gateway.extractive.evidence import STATEMENT_FEATURES, Embed, Similarities, statement_features
from quarterdeck.gateway.extractive.question import Question, read_question
from quarterdeck.gateway.extractive.support import SUPPORT_FEATURES, support_features
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.retrieval import ingestion, library, searching
from quarterdeck.retrieval.records import Hit
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running

HERE = Path(__file__).parent
DEMO = HERE.parent / "src" / "quarterdeck" / "demo"
MODEL = HERE.parent / "src" / "quarterdeck" / "gateway" / "extractive" / "model.json"
PASSAGES = 6
FALSE_DECLINES = 0.07
"""The share of answerable questions that the threshold may decline, on questions the model has not seen."""
FALSE_DECLINES_BY_WORDS = 0.12
WEAK_WEIGHT = 0.15
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A question with what the search found, and what a right answer contains."""

    question: str
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    group: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Prepared:
    """A question, its candidates and their features."""

    asked: Asked
    question: Question
    candidates: list[Candidate]
    similarities: Similarities
    features: list[Matrix]
    labels: NDArray[np.float64]


async def main() -> None:
    options = _options()
    sites = json.loads(options.policyqa.read_bytes())["data"]
    pages = sorted(options.handbook.rglob("*.md"))
    handbook = [(path.relative_to(options.handbook).as_posix(), path.read_bytes()) for path in pages]
    with tempfile.TemporaryDirectory() as folder:
        async with running(Settings(home=Path(options.home or folder))) as runtime:
            work = Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))
            asked = await _gather(work, sites, handbook)
            embed = VectorMemory(runtime.part(Embedder), size=500_000).embed
            content = {
                "about": "Coefficients of local/extractive; fitted by bench/train_evidence.py.",
                "card": _card(asked, embedder=runtime.part(Embedder).name),
                "with_vectors": _fit_both(asked, embed),
                "words_only": _fit_both(asked, None),
            }
    if options.write:
        MODEL.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        print(f"wrote {MODEL}")


def _card(asked: Sequence[Asked], *, embedder: str) -> dict[str, object]:
    """What the coefficients were made from, for whoever has to answer for them."""
    return {
        "date": clock.iso(clock.now())[:10],
        "embedder": embedder,
        "questions": dict(sorted(Counter(one.group for one in asked).items())),
        "data": {
            "handbook and questions of the demo, our own questions": "Apache-2.0, this repository",
            "handbook of 18F": "public domain (US government work)",
            "PolicyQA, development part": "MIT",
        },
        "not for": "questions in other languages than English",
    }


def _fit_both(asked: Sequence[Asked], embed: Embed | None) -> dict[str, object]:
    print(f"\n== {'with vectors' if embed else 'words only'}")
    answerable = [one for one in asked if one.facts and one.group != "removed"]
    rows = [row for row in (_prepare(one, embed) for one in answerable) if row is not None]
    usable = [row for row in rows if row.labels.sum()]
    _report_statements(usable)
    statement = _fit_statement(usable)
    everything = [row for row in (_prepare(one, embed) for one in asked if one.group != "policyqa") if row is not None]
    scores = _out_of_fold_scores(everything, usable)
    support = np.array([_support(row, score, embed) for row, score in zip(everything, scores, strict=True)])
    truth = np.array([bool(row.asked.facts) and row.asked.group != "removed" for row in everything], dtype=np.float64)
    weights = np.array([{"removed": 0.35, "cross": 0.3}.get(row.asked.group, 1.0) for row in everything])
    leading = np.array([row.asked.group == "leading" for row in everything])
    fold = np.array([_fold(row.asked.question) for row in everything])
    logits = np.zeros(len(truth))
    for number in range(5):
        train = (fold != number) & ~leading
        coefficients = _fit_logistic(support[train], truth[train], weights[train])
        held = fold == number
        logits[held] = support[held] @ coefficients[:-1] + coefficients[-1]
    groups = np.array([row.asked.group for row in everything])
    may_decline = FALSE_DECLINES if embed else FALSE_DECLINES_BY_WORDS
    threshold = float(np.quantile(logits[(truth == 1) & ~leading], may_decline))
    for group in sorted(set(groups)):
        mine = groups == group
        print(f"  {group:14} {mine.sum():4d}   answered {np.mean(logits[mine] >= threshold):.2f}")
    print(f"  AUC against unanswerable {_auc(logits[(truth == 1) & ~leading], logits[groups == 'unanswerable']):.3f}")
    for row, logit in zip(everything, logits, strict=True):
        wrong = (logit < threshold) != (not (row.asked.facts and row.asked.group != "removed"))
        if wrong and row.asked.group not in {"removed", "cross"}:
            print(f"    {'declined' if logit < threshold else 'answered'} {logit:+.1f} {row.asked.question}")
    final = _fit_logistic(support[~leading], truth[~leading], weights[~leading])
    return {
        "statement": _named(STATEMENT_FEATURES, statement),
        "support": _named(SUPPORT_FEATURES, final[:-1]),
        "support_bias": round(float(final[-1]), 4),
        "threshold": round(float(1 / (1 + np.exp(-threshold))), 4),
        "when_new_to_it": {
            "answerable_answered": _share(logits[np.isin(groups, ["demo", "own"])] >= threshold),
            "unanswerable_declined": _share(logits[groups == "unanswerable"] < threshold),
            "auc": round(_auc(logits[(truth == 1) & ~leading], logits[groups == "unanswerable"]), 3),
        },
    }


# --- data -------------------------------------------------------------------------------------------------------


async def _gather(work: Work, sites: Sequence[dict[str, Any]], handbook: Sequence[tuple[str, bytes]]) -> list[Asked]:
    # Any, above: JSON
    await _ingest(work, "handbook-18f", handbook)
    demo_files = sorted(path for path in (DEMO / "handbook").rglob("*") if path.is_file())
    await _ingest(work, "demo", [(str(path.relative_to(DEMO / "handbook")), path.read_bytes()) for path in demo_files])
    own = json.loads((HERE / "evidence_questions.json").read_text(encoding="utf-8"))["questions"]
    for site in sites:
        await _ingest(work, site["title"], [("policy.md", _policy(site))])
    # All policies in one: a large base has something that looks like an answer to everything.
    await _ingest(work, "policies", [(f"{site['title']}.md", _policy(site)) for site in sites])
    found: list[Asked] = []
    for one in json.loads((DEMO / "questions.json").read_text(encoding="utf-8"))["questions"]:
        group = {"answerable": "demo", "unanswerable": "unanswerable", "leading": "leading"}[one["kind"]]
        found += await _ask(work, "demo", one["question"], one["expected_facts"], one["expected_sources"], group)
    for one in own:
        group = "own" if one["facts"] else "unanswerable"
        found += await _ask(work, one["knowledge"], one["question"], one["facts"], [], group)
        if one["knowledge"].endswith((".com", ".org")):
            found += await _ask(work, "policies", one["question"], one["facts"], [], group)
    chosen = random.Random(0)
    for one in [one for one in found if one.group in {"demo", "own"} and chosen.random() < 0.3]:
        found += await _ask(work, "kaleidahealth.org", one.question, [], [], "cross")
        found += await _ask(work, "policies", one.question, [], [], "cross")
    weak = [(site["title"], qa) for site in sites for paragraph in site["paragraphs"] for qa in paragraph["qas"]]
    for title, qa in chosen.sample(weak, 600):
        facts = [answer["text"] for answer in qa["answers"] if len(answer["text"].split()) >= 3]
        found += await _ask(work, title, qa["question"], facts, [], "policyqa") if facts else []
    return found


def _policy(site: dict[str, Any]) -> bytes:  # Any: JSON
    paragraphs = (paragraph["context"] for paragraph in site["paragraphs"])
    return "\n\n".join(["# Privacy policy", *paragraphs]).encode()


async def _ask(
    work: Work, knowledge: str, question: str, facts: Sequence[str], sources: Sequence[str], group: str
) -> list[Asked]:
    hits = (await searching.search(work, knowledge, question, limit=40)).hits
    asked = [Asked(question, tuple(facts), tuple(sources), group, tuple(hits[:PASSAGES]))]
    if group in {"demo", "own"} and knowledge in {"demo", "handbook-18f"}:
        holding = {hit.path for hit in hits if any(_has(hit.text, fact) for fact in facts)} | set(sources)
        rest = tuple(hit for hit in hits if hit.path not in holding)[:PASSAGES]
        asked.append(Asked(question, tuple(facts), tuple(sources), "removed", rest))
    return asked


async def _ingest(work: Work, knowledge: str, files: Sequence[tuple[str, bytes]]) -> None:
    for path, content in files:
        reply = await ingestion.stage_file(work, knowledge, path, content)
        if reply.status == "refused":
            print(f"  skipped {path}: {reply.reason}")
    await ingestion.publish(work, knowledge)
    while (state := await library.knowledge(work, knowledge)).embedded < state.chunks:
        await asyncio.sleep(0.2)


def _prepare(asked: Asked, embed: Embed | None) -> Prepared | None:
    passages = [
        SourceDocument(id=h.chunk_id, text=h.text, title=h.title, heading_path=h.heading_path) for h in asked.hits
    ]
    candidates = read_candidates(passages)
    question = read_question(asked.question)
    if not candidates:
        return None
    similarities = Similarities(question, candidates, embed)
    features = [statement_features(question, ask, candidates, similarities) for ask in question.asks]
    labels = np.array(
        [
            any(_has(candidate.text, fact) for fact in asked.facts)
            and (not asked.sources or asked.hits[candidate.rank].path in asked.sources)
            for candidate in candidates
        ],
        dtype=np.float64,
    )
    return Prepared(asked, question, candidates, similarities, features, labels)


def _has(text: str, fact: str) -> bool:
    return _plain(fact) in _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"[^\w%$.:]+", " ", text.lower()).strip()


# --- models -----------------------------------------------------------------------------------------------------


def _fit_statement(rows: Sequence[Prepared], *, decay: float = 0.02, steps: int = 700) -> NDArray[np.float64]:
    """A choice among candidates: raise the share of those that hold the answer (Adam on the log likelihood)."""
    stacked = np.vstack([matrix for row in rows for matrix in row.features])
    scale = stacked.std(axis=0) + 1e-6
    parts = [
        (matrix / scale, row.labels, WEAK_WEIGHT if row.asked.group == "policyqa" else 1.0)
        for row in rows
        for matrix in row.features
    ]
    total = sum(weight for _, _, weight in parts)
    w, first, second = np.zeros(len(scale)), np.zeros(len(scale)), np.zeros(len(scale))
    for step in range(1, steps + 1):
        slope = decay * w
        for matrix, labels, weight in parts:
            share = np.exp((logits := matrix @ w) - logits.max())
            share /= share.sum()
            right = share * labels
            slope = slope + weight / total * (matrix.T @ (share - right / max(right.sum(), 1e-12)))
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        w = w - 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    result: NDArray[np.float64] = np.where(stacked.std(axis=0) > 0, w / scale, 0.0)
    return result


def _out_of_fold_scores(everything: Sequence[Prepared], usable: Sequence[Prepared]) -> list[list[NDArray[np.float64]]]:
    """Scores of every candidate by a model that has not seen its question."""
    models = [_fit_statement([row for row in usable if _fold(row.asked.question) != number]) for number in range(5)]
    return [[matrix @ models[_fold(row.asked.question)] for matrix in row.features] for row in everything]


def _support(row: Prepared, scores: Sequence[NDArray[np.float64]], embed: Embed | None) -> NDArray[np.float64]:
    best = max(range(len(scores)), key=lambda number: float(scores[number].max()))
    ask = row.question.asks[best]
    return support_features(row.question, ask, row.candidates, scores[best], row.similarities, embed)


def _fit_logistic(
    x: Matrix, y: NDArray[np.float64], weights: NDArray[np.float64], *, decay: float = 3.0
) -> NDArray[np.float64]:
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.c_[(x - mean) / scale, np.ones(len(x))]
    penalty = decay * np.r_[np.ones(x.shape[1]), 0.0]
    w = np.zeros(z.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        slope = z.T @ (weights * (p - y)) + penalty * w
        curve = (z * (weights * p * (1 - p))[:, None]).T @ z + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curve, slope)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    raw = np.where(x.std(axis=0) > 0, w[:-1] / scale, 0.0)
    found: NDArray[np.float64] = np.r_[raw, w[-1] - raw @ mean]
    return found


# --- reports ----------------------------------------------------------------------------------------------------


def _report_statements(rows: Sequence[Prepared]) -> None:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(5):
        model = _fit_statement([row for row in rows if _fold(row.asked.question) != number])
        for row in rows:
            if _fold(row.asked.question) == number:
                for matrix in row.features:
                    order = np.argsort(-(matrix @ model))
                    found[row.asked.group].append((row.labels[order[0]], row.labels[order[:3]].max()))
    for group, hits in sorted(found.items()):
        first, three = np.mean([hit[0] for hit in hits]), np.mean([hit[1] for hit in hits])
        print(f"  {group:14} {len(hits):4d}   first statement {first:.2f}   one of three {three:.2f}")


def _share(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 3)


def _auc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    return float(np.mean([(p > negative).mean() + 0.5 * (p == negative).mean() for p in positive]))


def _fold(question: str) -> int:
    return sum(question.encode()) % 5


def _named(names: Sequence[str], numbers: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(number), 4) for name, number in zip(names, numbers, strict=True)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policyqa", type=Path, required=True, help="policyqa.dev.json in SQuAD format")
    parser.add_argument("--handbook", type=Path, required=True, help="the pages of the public handbook of 18F")
    parser.add_argument("--home", help="a data folder to keep, so that the next run need not embed again")
    parser.add_argument("--write", action="store_true", help="write model.json")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
