"""What is served: small, named by digests, nothing inline, nothing from elsewhere; and the verifier in one file."""

from __future__ import annotations

import hashlib
import re
import subprocess
from base64 import b64encode
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser
from tests.browser.site import DIST, Site
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import Files

pytestmark = [pytest.mark.native, pytest.mark.slow]

MOST_BYTES = 1_000_000
SINGLE = DIST / "zkseal-verifier.html"
PAGES = (DIST / "index.html", DIST / "dashboard" / "index.html")


def test_programs_hold_apart_from_their_pages() -> None:
    """Words, levels of verdicts, event streams, what people type: in node, by `npm test`."""
    done = subprocess.run(["npm", "test", "--silent"], cwd=DIST.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:]


def test_everything_together_is_below_a_megabyte(capsys: pytest.CaptureFixture[str]) -> None:
    served = [path for path in DIST.rglob("*") if path.is_file() and path != SINGLE]
    size = sum(path.stat().st_size for path in served)
    with capsys.disabled():
        print(
            f"\n  pages, programs and modules together {size:,} bytes, one file {SINGLE.stat().st_size:,} bytes", end=""
        )
    assert size < MOST_BYTES
    assert SINGLE.stat().st_size < MOST_BYTES


def test_assets_are_named_by_their_digests() -> None:
    for path in (DIST / "assets").iterdir():
        digest = re.fullmatch(r"[\w]+-([0-9a-f]{12})\.[\w.]+", path.name)
        assert digest, path.name
        content = path.read_bytes()
        # A program may name others, so that its own name is made first; its content never changes under a name.
        assert hashlib.sha256(content).hexdigest().startswith(digest[1]), path.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_pages_have_nothing_inline_and_name_no_other_host(page: object) -> None:
    text = page.read_text()  # type: ignore[attr-defined]
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", text) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"'unsafe-(?:inline|eval)'", policy[1])


def test_what_the_single_file_runs_is_named_by_digests() -> None:
    text = SINGLE.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    run = re.findall(r"<script>(.*?)</script>", text, re.DOTALL) + re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(run) == 3
    for source in run:
        assert f"'sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}'" in policy[1]
    assert "connect-src 'none'" in policy[1]


@pytest.mark.parametrize(("name", "word"), [("ipa", "Proved"), ("kzg", "Proved"), ("sandbox", "Rejected")])
def test_the_single_file_verifies_from_a_disk(
    watched: Callable[..., Watched], files: Files, name: str, word: str
) -> None:
    page = watched(SINGLE.as_uri())
    key = files.key("ipa" if name == "sandbox" else name)
    assert VerifierPage(page.page).verify(files.receipt(name), key) == word
    assert [url for url in page.requests if not url.startswith(("file:", "blob:"))] == []
    assert [url for url in page.requests if url.startswith("file:")] == [SINGLE.as_uri()]


def test_the_pages_ask_for_their_own_files_and_for_nothing_else(
    browser: Browser, site: Site, watched: Callable[..., Watched], files: Files
) -> None:
    site.asked.clear()
    VerifierPage(watched(site.url).page).verify(files.receipt("ipa"), files.key("ipa"))
    names = {path.split("/")[-1].split("-")[0] for path in site.asked if path != "/"}
    assert names == {"style", "verifier", "theme", "worker", "zkseal_verifier", "icon"}
