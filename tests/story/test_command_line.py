"""A team's first day, told through the command line: the demo answers, shows its traces, and measures itself."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.relay import relay
from tests.server_process import ServerProcess
from tests.terminal import command, in_terminal

pytestmark = pytest.mark.story

Run = Callable[..., "subprocess.CompletedProcess[str]"]
QUESTION = "How many days of paid annual leave do I get?"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """`quarterdeck up --demo`, when its handbook is read and embedded."""
    server = ServerProcess(tmp_path_factory.mktemp("demo") / "home", arguments=("--demo",)).start()
    wait_until(lambda: is_loaded(server), "the demo is loaded")
    yield server
    server.stop()


@pytest.fixture
def quarterdeck(demo: ServerProcess) -> Run:
    """Runs a command in a process of its own."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments), env=demo.environment(), input=stdin, capture_output=True, text=True, timeout=120
        )

    return run


def test_the_handbook_answers_with_its_source(quarterdeck: Run) -> None:
    asked = quarterdeck("ask", "policy-bot", QUESTION)

    assert asked.returncode == 0, asked.stderr
    answer, sources = asked.stdout.split("\n[", 1)
    assert "25 days" in answer
    assert "[1]" in answer
    assert sources.split("\t")[:2] == ["1]", "time-off/annual-leave.md"]
    assert "trace " in asked.stderr


def test_what_the_handbook_does_not_say_is_declined(quarterdeck: Run) -> None:
    asked = json.loads(quarterdeck("ask", "policy-bot", "May I bring my dog to the office?", "--json").stdout)

    assert asked["declined"] is True
    assert asked["citations"] == []


def test_an_answer_is_found_again_as_a_trace_with_what_it_took(quarterdeck: Run) -> None:
    asked = json.loads(quarterdeck("ask", "policy-bot", QUESTION, "--no-cache", "--json").stdout)

    newest = quarterdeck("traces", "--app", "policy-bot", "-n", "1").stdout.split("\t")
    opened = json.loads(quarterdeck("trace", "last", "--json").stdout)

    assert newest[0] == opened["trace"]["trace_id"] == asked["trace_id"]
    assert opened["trace"]["release_id"] == asked["release_id"]
    assert {"app", "retrieval", "prompt", "llm"} <= {span["kind"] for span in opened["spans"]}
    assert asked["input_tokens"] > 0


def test_a_repeated_question_comes_from_the_cache(quarterdeck: Run) -> None:
    first = json.loads(quarterdeck("ask", "policy-bot", "How old may my laptop be?", "--json").stdout)
    second = json.loads(quarterdeck("ask", "policy-bot", "How old may my laptop be?", "--json").stdout)

    assert (first["cached"], second["cached"]) == (False, True)
    assert second["answer"] == first["answer"]


def test_the_same_release_answers_the_same_when_it_is_replayed(quarterdeck: Run) -> None:
    asked = json.loads(quarterdeck("ask", "policy-bot", QUESTION, "--no-cache", "--json").stdout)

    replayed = quarterdeck("replay", asked["trace_id"], "--check")

    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout.strip() == asked["answer"].strip()
    assert "The same answer" in replayed.stderr


def test_the_demo_measures_itself_in_three_lines(quarterdeck: Run) -> None:
    lines = [line.split("\t") for line in quarterdeck("demo", "report", "-n", "10").stdout.splitlines()]
    whole = json.loads(quarterdeck("demo", "report", "-n", "10", "--json").stdout)

    assert [name for name, _ in lines] == ["Answers", "Tokens", "First token"]
    assert len(whole["cases"]) == whole["grounded"]["of"] + whole["declined"]["of"] == 10
    assert whole["grounded"]["right"] + whole["declined"]["right"] >= 6
    assert whole["times_fewer_tokens"] > 5
    assert 0 < whole["cached_ms"]["p50"] < whole["cold_ms"]["p50"]


def test_a_folder_becomes_an_app_in_one_command(quarterdeck: Run, demo: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "boats.md").write_text("# Boats\n\nThe harbour office rents out 14 rowing boats on weekdays.\n")

    ingested = quarterdeck("ingest", str(tmp_path), "--into", "boats", "--app", "boat-bot", "--wait")
    asked = quarterdeck("ask", "boat-bot", "How many rowing boats does the harbour office rent out?")
    apps = quarterdeck("apps").stdout
    again = quarterdeck("ingest", str(tmp_path), "--into", "boats", "--app", "boat-bot", "--wait")

    assert ingested.returncode == 0, ingested.stderr
    assert "14 rowing boats" in asked.stdout
    assert {line.split("\t")[0] for line in apps.splitlines()} == {"boat-bot", "policy-bot"}
    assert again.returncode == 0, again.stderr
    with demo.client() as client:  # nothing has changed, so nothing was put live again
        assert len(client.get("/api/v1/apps/boat-bot/deployments").json()["items"]) == 1


def test_new_documents_are_a_new_release_and_the_old_one_can_be_put_back(quarterdeck: Run, tmp_path: Path) -> None:
    page = tmp_path / "lamps.md"
    page.write_text("# Lamps\n\nThe lighthouse has a lamp of 500 watts.\n")
    quarterdeck("ingest", str(tmp_path), "--into", "lamps", "--app", "lamp-bot", "--wait")
    page.write_text("# Lamps\n\nThe lighthouse has a lamp of 900 watts.\n")
    quarterdeck("ingest", str(tmp_path), "--into", "lamps", "--app", "lamp-bot", "--wait")
    newer = quarterdeck("ask", "lamp-bot", "How strong is the lamp of the lighthouse?")
    releases = json.loads(quarterdeck("apps", "releases", "lamp-bot", "--json").stdout)["items"]
    older = next(release["id"] for release in releases if not release["live"])

    back = quarterdeck("apps", "deploy", "lamp-bot", older, "--reason", "The old lamp is back.")

    assert "900 watts" in newer.stdout
    assert back.returncode == 0, back.stderr
    assert "500 watts" in quarterdeck("ask", "lamp-bot", "How strong is the lamp of the lighthouse?").stdout


def test_the_doctor_finds_a_healthy_house(quarterdeck: Run) -> None:
    examined = quarterdeck("doctor", "--json")

    report = json.loads(examined.stdout)
    ledger = next(check for check in report["checks"] if check["name"] == "ledger")
    assert examined.returncode == 0, examined.stdout
    assert ledger["status"] == "ok"


def test_an_interrupted_ingestion_goes_on_where_it_was(quarterdeck: Run, demo: ServerProcess, tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}.md").write_text(f"# Page {number}\n\nThis page is number {number} of the book.\n")
    arguments = command("ingest", str(tmp_path), "--into", "interrupted")
    with relay(demo.url, most_uploads=40) as slow:
        there = {"QUARTERDECK_URL": slow.url, "QUARTERDECK_API_KEY": demo.admin_key}
        begun = subprocess.Popen(
            arguments, env=demo.environment() | there, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert slow.hangs.wait(60)
        begun.send_signal(signal.SIGINT)
        _, said = begun.communicate(timeout=30)

    again = json.loads(quarterdeck("ingest", str(tmp_path), "--into", "interrupted", "--json").stdout)

    assert begun.returncode == 130, said
    assert b"Traceback" not in said
    assert again["version"]["documents"] == 100
    assert again["unchanged"] >= 30


def test_in_a_terminal_an_answer_is_wrapped_and_its_sources_are_drawn(demo: ServerProcess) -> None:
    code, shown = in_terminal("ask", "policy-bot", QUESTION, environment=demo.environment(), columns=60)

    assert code == 0, shown
    assert "time-off/annual-leave.md" in shown
    assert max(len(line) for line in shown.splitlines() if "\x1b" not in line) <= 60


def is_loaded(server: ServerProcess) -> bool:
    with server.client() as client:
        app, handbook = client.get("/api/v1/apps/policy-bot"), client.get("/api/v1/knowledge/handbook")
    return app.is_success and handbook.json()["chunks"] == handbook.json()["embedded"] > 0


def wait_until(condition: Callable[[], bool], what: str, *, patience_s: float = 90) -> None:
    gives_up = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < gives_up, f"Waited in vain until {what}."
        time.sleep(0.02)
