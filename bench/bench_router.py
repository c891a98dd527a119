"""Whether the learned router is better than looking at the length, and whether its promise holds on requests it never saw.

    python -m bench.bench_router FOLDER

FOLDER has one CSV a topic, with the columns prompt, weak model right, strong model right: RouteLLM's MMLU responses of
Mixtral 8x7B and GPT-4 (Apache-2.0). The split is drawn anew for each round; the report's own numbers come from folds inside
the training half, the lines "held out" from the other half, which training never touches.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.embedders.minilm import open_minilm
from quarterdeck.gateway.routing.learned import measuring
from quarterdeck.gateway.routing.learned.features import LONGEST_TEXT, shapes
from quarterdeck.gateway.routing.learned.records import Sample
from quarterdeck.gateway.routing.learned.training import train

Places = NDArray[np.int64]

KEEP, CONFIDENCE = 0.95, 0.95
SIZES = (500, 1000, 2500)
ROUNDS = 10
ROUNDS_BY_TOPIC = 4


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    samples = _samples(parser.parse_args().folder)
    with tempfile.TemporaryDirectory() as home:
        embedder = open_minilm(Path(home))
        vectors = embedder.embed([sample.text[:LONGEST_TEXT] for sample in samples])
        start = time.perf_counter()
        for sample in samples[:200]:
            embedder.embed([sample.text[:LONGEST_TEXT]])
        print(
            f"{len(samples)} requests, {len({s.topic for s in samples})} topics; one embedding {5 * (time.perf_counter() - start):.1f} ms"
        )
    for size in SIZES:
        _known_topics(samples, vectors, size)
    _new_topics(samples, vectors)


def _known_topics(samples: list[Sample], vectors: Vectors, size: int) -> None:
    recovered, by_length, shares, kept, on, took = [], [], [], [], 0, []
    for seed in range(ROUNDS):
        order = np.random.default_rng(seed).permutation(len(samples))
        start = time.perf_counter()
        found = _trained_and_tried(samples, vectors, order[:size], order[size:])
        took.append(time.perf_counter() - start)
        recovered.append(found[0])
        by_length.append(found[1])
        if found[2] is not None:
            on += 1
            shares.append(found[2][0])
            kept.append(found[2][1])
    held = f"{sum(one >= KEEP for one in kept)} of {on}" if on else "-"
    print(
        f"{size:5} outcomes: gap recovered, held out {_spread(recovered)}; its own estimate of length alone "
        f"{_spread(by_length)}; on in {on} of {ROUNDS}; to the strong model {_spread(shares)}; kept {_spread(kept)}; "
        f"promise held {held}; {statistics.median(took):.1f} s"
    )


def _new_topics(samples: list[Sample], vectors: Vectors) -> None:
    topics = np.array([sample.topic for sample in samples])
    names = sorted(set(topics))
    recovered = []
    for seed in range(ROUNDS_BY_TOPIC):
        left_out = set(np.random.default_rng(seed).permutation(names)[: len(names) // 4])
        outside = np.array([topic in left_out for topic in topics])
        recovered.append(_trained_and_tried(samples, vectors, np.flatnonzero(~outside), np.flatnonzero(outside))[0])
    print(f"a quarter of the topics never seen: gap recovered {_spread(recovered)}")


def _trained_and_tried(
    samples: list[Sample], vectors: Vectors, inside: Places, outside: Places
) -> tuple[float, float, tuple[float, float] | None]:
    """The gap recovered held out, that of length alone by the report, and, when on, (strong share, quality kept) held out."""
    model, report = train(
        [samples[n] for n in inside],
        vectors[inside],
        weak="weak",
        strong="strong",
        keep=KEEP,
        confidence=CONFIDENCE,
        embedder="bench",
        now="",
    )
    others = [samples[n] for n in outside]
    weak, strong = np.array([one.weak for one in others]), np.array([one.strong for one in others])
    raw = model.raw(shapes([one.text for one in others]), vectors[outside])
    recovered = measuring.apgr(raw, strong - weak)
    if not model.card.on or model.card.threshold is None:
        return recovered, report.apgr_length_only.value, None
    chosen = raw >= model.card.threshold
    return (
        recovered,
        report.apgr_length_only.value,
        (float(chosen.mean()), float(np.where(chosen, strong, weak).mean() / strong.mean())),
    )


def _spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else "-"


def _samples(folder: Path) -> list[Sample]:
    found: dict[str, Sample] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            next(rows)
            for prompt, weak, strong in rows:
                found[prompt] = Sample(prompt, float(weak == "True"), float(strong == "True"), topic=path.stem)
    return list(found.values())


if __name__ == "__main__":
    main()
