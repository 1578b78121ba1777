"""The dashboard of a real service: keys, live numbers, tables, a service that goes and comes back."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.service import RunningService, command, key_with, process
from tests.browser.site import Site
from tests.browser.test_accessibility import THEMES, faults, photograph
from tests.browser.watched import Watched
from tests.browser.world import Files

pytestmark = [pytest.mark.native, pytest.mark.slow]

PATIENCE_MS = 60_000
PROOFS = 3
KEYS = "API key of an operator"


@pytest.fixture(scope="module")
def service(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    made = command("service", "init", tmp_path_factory.mktemp("service") / "service")
    settings = Path(made["settings"])
    operator, reader = key_with(settings, "operator"), key_with(settings, "models:read")
    with process(settings) as url:
        yield RunningService(url, settings, made["api_key"], operator, reader)


@pytest.fixture(scope="module")
def worked(service: RunningService, files: Files) -> RunningService:
    """The service after some proofs."""
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {service.all_key}"}, timeout=60) as http:
        key = (files.folder / "model.zkp").read_bytes()
        http.post("/v1/models", params={"name": "credit"}, content=key).raise_for_status()
        data = base64.b64encode(np.zeros((1, 20), "<f4").tobytes()).decode()
        body = {"inputs": {"X": {"dtype": "float32", "shape": [1, 20], "data": data}}}
        for _ in range(PROOFS):
            path = f"/v1/models/{files.models['ipa']}/inferences"
            http.post(path, json=body, headers={"Prefer": "wait=60"}).raise_for_status()
    return service


@pytest.fixture
def page(watched: Callable[..., Watched], service: RunningService) -> Page:
    return watched(f"{service.url}/dashboard").page


def enter(page: Page, key: str) -> None:
    page.get_by_label(KEYS).fill(key)
    page.get_by_role("button", name="Open the dashboard").click()


def opened(page: Page, key: str) -> None:
    enter(page, key)
    expect(page.get_by_role("heading", name="Proving service")).to_be_visible(timeout=PATIENCE_MS)


def figure(page: Page, title: str) -> str:
    return page.locator(".tile", has=page.get_by_text(title, exact=True)).locator(".figure").inner_text()


def test_the_service_serves_both_pages_and_their_policy(
    watched: Callable[..., Watched], service: RunningService
) -> None:
    for path in ("/", "/dashboard", "/dashboard/"):
        answer = httpx.get(service.url + path, follow_redirects=True)
        assert answer.status_code == 200
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert watched(service.url + path).page.get_by_role("heading", level=1).count() >= 1


def test_keys_that_do_not_open_it_are_refused_with_the_reason(
    watched: Callable[..., Watched], service: RunningService
) -> None:
    opened_page = watched(f"{service.url}/dashboard/")
    opened_page.expected += ["401", "403"]
    page = opened_page.page
    unknown = "zks_" + "a" * 13 + "_" + "b" * 52
    for key, words in (
        ("", "Enter the API key."),
        ("with a space", "This is no API key"),
        (unknown, "does not know this key"),
        (service.reader_key, "needs the scope “operator”"),
    ):
        enter(page, key)
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_label(KEYS)).to_be_focused()
        assert faults(page) == []
    photograph(page, "dashboard-refused", "light")
    opened(page, service.operator_key)


def test_numbers_are_those_of_the_service(page: Page, worked: RunningService, files: Files) -> None:
    opened(page, worked.operator_key)
    assert figure(page, "Receipts kept") == str(PROOFS)
    cost = page.get_by_role("region", name="Cost by model")
    expect(cost.first).to_contain_text("credit")
    receipts = page.get_by_role("region", name="Newest receipts").first
    expect(receipts.get_by_role("row")).to_have_count(PROOFS + 1)
    expect(receipts).to_contain_text(files.models["ipa"][:12])


def test_every_chart_has_the_same_as_a_table(page: Page, worked: RunningService) -> None:
    opened(page, worked.operator_key)
    for title in ("Queue", "Throughput", "Time by phase", "Cost by model"):
        button = page.get_by_role("button", name=f"{title} as a table")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("table", name=title)).to_be_visible()
    expect(page.get_by_role("table", name="Time by phase")).to_contain_text("opening")
    assert faults(page) == []


def test_axe_finds_nothing_serious_in_the_dashboard(page: Page, worked: RunningService) -> None:
    assert faults(page) == []
    opened(page, worked.operator_key)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        photograph(page, "dashboard", theme)
        assert faults(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator(".chart svg").first).to_be_visible()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_happens_is_seen_without_asking(page: Page, worked: RunningService) -> None:
    opened(page, worked.operator_key)
    before = int(figure(page, "Verifications"))
    with httpx.Client(base_url=worked.url, headers={"Authorization": f"Bearer {worked.all_key}"}, timeout=60) as http:
        digest = http.get("/v1/jobs", params={"limit": 1}).json()["jobs"][0]["receipt_digest"]
        receipt = http.get(f"/v1/receipts/{digest}", headers={"Accept": "application/cbor"}).content
        body = {"receipt": base64.b64encode(receipt).decode(), "context": ""}
        # A busy machine refuses what it could not do in time, and says so.
        while (answer := http.post("/v1/verifications", json=body)).status_code == 429:
            time.sleep(float(answer.headers["retry-after"]))
        answer.raise_for_status()
    tile = page.locator(".tile", has=page.get_by_text("Verifications", exact=True)).locator(".figure")
    expect(tile).to_have_text(str(before + 1), timeout=PATIENCE_MS)


def test_the_key_is_in_memory_only_and_is_forgotten(watched: Callable[..., Watched], worked: RunningService) -> None:
    opened_page = watched(f"{worked.url}/dashboard/")
    page = opened_page.page
    opened(page, worked.operator_key)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state])")
    assert worked.operator_key not in stored
    assert worked.operator_key not in page.content() + page.get_by_label(KEYS).input_value()
    assert [url for url in opened_page.requests if worked.operator_key[4:] in url] == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label(KEYS)).to_be_focused()
    opened(page, worked.operator_key)
    page.reload()
    expect(page.get_by_label(KEYS)).to_be_visible()


def test_a_service_that_comes_back_is_heard_again(watched: Callable[..., Watched], built: None, tmp_path: Path) -> None:
    made = command("service", "init", tmp_path / "service")
    settings = Path(made["settings"])
    with ExitStack() as first:
        url = first.enter_context(process(settings))
        opened_page = watched(f"{url}/dashboard/")
        opened_page.expected += ["Failed to load resource", "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED"]
        page = opened_page.page
        opened(page, made["api_key"])
        expect(page.get_by_role("status")).to_have_text("Live")
    expect(page.locator("#status")).to_contain_text("Next try in", timeout=PATIENCE_MS)
    # What is said aloud does not change each second.
    expect(page.get_by_role("status")).not_to_contain_text("Next try")
    # What was there stays, and is marked as old.
    expect(page.locator("#board.old")).to_be_visible()
    with process(settings, int(url.rsplit(":", 1)[1])):
        expect(page.get_by_role("status")).to_have_text("Live", timeout=PATIENCE_MS)
        expect(page.locator("#board.old")).to_have_count(0)


NOW = 1_795_975_441_613
TROUBLED = {
    "at": NOW,
    "version": "9",
    "minutes": 60,
    "workers": [],
    "phases": [],
    "running": [],
    "storage": {},
    "queue": {"queued": 3, "running": 0, "succeeded": 1, "failed": 4, "cancelled": 2, "oldest_queued_ms": 90_000},
    "throughput": [
        {"minute": NOW - 60_000 * (2 - i), "succeeded": 1, "failed": 2 * i, "cancelled": 1} for i in range(3)
    ],
    "failures": [
        {"code": "RangeExceeded", "count": 4, "last_at": NOW},
        {"code": "WorkerLost", "count": 1, "last_at": NOW},
    ],
    "models": [
        {
            "model_id": "ab" * 32,
            "name": None,
            "tenant": None,
            "succeeded": 0,
            "failed": 5,
            "cancelled": 0,
            "busy_ms": 1200,
            "mean_ms": None,
        }
    ],
    "receipts": {"count": 0, "newest": []},
    "verifications": {"proved": 0, "rejected": 0, "refused": 0, "open": 0, "predicted_wait_ms": 0.0},
}


def test_trouble_is_shown_and_named(watched: Callable[..., Watched], site: Site) -> None:
    """What a healthy service does not have: failed and cancelled jobs, no worker, a deleted model."""
    site.answers["/v1/operator/events"] = f"event: summary\ndata: {json.dumps(TROUBLED)}\n\n".encode()
    page = watched(f"{site.url}dashboard/").page
    opened(page, "zks_any")
    expect(page.get_by_role("region", name="Failures by code").first).to_contain_text("RangeExceeded4WorkerLost1")
    expect(page.locator("#workers")).to_contain_text("No worker is there")
    expect(page.locator(".tile.bad")).to_have_count(2)
    expect(page.get_by_role("img", name="3 succeeded, 6 failed, 3 cancelled")).to_be_visible()
    page.get_by_role("button", name="Cost by model as a table").click()
    expect(page.get_by_role("table", name="Cost by model")).to_contain_text("(deleted)")
    assert faults(page) == []


def test_another_form_of_summary_is_not_shown(watched: Callable[..., Watched], site: Site) -> None:
    site.answers["/v1/operator/events"] = b'event: summary\ndata: {"at": 1}\n\n'
    page = watched(f"{site.url}dashboard/").page
    enter(page, "zks_any")
    expect(page.get_by_role("status")).to_have_text("The service is of another release than this page.")
    expect(page.get_by_role("heading", name="Proving service")).to_be_hidden()
