"""From documents to an app that answers from them: the shortest way through the four stages, told in one piece.

discover: take the documents in → distill: an index, a prompt, a model → deploy: a release, live → deliver: traces follow
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.core.hashing import sha256
from quarterdeck.orchestration import apps
from quarterdeck.orchestration.records import AppDetail
from quarterdeck.retrieval import ingestion
from quarterdeck.retrieval.records import FileReply, IndexVersion, ManifestFile
from quarterdeck.runtime.work import Work


@dataclass(frozen=True)
class Shipped:
    """An app that is live, the index it answers from, and the files that could not be read."""

    app: AppDetail
    index: IndexVersion
    refused: list[FileReply]


async def ship(
    work: Work,
    files: Mapping[str, bytes],
    *,
    app: str,
    knowledge: str,
    description: str = "",
    model: str = apps.DEFAULT_MODEL,
    suggested_questions: Sequence[str] = (),
) -> Shipped:
    """Make an app answer from these files, by path. An app that is there already follows to the new version by itself.

    It may be cut off anywhere and repeated: what is here is not read again, and nothing becomes live half.
    """
    refused = await _take_in(work, knowledge, files)
    index = await ingestion.publish(work, knowledge)
    await apps.ensure(
        work,
        app,
        description=description,
        knowledge=knowledge,
        model=model,
        suggested_questions=suggested_questions,
    )
    return Shipped(app=await apps.get(work, app), index=index, refused=refused)


async def _take_in(work: Work, knowledge: str, files: Mapping[str, bytes]) -> list[FileReply]:
    offered = [ManifestFile(path, sha256(content), len(content)) for path, content in files.items()]
    reply = await ingestion.want(work, knowledge, offered)
    replies = [await ingestion.stage_file(work, knowledge, path, files[path]) for path in reply.wanted]
    return [one for one in replies if one.status == "refused"]
