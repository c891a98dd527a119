"""The nouns of batches: files, batches, and the lines of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

JOB = "run-batch"
"""The kind of the durable job that runs a batch: argument `batch_id`."""

BatchStatus = Literal[
    "validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"
]
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
Purpose = Literal["batch", "batch_output"]


@dataclass(frozen=True)
class StoredFile:
    """A file of a project; its content lies beside the database, under its hash."""

    id: str
    project_id: str
    name: str
    purpose: Purpose
    sha256: str
    size: int
    created_at: int
    """Seconds since 1970, as the API shows it."""


@dataclass(frozen=True)
class BatchError:
    """What is wrong with a batch as a whole, or with one line of its input."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


@dataclass(frozen=True)
class Batch:
    """A file of requests on its way to being a file of answers."""

    id: str
    project_id: str
    actor_id: str
    """Whose key pays: every line is a call of this key."""
    endpoint: str
    input_file_id: str
    status: BatchStatus
    created_at: int
    expires_at: int
    metadata: dict[str, str] = field(default_factory=dict)
    errors: tuple[BatchError, ...] = ()
    total: int = 0
    completed: int = 0
    failed: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    moments: dict[str, int] = field(default_factory=dict)
    """When it came to each status: `in_progress`, `completed`, …"""


@dataclass(frozen=True)
class LineResult:
    """What became of one line: the line of the output, as it will be written."""

    line: int
    ok: bool
    content: str
