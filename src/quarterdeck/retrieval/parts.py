"""The parts of retrieval, made and installed by the wiring: after the embedder and the jobs, before the jobs open."""

from __future__ import annotations

from quarterdeck.jobs.jobs import Jobs
from quarterdeck.retrieval.embedding_job import KIND, embedding_job
from quarterdeck.retrieval.indexes import Indexes
from quarterdeck.runtime.runtime import Runtime


def install_retrieval(runtime: Runtime) -> Indexes:
    """Install `Indexes` (to be closed at the end) and register the job; once jobs are open, `resume` what was cut off."""
    runtime.part(Jobs).register(KIND, embedding_job(runtime))
    return runtime.install(Indexes, Indexes(runtime.database, runtime.home / "indexes"))
