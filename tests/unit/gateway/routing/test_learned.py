"""The learned router: learns what is worth the strong model, says how sure that is, and is off when it is not."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.logistic import fit_logistic, sigmoid
from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.health import HealthBook
from quarterdeck.gateway.routing.learned import measuring, routers
from quarterdeck.gateway.routing.learned.features import SHAPE, shape
from quarterdeck.gateway.routing.learned.model import LARGEST_MODEL, RouterModel, from_bytes
from quarterdeck.gateway.routing.learned.records import Outcome, Report, Sample
from quarterdeck.gateway.routing.learned.training import train
from quarterdeck.gateway.routing.records import Plan, Target
from quarterdeck.gateway.routing.strategies.learned import Learned
from quarterdeck.gateway.routing.strategy import Candidate, Question
from tests.conftest import FreshHome
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway

WEAK, STRONG = "openai/gpt-4o-mini", "openai/gpt-4o"
NOW = "2026-11-21T00:00:00.000000Z"
EASY, HARD = "Please name the colour of a", "Please prove the theorem of"
THINGS = ("sea", "sky", "cat", "dog", "car", "house", "tree", "book", "river", "cloud", "road", "lamp", "chair", "bird")


def samples(count: int, *, learnable: bool) -> list[Sample]:
    """Easy requests that both models get right, and hard ones that only the strong one does; or all by chance."""
    chance = random.Random(6)
    found = []
    for number in range(count):
        hard = number % 3 == 0
        text = f"{HARD if hard else EASY} {' '.join(chance.choices(THINGS, k=chance.randint(3, 15)))} {number}?"
        weak = float(chance.random() < (0.1 if hard else 0.95)) if learnable else float(chance.random() < 0.7)
        found.append(Sample(text, weak, float(chance.random() < 0.95), 0.001, 0.01, f"t{number % 7}"))
    return found


def trained(rows: Sequence[Sample], vectors: Vectors) -> tuple[RouterModel, Report]:
    return train(rows, vectors, weak=WEAK, strong=STRONG, keep=0.95, confidence=0.95, embedder="test", now=NOW)


def vectors_of(rows: Sequence[Sample]) -> Vectors:
    """Two directions of meaning, with noise."""
    noise = np.random.default_rng(1).normal(0, 0.3, (len(rows), 16))
    noise[:, 0] += [1.0 if row.text.startswith(HARD) else -1.0 for row in rows]
    found: Vectors = (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32)
    return found


def test_it_learns_where_there_is_something_to_learn() -> None:
    rows = samples(900, learnable=True)

    model, report = trained(rows, vectors_of(rows))

    lines = {line.policy: line for line in report.lines}
    assert model.card.on, model.card.reason
    assert report.kept_bound is not None
    assert report.kept_bound >= 0.95
    assert lines["learned"].strong_share < 0.6
    assert lines["random"].quality.value < lines["learned"].quality.value <= lines["oracle"].quality.value
    assert (lines["all-weak"].cost_usd, lines["all-strong"].cost_usd) == pytest.approx((0.001, 0.01))
    assert report.apgr_unseen_topics is not None


def test_it_is_off_where_there_is_nothing_to_learn_and_says_so() -> None:
    rows = samples(900, learnable=False)

    model, report = trained(rows, vectors_of(rows))

    assert not model.card.on
    assert "not shown to be better than" in model.card.reason
    assert report.advantage.low <= 0 or report.apgr.low <= 0.5


def test_chance_alone_hardly_ever_turns_it_on() -> None:
    """A router that is judged by its own folds as a whole would be on in every fourth such world."""
    on = 0
    for seed in range(8):
        chance = random.Random(seed)
        rows = [
            Sample(
                f"{' '.join(chance.choices(THINGS, k=chance.randint(3, 15)))} {number}?",
                float(chance.random() < 0.7),
                float(chance.random() < 0.95),
            )
            for number in range(300)
        ]
        on += trained(rows, np.random.default_rng(seed).normal(size=(300, 8)).astype(np.float32))[0].card.on

    assert on <= 1


def test_it_is_off_when_the_strong_model_is_not_stronger() -> None:
    rows = [Sample(row.text, row.strong, row.strong) for row in samples(300, learnable=True)]

    assert "Use the weak one" in trained(rows, vectors_of(rows))[0].card.reason


def test_a_model_is_a_small_file_with_its_card_and_no_pickle() -> None:
    rows = samples(600, learnable=True)
    vectors = vectors_of(rows)
    model, _ = trained(rows, vectors)

    content = model.to_bytes()
    again = from_bytes(content)

    forms = np.array([shape(row.text) for row in rows])
    assert len(content) < LARGEST_MODEL
    assert again.card.bytes == len(content)
    assert again.card.rows == 600
    assert np.allclose(again.raw(forms, vectors), model.raw(forms, vectors), atol=1e-3)
    assert b"pickle" not in content


def test_the_gap_recovered_is_one_half_by_chance_and_more_by_knowledge() -> None:
    chance = np.random.default_rng(3)
    gains = (chance.random(4000) < 0.2).astype(float)

    assert measuring.apgr(chance.random(4000), gains) == pytest.approx(0.5, abs=0.03)
    assert measuring.apgr(gains, gains) == pytest.approx(0.9, abs=0.02)


def test_the_promise_of_quality_holds_in_nearly_all_worlds() -> None:
    chance = np.random.default_rng(5)
    kept = 0
    for _ in range(200):
        hard = chance.random(3000)
        weak = (chance.random(3000) > hard * 0.8).astype(float)
        strong = (chance.random(3000) < 0.9).astype(float)
        found = measuring.promised_threshold(hard[:600], weak[:600], strong[:600], 0.95, 0.95)
        assert found is not None
        mixed = np.where(hard >= found, strong, weak)[600:]
        kept += mixed.mean() >= 0.95 * strong[600:].mean() - 0.01

    assert kept >= 190


def test_isotonic_steps_only_rise() -> None:
    raw, gain = measuring.isotonic(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))

    assert list(gain) == sorted(gain)
    assert len(raw) == len(gain) == 3


def test_the_logistic_fit_finds_what_made_the_data() -> None:
    chance = np.random.default_rng(2)
    rows = chance.normal(size=(20_000, 2))
    targets = (chance.random(20_000) < sigmoid(rows @ np.array([2.0, -1.0]) + 0.5)).astype(float)

    weights, bias = fit_logistic(rows, targets, penalty=1e-3)

    assert [*weights, bias] == pytest.approx([2.0, -1.0, 0.5], abs=0.1)


def test_the_shape_of_any_text_is_plain_numbers() -> None:
    for text in ("", "?", "a" * 10_000, "def f(x):\n  return x + 1", "\ud800"):
        assert shape(text).shape == (len(SHAPE),)
        assert np.isfinite(shape(text)).all()


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream, fresh_home: FreshHome) -> AsyncIterator[Gateway]:
    async with running_gateway(fresh_home(tmp_path / "home"), upstream) as gateway:
        yield gateway


def outcomes(rows: Sequence[Sample]) -> list[Outcome]:
    both = [(Outcome(row.text, "gpt-4o-mini", row.weak), Outcome(row.text, STRONG, row.strong)) for row in rows]
    return [outcome for pair in both for outcome in pair]


@dataclass
class Asked:
    """The order in which the strategy would ask, and what it noted."""

    models: list[str]
    notes: dict[str, object]


async def asked(gateway: Gateway, text: str, models: Sequence[str] = (WEAK, STRONG, "local/extractive")) -> Asked:
    catalogue, work = gateway.runtime.part(Catalogue), gateway.work
    strategy = Learned(Plan(tuple(map(Target, models)), "learned", {"router": "r"}), gateway.runtime)
    candidates = [
        Candidate(Target(name), catalogue.route(work.project_id, name), HealthBook().of(None, name)) for name in models
    ]
    question = Question(work, ChatRequest("alias", [Message("user", text)]), Envelope(), 10)
    ranked = await strategy.rank(question, candidates)
    return Asked([one.route.id for one in ranked], dict(question.notes))


async def test_from_outcomes_to_choices(gateway: Gateway) -> None:
    made = await routers.create(gateway.work, "r", weak=WEAK, strong="gpt-4o", keep=0.85, confidence=0.9)
    before = await asked(gateway, "anything")
    await routers.add_outcomes(gateway.work, "r", outcomes(samples(600, learnable=True)))
    await routers.add_outcomes(gateway.work, "r", outcomes(samples(10, learnable=True)))

    card = await routers.train_router(gateway.work, "r")

    assert (made.state, made.strong) == ("untrained", STRONG)
    assert before.models == [WEAK, STRONG, "local/extractive"]
    assert (card.state, card.outcomes, card.pairs) == ("on", 1200, 600)
    hard, easy = [await asked(gateway, one.text) for one in samples(600, learnable=True)[:2]]
    assert hard.models == [STRONG, WEAK, "local/extractive"]
    assert easy.models == [WEAK, STRONG, "local/extractive"]
    assert easy.notes["quarterdeck.route.router_says"] == "predicted"
    await aliases.put(gateway.work, "smart", Plan((Target(WEAK), Target(STRONG)), "learned", {"router": "r"}))
    for one in samples(600, learnable=True)[:2]:
        body = {"model": "smart", "messages": [{"role": "user", "content": one.text}]}
        reply = await gateway.http().post("/v1/chat/completions", json=body)
        assert reply.headers["x-quarterdeck-model"] == (STRONG if one.text.startswith(HARD) else WEAK)
    alone = await asked(gateway, f"{HARD} cat dog lamp road bridge sea house 7?", (WEAK, "local/extractive"))
    assert alone.models == [WEAK, "local/extractive"]
    assert (await routers.predict(gateway.work, "r", f"{HARD} cat dog lamp road bridge sea house 7?")).target == STRONG


async def test_a_router_that_is_off_keeps_to_the_strong_model(gateway: Gateway) -> None:
    await routers.create(gateway.work, "r", weak=WEAK, strong=STRONG, keep=0.95, confidence=0.95)
    await routers.add_outcomes(gateway.work, "r", outcomes(samples(400, learnable=False)))

    card = await routers.train_router(gateway.work, "r")

    assert card.state == "off"
    assert (await asked(gateway, f"{EASY} cat dog lamp road bridge sea house 7?")).models[0] == STRONG


async def test_what_makes_no_sense_is_refused_with_a_reason(gateway: Gateway) -> None:
    work = gateway.work
    await routers.create(work, "r", weak=WEAK, strong=STRONG, keep=0.95, confidence=0.95)

    with pytest.raises(Conflict):
        await routers.create(work, "r", weak=WEAK, strong=STRONG, keep=0.95, confidence=0.95)
    with pytest.raises(InvalidInput, match="same model"):
        await routers.create(work, "same", weak=WEAK, strong="gpt-4o-mini", keep=0.95, confidence=0.95)
    with pytest.raises(InvalidInput, match="`keep` is 2"):
        await routers.create(work, "much", weak=WEAK, strong=STRONG, keep=2, confidence=0.95)
    with pytest.raises(InvalidInput, match="chooses between"):
        await routers.add_outcomes(work, "r", [Outcome("a", "local/extractive", 1.0)])
    with pytest.raises(InvalidInput, match="it takes 300"):
        await routers.train_router(work, "r")
    with pytest.raises(InvalidInput, match=r"needs `options\.router`"):
        Learned(Plan((Target(WEAK),), "learned"), gateway.runtime)
    await routers.remove(work, "r")
    with pytest.raises(NotFound, match="There is none yet"):
        await routers.get(work, "r")
