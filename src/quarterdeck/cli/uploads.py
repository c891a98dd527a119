"""Sends files to a knowledge base: asks which are wanted, sends those several at a time, publishes a version.

Every step may be repeated: the server keeps what it has, so that an ingestion cut off anywhere goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from urllib.parse import quote

from quarterdeck.cli.client import Client, Json
from quarterdeck.cli.exits import Unreachable
from quarterdeck.cli.files import File, Fingerprint, fingerprint
from quarterdeck.core.errors import NotAllowed, QuarterdeckError, Unauthenticated

_IN_FLIGHT = 4
_MANIFEST_FILES = 1000
_MOST_PATH_CHARACTERS = 500


@dataclass(frozen=True)
class Refusal:
    """A file that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Upload:
    """What became of one file."""

    path: str
    refusal: Refusal | None = None
    unchanged: bool = False


def send(server: Client, knowledge: str, files: Sequence[File], report: Callable[[Upload], None]) -> None:
    """Bring files to the server; `report` hears of each one as it is done."""
    readable: dict[str, File] = {}
    prints: list[Fingerprint] = []
    for file in files:
        if not _can_be_named(file.path):
            shown = file.path.encode(errors="backslashreplace").decode()
            reason = "Its name is too long, or has characters that cannot be stored. Rename it."
            report(Upload(shown, Refusal(shown, reason)))
            continue
        try:
            prints.append(fingerprint(file))
            readable[file.path] = file
        except OSError as error:
            report(Upload(file.path, _unreadable(file, error)))
    for batch in _batches(prints):
        wanted = _wanted(server, knowledge, batch)
        for print_ in batch:
            if print_.path not in wanted:
                report(Upload(print_.path, unchanged=True))
        _send_all(server, knowledge, [readable[path] for path in wanted], report)


def publish(server: Client, knowledge: str, paths: Sequence[str], *, prune: bool) -> Json:
    """Make a new index version of what is stored; with `prune`, of these files alone."""
    return server.post(f"{_base(knowledge)}/versions", {"paths": list(paths), "prune": prune})


def _wanted(server: Client, knowledge: str, batch: Sequence[Fingerprint]) -> list[str]:
    files = [{"path": p.path, "sha256": p.sha256, "size": p.size} for p in batch]
    return list(server.post(f"{_base(knowledge)}/manifests", {"files": files})["wanted"])


def _send_all(server: Client, knowledge: str, files: Sequence[File], report: Callable[[Upload], None]) -> None:
    with ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="upload") as threads:
        sent: list[Future[Upload]] = [threads.submit(_send_one, server, knowledge, file) for file in files]
        try:
            for future in as_completed(sent):
                report(future.result())
        except BaseException:
            threads.shutdown(cancel_futures=True, wait=False)
            server.cut_off()  # nobody waits for uploads that a silent network holds
            raise


def _send_one(server: Client, knowledge: str, file: File) -> Upload:
    try:
        content = file.location.read_bytes()
    except OSError as error:
        return Upload(file.path, _unreadable(file, error))
    try:
        answer = server.upload(f"{_base(knowledge)}/files", content, path=file.path)
    except (Unreachable, Unauthenticated, NotAllowed):
        raise
    except QuarterdeckError as error:
        if error.status >= 500:
            raise
        return Upload(file.path, Refusal(file.path, error.message))
    if answer["status"] == "refused":
        return Upload(file.path, Refusal(file.path, answer["reason"]))
    return Upload(file.path, unchanged=answer["status"] == "unchanged")


def _can_be_named(path: str) -> bool:
    """Whether the server takes the path: text, without control characters and backslashes, and not endless."""
    odd = any(c < " " or c in "\\\x7f" or "\ud800" <= c <= "\udfff" for c in path)
    return not odd and len(path) <= _MOST_PATH_CHARACTERS


def _unreadable(file: File, error: OSError) -> Refusal:
    return Refusal(file.path, f"{error.strerror or error}. Check the permissions of `{file.location}`.")


def _base(knowledge: str) -> str:
    return f"/api/v1/knowledge/{quote(knowledge, safe='')}"


def _batches(prints: Sequence[Fingerprint]) -> Iterator[Sequence[Fingerprint]]:
    for start in range(0, len(prints), _MANIFEST_FILES):
        yield prints[start : start + _MANIFEST_FILES]
