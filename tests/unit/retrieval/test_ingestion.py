"""Putting files into a knowledge base: once each, none lost, bad ones named, and versions that never change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from quarterdeck.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from quarterdeck.core.hashing import sha256
from quarterdeck.gateway.embedder import Embedder, Vectors
from quarterdeck.jobs.dbos_jobs import DbosJobs
from quarterdeck.jobs.jobs import Jobs
from quarterdeck.retrieval import embedding_job, ingestion, library, searching
from quarterdeck.retrieval.reader import Reader, Reading, reader_for
from quarterdeck.retrieval.records import IndexPublished, ManifestFile
from quarterdeck.runtime.work import Work
from tests.unit.retrieval.conftest import Embedded

LEAVE = b"# Annual leave\n\nEveryone has 25 days.\n\n## Carrying over\n\nFive unused days lapse on 31 March of the next year.\n"
PAY = b"# Pay\n\nSalaries are paid on the 25th of each month.\n"


def offered(**files: bytes) -> list[ManifestFile]:
    return [ManifestFile(f"{name}.md", sha256(content), len(content)) for name, content in files.items()]


async def ingest(work: Work, **files: bytes) -> str:
    for name, content in files.items():
        await ingestion.stage_file(work, "handbook", f"{name}.md", content)
    return (await ingestion.publish(work, "handbook")).id


async def test_a_published_document_is_found_by_its_words_at_once(work: Work) -> None:
    await ingest(work, leave=LEAVE, pay=PAY)

    found = await searching.search(work, "handbook", "When do unused days lapse?", mode="text")

    assert found.hits[0].path == "leave.md"
    assert "lapse on 31 March" in found.hits[0].text


async def test_vectors_follow_in_the_background(work: Work, embedded: Embedded) -> None:
    await ingest(work, leave=LEAVE, pay=PAY)

    await embedded("handbook")

    found = await searching.search(work, "handbook", "vacation expiry", mode="vector")
    assert found.hits[0].path == "leave.md"


async def test_only_what_is_new_or_changed_is_wanted(work: Work) -> None:
    await ingest(work, leave=LEAVE, pay=PAY)

    reply = await ingestion.want(work, "handbook", offered(leave=LEAVE, pay=PAY + b"\nMore.\n", travel=b"Go."))

    assert (reply.wanted, reply.unchanged) == (["pay.md", "travel.md"], 1)


async def test_a_new_knowledge_base_wants_everything(work: Work) -> None:
    reply = await ingestion.want(work, "handbook", offered(leave=LEAVE))

    assert (reply.wanted, reply.unchanged) == (["leave.md"], 0)
    assert [one.name for one in (await library.all_knowledge(work)).items] == ["handbook"]


async def test_a_file_that_is_here_is_not_read_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await ingestion.stage_file(work, "handbook", "leave.md", LEAVE)

    def fail(_self: Reader, _content: bytes) -> Reading:
        raise AssertionError("read again")

    monkeypatch.setattr(type(reader_for("a.md")), "read", fail)
    again = await ingestion.stage_file(work, "handbook", "leave.md", LEAVE)

    assert (first.status, first.chunks) == ("stored", 1)
    assert (again.status, again.chunks) == ("unchanged", 1)


async def test_a_better_reader_wants_its_files_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    await ingest(work, leave=LEAVE)

    monkeypatch.setattr(type(reader_for("a.md")), "version", 99)
    reply = await ingestion.want(work, "handbook", offered(leave=LEAVE))
    stored = await ingestion.stage_file(work, "handbook", "leave.md", LEAVE)

    assert reply.wanted == ["leave.md"]
    assert stored.status == "stored"


async def test_publishing_the_same_again_is_the_same_version(work: Work) -> None:
    first = await ingest(work, leave=LEAVE, pay=PAY)

    again = await ingest(work, pay=PAY, leave=LEAVE)

    assert again == first
    assert len((await library.knowledge(work, "handbook")).versions) == 1


async def test_the_content_address_of_a_version_depends_on_its_content_alone(work: Work) -> None:
    await ingestion.stage_file(work, "one", "leave.md", LEAVE)
    await ingestion.stage_file(work, "one", "pay.md", PAY)
    await ingestion.stage_file(work, "two", "pay.md", PAY)
    await ingestion.stage_file(work, "two", "leave.md", LEAVE)

    one, two = await ingestion.publish(work, "one"), await ingestion.publish(work, "two")

    assert one.sha256 == two.sha256
    assert one.id != two.id


async def test_going_back_to_what_was_is_a_new_version_with_the_old_address(work: Work) -> None:
    await ingest(work, leave=LEAVE)
    first = await library.index(work, "handbook")
    await ingest(work, leave=LEAVE + b"\nChanged.\n")

    await ingest(work, leave=LEAVE)

    third = await library.index(work, "handbook")
    assert (first.version, third.version) == (1, 3)
    assert first.sha256 == third.sha256


async def test_an_old_version_is_searched_as_it_was(work: Work) -> None:
    old = await ingest(work, leave=LEAVE, pay=PAY)
    before = await searching.search(work, "handbook", "unused days of leave", mode="text", index_id=old)

    await ingest(work, leave=LEAVE.replace(b"31 March", b"30 June"), other=b"# Leave\n\nUnused days, days, days.\n")

    after = await searching.search(work, "handbook", "unused days of leave", mode="text", index_id=old)
    now = await searching.search(work, "handbook", "unused days of leave", mode="text")
    assert after.hits == before.hits
    assert "31 March" in after.hits[0].text
    assert "30 June" in " ".join(hit.text for hit in now.hits)
    assert "31 March" not in " ".join(hit.text for hit in now.hits)


async def test_pruning_drops_what_is_not_named(work: Work) -> None:
    await ingest(work, leave=LEAVE, pay=PAY)

    kept = await ingestion.publish(work, "handbook", paths=["pay.md"], prune=True)

    assert (kept.version, kept.documents) == (2, 1)
    assert [document.path for document in (await library.documents(work, "handbook")).items] == ["pay.md"]


async def test_without_pruning_older_files_stay(work: Work) -> None:
    await ingest(work, leave=LEAVE)
    await ingestion.stage_file(work, "handbook", "pay.md", PAY)

    both = await ingestion.publish(work, "handbook", paths=["pay.md"])

    assert both.documents == 2


async def test_everything_may_be_pruned(work: Work) -> None:
    await ingest(work, leave=LEAVE)

    empty = await ingestion.publish(work, "handbook", paths=[], prune=True)

    found = await searching.search(work, "handbook", "unused days")
    assert (empty.documents, empty.chunks, found.hits) == (0, 0, [])


async def test_pruning_needs_the_paths_that_stay(work: Work) -> None:
    with pytest.raises(InvalidInput, match="needs `paths`") as refusal:
        await ingestion.publish(work, "handbook", prune=True)

    assert refusal.value.param == "paths"


async def test_bad_files_are_named_with_the_reason_while_the_rest_goes_on(work: Work) -> None:
    broken = await ingestion.stage_file(work, "handbook", "broken.pdf", b"%PDF-1.7 cut off")
    table = await ingestion.stage_file(work, "handbook", "rates.xlsx", b"PK")
    good = await ingestion.stage_file(work, "handbook", "leave.md", LEAVE)
    version = await ingestion.publish(work, "handbook")

    details = await library.knowledge(work, "handbook")
    assert (broken.status, table.status, good.status) == ("refused", "refused", "stored")
    assert version.documents == 1
    assert [failure.path for failure in details.failures] == ["broken.pdf", "rates.xlsx"]
    assert details.failures[0].reason == broken.reason == "It is damaged, or no PDF at all."


async def test_a_refused_file_is_tried_again_and_forgiven_once_it_is_good(work: Work) -> None:
    await ingestion.stage_file(work, "handbook", "leave.md", b"caf\xe9")
    wanted = await ingestion.want(work, "handbook", [ManifestFile("leave.md", sha256(b"caf\xe9"), 4)])

    await ingest(work, leave=LEAVE)

    assert wanted.wanted == ["leave.md"]
    assert (await library.knowledge(work, "handbook")).failures == []


async def test_a_document_that_became_unreadable_leaves_the_next_version(work: Work) -> None:
    await ingest(work, leave=LEAVE, pay=PAY)

    await ingest(work, leave=b"\xff\xff\xff")

    assert [document.path for document in (await library.documents(work, "handbook")).items] == ["pay.md"]


async def test_publishing_nothing_says_so(work: Work) -> None:
    await ingestion.stage_file(work, "handbook", "broken.pdf", b"no")

    with pytest.raises(Conflict, match="nothing to publish"):
        await ingestion.publish(work, "handbook")


@pytest.mark.parametrize(
    "path",
    ["../secret.md", "a/../../b.md", "/etc/passwd.md", "", ".", "a//b.md", "a\\b.md", "a/./b.md", "a\0.md", "a\n.md",
     "x" * 501, "a/", "\ud800.md"],
)  # fmt: skip
async def test_a_path_that_leads_elsewhere_is_refused(work: Work, path: str) -> None:
    with pytest.raises(InvalidInput, match="relative path") as refusal:
        await ingestion.stage_file(work, "handbook", path, LEAVE)

    assert refusal.value.param == "path"


@pytest.mark.parametrize("name", ["", "Handbook", "a b", "../x", "x" * 64, "-x", "ünicode"])
async def test_a_strange_name_for_a_knowledge_base_is_refused(work: Work, name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await ingestion.stage_file(work, name, "leave.md", LEAVE)

    assert refusal.value.param == "name"


async def test_many_files_may_come_at_once(work: Work) -> None:
    files = {f"{number:03}.md": f"# Rule {number}\n\nThe number is {number}.\n".encode() for number in range(60)}

    replies = await asyncio.gather(
        *(ingestion.stage_file(work, "handbook", path, content) for path, content in files.items()),
        *(ingestion.stage_file(work, "handbook", path, content) for path, content in files.items()),
    )
    version = await ingestion.publish(work, "handbook")

    assert {reply.status for reply in replies} <= {"stored", "unchanged"}
    assert (version.documents, version.chunks) == (60, 60)
    found = await searching.search(work, "handbook", "rule 42", mode="text", limit=100)
    assert len({hit.chunk_id for hit in found.hits}) == len(found.hits)


async def test_the_same_text_is_embedded_once(work: Work, embedded: Embedded) -> None:
    seen = _Counting(work.part(Embedder))
    work.runtime.install(Embedder, seen)
    await ingest(work, leave=LEAVE, copy=LEAVE)
    await embedded("handbook")

    await ingest(work, pay=PAY, again=LEAVE)
    await embedded("handbook")

    assert (await library.knowledge(work, "handbook")).chunks == 4
    assert seen.texts == 2


async def test_a_job_that_was_never_noted_is_started_again(work: Work, embedded: Embedded) -> None:
    embedder = work.part(Embedder)
    work.runtime.install(Embedder, _Deaf(embedder))
    await ingest(work, leave=LEAVE)
    work.runtime.install(Embedder, embedder)

    await embedding_job.resume(work.runtime)

    await embedded("handbook")


async def test_a_version_is_announced_even_when_no_job_can_start(work: Work, embedded: Embedded) -> None:
    heard: list[IndexPublished] = []

    async def hear(published: IndexPublished) -> None:
        heard.append(published)

    class Broken(DbosJobs):
        async def start(self, kind: str, arguments: dict[str, str], *, key: str) -> str:
            raise Unavailable("The disk is full.")

    work.runtime.events.subscribe(IndexPublished, hear)
    jobs = work.runtime.part(Jobs)
    work.runtime.install(Jobs, Broken(work.runtime.home / "other.db"))

    with pytest.raises(Unavailable, match="disk is full"):
        await ingest(work, leave=LEAVE)
    work.runtime.install(Jobs, jobs)
    again = await ingestion.publish(work, "handbook")

    assert [published.index_id for published in heard] == [again.id, again.id]
    await embedded("handbook")


async def test_projects_do_not_see_each_other(work: Work) -> None:
    await ingest(work, leave=LEAVE)
    stranger = _in_another_project(work)

    with pytest.raises(NotFound, match="No knowledge base is called `handbook`"):
        await searching.search(stranger, "handbook", "unused days")
    document = (await library.documents(work, "handbook")).items[0]
    passage = (await library.document(work, "handbook", document.id)).chunks[0]
    with pytest.raises(NotFound):
        await library.chunk(stranger, passage.id)
    with pytest.raises(NotFound):
        await library.document(stranger, "handbook", document.id)


def _in_another_project(work: Work) -> Work:
    return replace(work, actor=replace(work.actor, project_id="prj_other", project_name="other"))


class _Counting(Embedder):
    """The real embedder, counting what it is given."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name, self.dimensions = inner.name, inner.dimensions
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return self._inner.embed(texts)

    def count_tokens(self, text: str) -> int:
        return self._inner.count_tokens(text)


class _Deaf(_Counting):
    """An embedder that says it is not ready, so that no job is started."""

    ready = False
