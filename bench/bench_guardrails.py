"""How many attacks the injection rules catch, how often they and the other checks cry wolf, and what a look costs.

    python -m bench.bench_guardrails

Nothing can be downloaded here, so the attacks are our own (`guardrail_texts.json`), written after the rules and never tuned
on: they say how the rules generalise to other wordings by the same hands, not how they do on a public benchmark. The harmless
texts are those with the same words in that file, and all prose of this repository: documentation, the demo handbook, questions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from quarterdeck.safety.check import LocalCheck, make_check
from quarterdeck.safety.text_window import TextWindow

HERE = Path(__file__).parent
ROOT = HERE.parent
KINDS = ("prompt_injection", "personal_data", "secrets")


def main() -> None:
    """Print the tables."""
    texts = json.loads((HERE / "guardrail_texts.json").read_text())
    checks = {kind: made(kind) for kind in KINDS}
    injection = checks["prompt_injection"]
    print("| texts | how many | flagged as injection |\n|---|---|---|")
    for name in ("attacks", "harmless"):
        hits = [text for text in texts[name] if injection.inspect(text)]
        print(f"| {name} | {len(texts[name])} | {len(hits)} ({len(hits) / len(texts[name]):.0%}) |")
    missed = [text for text in texts["attacks"] if not injection.inspect(text)]
    print("\nmissed:", *missed, sep="\n  - ")
    print("\n| prose of the repository | passages | " + " | ".join(KINDS) + " |\n|---|---|---|---|---|")
    for name, passages in repository().items():
        counts = [sum(1 for text in passages if checks[kind].inspect(text)) for kind in KINDS]
        print(f"| {name} | {len(passages):,} | " + " | ".join(str(count) for count in counts) + " |")
    print("\n| check | a 60-word question | 16 kB | a stream of 500 words, per word |\n|---|---|---|---|")
    for kind, check in checks.items():
        short, long = texts["harmless"][0] * 5, " ".join(texts["harmless"])[:4000] * 4
        print(f"| `{kind}` | {cost(check.inspect, short)} | {cost(check.inspect, long)} | {streamed(check)} |")


def made(kind: str) -> LocalCheck[Any]:  # Any: each has options of its own
    """A check with its default options."""
    check = make_check({"kind": kind})
    assert isinstance(check, LocalCheck)
    return check


def repository() -> dict[str, list[str]]:
    """Passages that are about the product and its demo, and attack nobody."""
    questions = json.loads((HERE / "evidence_questions.json").read_text())["questions"]
    return {
        "documentation": passages(ROOT.glob("docs/**/*.md")),
        "demo handbook": passages((ROOT / "src/quarterdeck/demo/handbook").rglob("*.*")),
        "questions of the benchmarks": [str(one["question"]) for one in questions],
    }


def passages(files: Iterable[Path]) -> list[str]:
    """Paragraphs of text files."""
    found: list[str] = []
    for file in files:
        try:
            found += [part for part in file.read_text().split("\n\n") if part.strip()]
        except UnicodeDecodeError:
            continue
    return found


def cost(look: Callable[[str], Sequence[object]], text: str) -> str:
    """The median of some looks."""
    took: list[int] = []
    for _ in range(30):
        began = time.perf_counter_ns()
        look(text)
        took.append(time.perf_counter_ns() - began)
    median = sorted(took)[len(took) // 2] / 1000
    return f"{median:,.0f} µs"


def streamed(check: LocalCheck[Any]) -> str:
    """What a window adds to each word of a stream."""
    words = [f"{word} " for word in ("a plain sentence with several words in it " * 70).split()][:500]
    began = time.perf_counter_ns()
    window = TextWindow(check.inspect, check.reach)
    for word in words:
        window.feed(word)
    window.finish()
    return f"{(time.perf_counter_ns() - began) / len(words) / 1000:,.1f} µs"


if __name__ == "__main__":
    main()
