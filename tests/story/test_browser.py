"""The story in a real browser: log in, ask, open the citation, open the trace. And every page fit for everyone."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.conftest import FreshHome
from tests.fakes.in_thread import upstream_in_thread
from tests.server_process import ServerProcess

pytestmark = [pytest.mark.story, pytest.mark.browser]

QUESTION = "How many days of annual leave do I get?"
WCAG_22_AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, fresh_home: FreshHome) -> Iterator[ServerProcess]:
    """A server with the demo loaded."""
    server = ServerProcess(fresh_home(tmp_path_factory.mktemp("browser") / "home"), arguments=("--demo",)).start()
    with server.client() as client:
        _until_answering(client)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def house_models(demo: ServerProcess) -> Iterator[ServerProcess]:
    """The same server with a provider, `house`, that nobody knows the prices of."""
    with upstream_in_thread() as upstream, demo.client() as client:
        added = {
            "name": "house",
            "kind": "openai-compatible",
            "base_url": upstream.openai_url,
            "models": ["small", "big"],
        }
        client.post("/api/v1/providers", json=added).raise_for_status()
        yield demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("QUARTERDECK_TEST_CHROMIUM") or shutil.which("chromium")
    assert chromium, "The browser tests need Chromium: `bash scripts/install_browser.sh` installs it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, demo: ServerProcess) -> Iterator[Page]:
    """A page that is logged in. At the end: nothing was asked of another host, and nothing went wrong in the console."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=demo.url)
    page = context.new_page()
    elsewhere: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(demo.url) else None)
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(_login_link(demo))
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    yield page

    context.close()
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []
    assert wrong == []


def test_a_visitor_without_a_session_is_asked_to_log_in(browser: Browser, demo: ServerProcess) -> None:
    page = browser.new_page(base_url=demo.url)

    page.goto("/traces")

    expect(page).to_have_url(re.compile("/login"))
    expect(page.get_by_role("textbox", name="Password")).to_be_visible()
    page.close()


def test_an_answer_leads_to_its_passage_and_to_its_trace(page: Page) -> None:
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("textbox", name="Ask policy-bot").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("paragraph").filter(has_text="25 days")).to_be_visible()

    page.get_by_role("button", name=re.compile(r"^Source \d: Annual leave")).first.click()
    expect(page.get_by_text("time-off/annual-leave.md").first).to_be_visible()

    page.get_by_role("link", name="Trace", exact=True).click()
    expect(page).to_have_url(re.compile("/traces/[0-9a-f]{32}"))
    rows = page.get_by_role("treegrid").get_by_role("row")
    expect(rows.filter(has_text="retrieval handbook")).to_have_count(1)
    expect(rows.filter(has_text=re.compile("^.*chat .*extractive", re.DOTALL))).not_to_have_count(0)
    expect(page.get_by_text(QUESTION).first).to_be_visible()


def test_a_question_the_documents_do_not_answer_is_declined_and_said_so(page: Page) -> None:
    page.goto("/ask")

    page.get_by_role("textbox", name="Ask policy-bot").fill("Who won the chess world championship in 1972?")
    page.keyboard.press("Enter")

    expect(page.get_by_role("paragraph").filter(has_text="Declined: no passage answers this")).to_be_visible()


def test_a_trace_is_found_and_opened_by_keyboard_alone(page: Page) -> None:
    _ask(page, QUESTION)
    page.goto("/traces")
    expect(page.get_by_text(QUESTION).first).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/traces/[0-9a-f]{32}|peek="))


def test_a_key_is_shown_once_and_works(page: Page, demo: ServerProcess) -> None:
    page.goto("/keys")
    page.get_by_role("button", name="Create a key").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("browser story")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Create")).click()

    shown = page.get_by_text(re.compile(r"sk-qd-[0-9a-z]{40}")).first
    expect(shown).to_be_visible()
    secret = re.search(r"sk-qd-[0-9a-z]{40}", shown.inner_text() or "")

    assert secret is not None
    with demo.client(secret[0]) as client:
        assert client.get("/v1/models").status_code == 200


@pytest.mark.usefixtures("house_models")
def test_an_alias_is_created_called_and_shown_with_its_health(page: Page) -> None:
    page.goto("/gateway/routes")
    page.get_by_role("button", name="Create an alias").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("quick")
    _choose(
        page,
        form.get_by_role("combobox", name="Model 1", exact=True).or_(
            form.get_by_role("textbox", name="Model 1", exact=True)
        ),
        "house/small",
    )
    form.get_by_role("button", name="Add a model").click()
    _choose(
        page,
        form.get_by_role("combobox", name="Model 2", exact=True).or_(
            form.get_by_role("textbox", name="Model 2", exact=True)
        ),
        "house/big",
    )
    form.get_by_role("button", name="Create", exact=True).click()
    expect(form).to_be_hidden()

    page.get_by_role("button", name="Try quick").click()
    page.get_by_role("button", name="Call it").click()

    expect(page.get_by_text("Paris is the capital.")).to_be_visible()
    first = page.get_by_role("list", name="Models behind quick").get_by_role("listitem").first
    expect(first).to_contain_text("house/small")
    expect(first).to_contain_text("healthy")
    expect(first).to_contain_text("1 call")


def test_a_limit_is_set_and_refuses(page: Page, house_models: ServerProcess) -> None:
    page.goto("/usage/limits")
    page.get_by_role("button", name="Set a limit").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("one-call")
    form.get_by_role("combobox", name="For").click()
    page.get_by_role("option", name="model", exact=True).click()
    _choose(
        page,
        form.get_by_role("combobox", name="Which", exact=True).or_(
            form.get_by_role("textbox", name="Which", exact=True)
        ),
        "house/big",
    )
    form.get_by_label("At most", exact=True).fill("1")
    form.get_by_role("combobox", name="Of", exact=True).click()
    page.get_by_role("option", name="requests", exact=True).click()
    form.get_by_role("button", name="Set it").click()
    expect(form).to_be_hidden()

    asked = {"model": "house/big", "messages": [{"role": "user", "content": "Where am I?"}]}
    with house_models.client() as client:
        statuses = [
            client.post("/v1/chat/completions", json=asked, headers={"cache-control": "no-store"}).status_code
            for _ in range(2)
        ]

    assert statuses == [200, 429]
    expect(page.get_by_text("reached: refuses")).to_be_visible()
    page.get_by_role("button", name="Delete one-call").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Delete one-call")).to_be_hidden()


def test_a_model_without_a_price_gets_one_and_the_past_is_paid(page: Page, house_models: ServerProcess) -> None:
    asked = {"model": "house/small", "messages": [{"role": "user", "content": "What does this cost?"}]}
    with house_models.client() as client:
        trace_id = client.post("/v1/chat/completions", json=asked).headers["x-quarterdeck-trace-id"]
    page.goto("/usage/prices")

    page.get_by_role("button", name="Set the price of house/small").click()
    page.get_by_role("dialog").get_by_label("Input", exact=True).fill("2")
    page.get_by_role("dialog").get_by_label("Output", exact=True).fill("6")
    page.get_by_role("dialog").get_by_role("button", name="Set the price").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_text("done", exact=True).first).to_be_visible()
    with house_models.client() as client:
        # 20 tokens of input and 10 of output.
        assert client.get(f"/api/v1/traces/{trace_id}").json()["trace"]["cost_usd"] == pytest.approx(100e-6)


@pytest.mark.usefixtures("house_models")
def test_two_models_answer_side_by_side(page: Page) -> None:
    page.goto("/playground?models=house/small,house/big")
    page.get_by_label("Question", exact=True).fill("What is the capital of France?")
    page.get_by_role("button", name="Run").click()

    one, other = (page.get_by_role("region", name=f"Column {n}", exact=True) for n in (1, 2))
    for column in (one, other):
        expect(column).to_contain_text("Paris is the capital.")
        expect(column).to_contain_text("20 → 10")
    expect(page).to_have_url(re.compile("ask=What"))
    one.get_by_role("link", name="Trace").click()
    expect(page).to_have_url(re.compile("/traces/[0-9a-f]{32}"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ask",
        "/traces",
        "/knowledge",
        "/knowledge/handbook",
        "/playground",
        "/gateway/routes",
        "/gateway/models",
        "/gateway/providers",
        "/gateway/guardrails",
        "/gateway/caches",
        "/gateway/tools",
        "/usage/spend",
        "/usage/limits",
        "/usage/prices",
        "/keys",
        "/settings/appearance",
        "trace",
        "/login",
    ],
)
def test_every_page_passes_wcag_22_aa(page: Page, path: str, scheme: str, tmp_path: Path) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    if path == "trace":
        _ask(page, QUESTION)
        page.get_by_role("link", name="Trace", exact=True).click()
    else:
        page.goto(path)
    page.wait_for_load_state("networkidle")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)

    found = Axe().run(page, options=WCAG_22_AA)

    assert found.violations_count == 0, found.generate_report()


def _choose(page: Page, field: Locator, name: str) -> None:
    """Type into a field that offers names, and take the one that it offers."""
    field.fill(name)
    page.get_by_role("option", name=name, exact=True).click()


def _ask(page: Page, question: str) -> None:
    page.goto("/ask")
    page.get_by_role("textbox", name="Ask policy-bot").fill(question)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Trace", exact=True)).to_be_visible()


def _login_link(server: ServerProcess) -> str:
    with server.client() as client:
        token: str = client.post("/api/v1/login-links").json()["token"]
    return f"/login?token={token}"


def _until_answering(client: httpx.Client) -> None:
    """The demo is loaded in the background."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(app["name"] == "policy-bot" for app in client.get("/api/v1/apps").json()["items"]):
            return
        time.sleep(0.1)
    raise AssertionError("the demo was not loaded")
