"""Chromium with the built pages. Every page is watched: no request elsewhere, no violated policy, no error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.browser.site import DIST, Site, served
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import Files, made

CHROMIUM = Path(__file__).resolve().parents[2] / ".venv-debian" / "browser" / "bin" / "chromium"
ARGUMENTS = ["--font-render-hinting=none", *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """Browser and pages are there, or whoever runs the tests has not asked for them (make test-browser)."""
    missing = [str(path) for path in (CHROMIUM, DIST / "index.html") if not path.exists()]
    if missing and ("CI" not in os.environ or "ZKSEAL_WITHOUT_DEBIAN" in os.environ):
        pytest.skip(f"make test-browser makes what is missing: {', '.join(missing)}")
    assert not missing, missing


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return made(tmp_path_factory.mktemp("receipts"))


@pytest.fixture(scope="session")
def server(built: None) -> Iterator[Site]:
    with served() as running:
        yield running


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    """The pages on a file server, which answers with what is built when a test is over."""
    yield server
    server.answers.clear()
    server.asked.clear()


# Its event loop runs as long as the driver does, and a thread runs only one: tests elsewhere have their own.
@pytest.fixture(scope="module")
def browser(built: None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens watched pages; fails at the end for anything that one of them did and must not."""
    opened: list[Watched] = []

    def open_page(url: str, theme: str = "light", **options: object) -> Watched:
        opened.append(Watched.open(browser, url, theme, **options))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()
    assert [fault for page in opened for fault in page.faults] == []


@pytest.fixture
def verifier(watched: Callable[..., Watched], site: Site) -> VerifierPage:
    """The verifier's page, opened."""
    return VerifierPage(watched(site.url).page)
