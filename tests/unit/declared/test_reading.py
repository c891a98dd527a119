"""A configuration file is read strictly, and each of its mistakes is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.declared import document, reading, references, yaml_text
from quarterdeck.declared.yaml_text import WrongFile

REPOSITORY = Path(__file__).parents[3]


def told(text: str, **variables: str) -> list[str]:
    with pytest.raises(WrongFile) as caught:
        reading.read_text(text, "q.yaml", variables, Path())
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tems: {}", "q.yaml:1:1: `tems` is no key. Did you mean `teams`?"),
        (
            "routes:\n  a:\n    targets: [{model: x/y, wieght: 1}]",
            "q.yaml:3:28: `wieght` is no key of `routes.a.targets.0`. Did you mean `weight`?",
        ),
        (
            "projects:\n  shop:\n    limits: {a: {metrc: cost, metric: cost, amount: 1}}",
            "q.yaml:3:18: `metrc` is no key of `projects.shop.limits.a`. Did you mean `metric`?",
        ),
        ("limits:\n  month: {amount: 5}", "q.yaml:2:3: `limits.month` needs `metric`."),
        ("teams: {a: {}}\nteams: {b: {}}", "q.yaml:2:1: `teams` stands here a second time; the first is in line 1."),
        ("teams: [", "q.yaml:1:9: This is no YAML: expected the node content, but found '<stream end>'."),
        ("- a", "q.yaml:1:1: A configuration is a mapping: `providers:`, `routes:` …"),
        (
            "teams: {a: {description: '${evn:X}'}}",
            "q.yaml:1:13: `${evn:X}` is no reference. Did you mean `${env:X}`? Write `$${` for a plain `${`.",
        ),
        (
            "teams: {a: {description: '${env:GONE}'}}",
            "q.yaml:1:13: The variable `GONE` is not set. Set it, or write `${env:GONE:-a default}`.",
        ),
        (
            "providers: {a: {kind: openai, api_key: sk-in-clear}}",
            "q.yaml:1:31: `api_key` is a credential and must not stand in the file. Write `${env:NAME}`, `${file:PATH}` or "
            "`${secret:NAME}`.",
        ),
        ("version: 2", "q.yaml:1:1: `version`: Input should be 1."),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_meant(text: str, message: str) -> None:
    assert told(text) == [message]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    lines = told("tems: {}\nlimits:\n  a: {metric: cost, amount: -1}\nkeys: {k: {scopes: [all]}}")

    assert [line.split(":")[1] for line in lines] == ["1", "3", "4"]


def test_plain_words_of_yaml_11_are_texts() -> None:
    text = yaml_text.read("[on, yes, no, 2026-11-21, 0o17, 1_000, 12:30, 1e3, .5, true, ~, '1']", "q.yaml")

    assert text.value == ["on", "yes", "no", "2026-11-21", "0o17", "1_000", "12:30", 1000.0, 0.5, True, None, "1"]


def test_references_are_looked_up_and_what_they_say_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("Costs ${env:NOT_MINE} and $${x}\n")
    text = """
prompts:
  a: {template: "${file:prompt.txt}"}
  b: {template: "${env:WORD:-none} ${env:SET} $${env:X} ${secret:later}"}
"""

    found = reading.read_text(text, "q.yaml", {"SET": "${secret:stolen}"}, tmp_path)

    assert references.resolve(found.prompts["a"].template, {}) == "Costs ${env:NOT_MINE} and $${x}"
    resolved = references.resolve(found.prompts["b"].template, {"later": "$${kept}", "stolen": "!"})
    assert resolved == "none ${secret:stolen} ${env:X} $${kept}"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match=r"`gone.txt` cannot be read"):
        reading.read_text("teams: {a: {description: '${file:gone.txt}'}}", "q.yaml", {}, tmp_path)
    with pytest.raises(WrongFile, match="cannot be read"):
        reading.read_file(tmp_path / "none.yaml", {})


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("abc.-_on:", min_size=1), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_what_is_written_is_read_alike(value: object) -> None:
    assert yaml_text.read(yaml_text.write(value), "q.yaml").value == value


@given(st.text("${}envfilsct:abX ", max_size=40))
def test_a_written_text_survives_its_references(text: str) -> None:
    assert references.resolve(references.expand(references.written(text), {}, Path()), {}) == text


def test_the_shipped_schema_is_that_of_the_model() -> None:
    shipped = yaml_text.read((REPOSITORY / "src/quarterdeck/declared/quarterdeck.schema.json").read_text(), "schema")

    assert shipped.value == yaml_text.read(yaml_text.write(document.schema()), "schema").value
    assert shipped.value["additionalProperties"] is False
