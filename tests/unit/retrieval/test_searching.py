"""Searching: by words, by meaning and by both, on what has vectors and what does not yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from quarterdeck.core.errors import InvalidInput, NotFound, Unavailable
from quarterdeck.gateway.embedder import Embedder, NoEmbedder, Vectors
from quarterdeck.retrieval import embedding_job, full_text, ingestion, library, searching
from quarterdeck.retrieval.indexes import Indexes
from quarterdeck.retrieval.records import SearchMode
from quarterdeck.retrieval.store import term_splitter
from quarterdeck.runtime.work import Work
from tests.unit.retrieval.conftest import Embedded

MODES: tuple[SearchMode, ...] = ("text", "vector", "fused")
HANDBOOK = {
    "leave.md": "# Annual leave\n\nEveryone has 25 days of paid holiday. Unused days lapse on 31 March.",
    "sick.md": "# Sick leave\n\nIf you are ill, call your manager before nine. From the fourth day on, bring a note.",
    "expenses.md": "# Expenses\n\nKeep your receipts. Taxis are refunded when no bus runs. Ask before you spend money.",
    "remote.md": "# Remote work\n\nYou may do your job from another country for up to thirty days in a year.",
    "bonus.md": "# Bonus\n\nThe yearly bonus is paid with the April salary if the margin is above 7 %.",
}


async def publish(work: Work, files: dict[str, str] = HANDBOOK) -> None:
    for path, text in files.items():
        await ingestion.stage_file(work, "handbook", path, text.encode())
    await ingestion.publish(work, "handbook")


async def first(work: Work, query: str, mode: SearchMode = "fused") -> str:
    return (await searching.search(work, "handbook", query, mode=mode)).hits[0].path


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("refunds for taxi rides", "expenses.md"),
        ("Which MANAGER do I call?", "sick.md"),
        ("is the bonus paid in april", "bonus.md"),
        ("holidays", "leave.md"),
    ],
)
async def test_words_are_found_whatever_their_form(work: Work, query: str, path: str) -> None:
    await publish(work)

    assert await first(work, query, "text") == path


@pytest.mark.parametrize(
    ("query", "path"),
    [("I have the flu, whom should I tell?", "sick.md"), ("working abroad from the beach", "remote.md")],
)
async def test_meaning_is_found_without_a_common_word(work: Work, embedded: Embedded, query: str, path: str) -> None:
    await publish(work)
    await embedded("handbook")

    assert await first(work, query, "vector") == path
    assert await first(work, query, "fused") == path


async def test_a_hit_says_where_it_stands_and_why_it_was_found(work: Work, embedded: Embedded) -> None:
    await publish(work)
    await embedded("handbook")

    result = await searching.search(work, "handbook", "when do unused holidays lapse?", limit=2)

    hit = result.hits[0]
    assert (result.mode, result.query, len(result.hits)) == ("fused", "when do unused holidays lapse?", 2)
    assert result.took_ms > 0
    assert (hit.path, hit.title, hit.heading_path, hit.line_start) == ("leave.md", "Annual leave", [], 3)
    assert (hit.text_rank, hit.vector_rank) == (1, 1)
    assert hit.similarity is not None
    assert hit.similarity > 0.4
    assert result.hits[0].score >= result.hits[1].score


@pytest.mark.parametrize(
    "query",
    [
        'AND OR NOT NEAR("a b", 3) * ^ " \' ; -- : {} []',
        "the of and",
        "???",
        "SELECT * FROM chunks; DROP TABLE chunks",
        "leave*",
        "-leave",
        "half a pair \ud83d",
        "日本語の質問",
        "x" * 100_000,
        "word " * 5_000,
        "a\0b",
    ],
)
async def test_no_question_breaks_the_search(work: Work, embedded: Embedded, query: str) -> None:
    await publish(work)

    for mode in MODES:
        result = await searching.search(work, "handbook", query, mode=mode)
        assert len(result.hits) <= 8


@pytest.mark.parametrize("query", ["", "   ", "\n"])
async def test_an_empty_question_is_refused(work: Work, query: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await searching.search(work, "handbook", query)

    assert refusal.value.param == "q"


async def test_words_that_every_text_has_count_only_when_there_are_no_others() -> None:
    terms = term_splitter.Terms()

    assert full_text.query_terms("When is the bonus paid?", terms) == ["bonu", "paid"]
    assert full_text.query_terms("to be or not to be", terms) == ["to", "be", "or", "not"]
    terms.close()


async def test_what_is_not_embedded_yet_is_found_by_its_words(work: Work, embedded: Embedded) -> None:
    await publish(work)
    await embedded("handbook")
    work.runtime.install(Embedder, _Later(work.part(Embedder)))
    new = {"boat.md": "# Boats\n\nThe workboat Kittiwake carries eight people, skipper included."}

    await publish(work, HANDBOOK | new)

    result = await searching.search(work, "handbook", "how many people does the workboat carry?")
    assert result.mode == "fused"
    assert result.hits[0].path == "boat.md"
    assert (result.hits[0].text_rank, result.hits[0].vector_rank, result.hits[0].similarity) == (1, None, None)
    assert any(hit.similarity is not None for hit in result.hits[1:])


async def test_vectors_are_used_as_they_arrive(work: Work, embedded: Embedded) -> None:
    await publish(work)
    await searching.search(work, "handbook", "abroad")  # opens the index, perhaps before any vector is there

    await embedded("handbook")

    async with asyncio.timeout(10):
        while not (await searching.search(work, "handbook", "working abroad", mode="vector")).hits:
            await asyncio.sleep(0.05)
    found = await searching.search(work, "handbook", "working abroad", mode="vector", limit=5)
    assert found.hits[0].path == "remote.md"


async def test_a_complete_index_is_read_from_its_file(work: Work, embedded: Embedded) -> None:
    await publish(work)
    await embedded("handbook")
    before = await searching.search(work, "handbook", "working abroad", mode="vector")
    fresh = Indexes(work.runtime.database, work.runtime.home / "indexes")
    index = await library.index_name(work, "handbook")

    opened = await fresh.get(index, 384)

    assert isinstance(opened.vectors, np.memmap)
    assert bool(opened.embedded.all())
    work.runtime.install(Indexes, fresh)
    assert (await searching.search(work, "handbook", "working abroad", mode="vector")).hits == before.hits
    fresh.close()


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_bytes(b"half")])
async def test_a_lost_or_half_index_file_is_made_again(work: Work, embedded: Embedded, spoil: object) -> None:
    await publish(work)
    await embedded("handbook")
    before = await searching.search(work, "handbook", "working abroad", mode="vector")
    [file] = (work.runtime.home / "indexes").iterdir()

    spoil(file)  # type: ignore[operator]
    work.runtime.install(Indexes, Indexes(work.runtime.database, work.runtime.home / "indexes"))

    assert (await searching.search(work, "handbook", "working abroad", mode="vector")).hits == before.hits
    assert file.stat().st_size == 5 * 384 * 4


async def test_without_a_model_a_search_goes_by_words_alone(work: Work) -> None:
    await publish(work)

    result = await searching.search(work, "handbook", "taxis", mode="fused")

    assert (result.mode, result.hits[0].path) == ("text", "expenses.md")
    with pytest.raises(Unavailable, match="Install the model"):
        await searching.search(work, "handbook", "taxis", mode="vector")


async def test_a_version_made_without_a_model_is_searched_by_words(work: Work, embedded: Embedded) -> None:
    model = work.part(Embedder)
    work.runtime.install(Embedder, NoEmbedder("Install the model."))
    await publish(work)
    work.runtime.install(Embedder, model)

    result = await searching.search(work, "handbook", "taxis")
    with pytest.raises(Unavailable, match="Publish it again"):
        await searching.search(work, "handbook", "taxis", mode="vector")

    assert (result.mode, result.hits[0].path) == ("text", "expenses.md")
    again = await ingestion.publish(work, "handbook")
    assert (again.version, again.embedder) == (2, model.name)


async def test_a_job_for_a_model_that_is_gone_does_nothing(work: Work) -> None:
    await publish(work)
    index = await library.index(work, "handbook")

    await embedding_job.embedding_job(work.runtime)({"index_id": index.id})

    assert (await library.index(work, "handbook")).embedded == 0


async def test_unknown_names_say_what_there_is(work: Work) -> None:
    await publish(work)
    await ingestion.want(work, "empty", [])

    with pytest.raises(NotFound, match=r"is called `handbok`\. There are: `empty`, `handbook`"):
        await searching.search(work, "handbok", "leave")
    with pytest.raises(NotFound, match=r"no version yet.*quarterdeck ingest PATH --into empty"):
        await searching.search(work, "empty", "leave")
    with pytest.raises(NotFound, match="no index version `idx_x`"):
        await searching.search(work, "handbook", "leave", index_id="idx_x")


async def test_a_search_leaves_a_span_with_its_documents_and_scores(work: Work) -> None:
    await publish(work)

    with work.span("app", "app") as parent:
        result = await searching.search(work.under(parent), "handbook", "taxis", limit=3)

    span = work.trace.finished[0]
    assert (span.name, span.kind, span.parent_id, span.status) == (
        "retrieval handbook",
        "retrieval",
        parent.span_id,
        "ok",
    )
    assert span.input == "taxis"
    assert span.attributes["gen_ai.operation.name"] == "retrieval"
    assert span.attributes["gen_ai.data_source.id"] == "handbook"
    assert span.attributes["gen_ai.retrieval.query.text"] == "taxis"
    assert span.attributes["gen_ai.retrieval.documents"] == [
        {"id": hit.chunk_id, "score": hit.score} for hit in result.hits
    ]
    assert isinstance(span.output, dict)


async def test_a_failed_search_leaves_a_failed_span(work: Work) -> None:
    with pytest.raises(NotFound):
        await searching.search(work, "nothing", "taxis")

    assert work.trace.finished[0].status == "error"


async def test_a_rare_word_weighs_more_than_a_common_one(work: Work) -> None:
    files = {f"{n}.md": f"# Rule {n}\n\nThe manager decides about this and that." for n in range(20)}
    await publish(work, files | {"x.md": "# Rule x\n\nThe harbour master decides about the manager of the quay."})

    assert await first(work, "manager harbour", "text") == "x.md"


async def test_a_word_in_a_heading_weighs_more_than_one_in_the_text(work: Work) -> None:
    await publish(
        work, {"a.md": "# Notes\n\nAbout the sabbatical of others.", "b.md": "# Sabbatical\n\nAbout those notes."}
    )

    assert await first(work, "sabbatical", "text") == "b.md"


class _Later(Embedder):
    """An embedder that answers questions at once, and takes for ever over documents."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name, self.dimensions = inner.name, inner.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1 and "\n" not in texts[0]:
            return self._inner.embed(texts)
        raise Unavailable("Later.")

    def count_tokens(self, text: str) -> int:
        return self._inner.count_tokens(text)
