"""Files of any size and kind: refused by what they are before they are read, in words; dropped ones are sorted."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.site import DIST, Site
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import Files

from zkseal.files import load_receipt

pytestmark = [pytest.mark.native, pytest.mark.slow]

HUGE = 5 << 30
SPY = """() => {
for (const name of ['arrayBuffer', 'text', 'stream']) {
  const original = Blob.prototype[name];
  Blob.prototype[name] = function () { (window.readBytes ??= []).push(this.size); return original.call(this); };
}
}"""
DROP = """async ([names, contents]) => {
  const data = new DataTransfer();
  const bytes = (text) => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  for (const [i, name] of names.entries()) data.items.add(new File([bytes(contents[i])], name));
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
  }
}"""


@pytest.mark.parametrize(("part", "most"), [("receipt", "67 MB"), ("key", "268 MB")])
def test_five_gigabytes_are_refused_unread(verifier: VerifierPage, tmp_path: Path, part: str, most: str) -> None:
    path = tmp_path / f"huge.{'zkr' if part == 'receipt' else 'zkv'}"
    with path.open("wb") as file:
        file.truncate(HUGE)
    verifier.page.evaluate(SPY)
    (verifier.choose_receipt if part == "receipt" else verifier.choose_key)(path)
    state = verifier.page.locator(f"#{part}-state")
    expect(state).to_contain_text("The file has 5.4 GB")
    expect(state).to_contain_text(f"at most {most}")
    # The first bytes alone are looked at: what kind of file it is.
    assert verifier.page.evaluate("Math.max(...window.readBytes)") <= 16


def test_a_large_file_that_is_no_receipt_does_not_stop_the_page(verifier: VerifierPage, tmp_path: Path) -> None:
    path = tmp_path / "noise.zkr"
    path.write_bytes(os.urandom(1 << 20) * 60)
    verifier.page.evaluate("setInterval(() => { window.ticks = (window.ticks ?? 0) + 1 }, 10)")
    verifier.choose_receipt(path)
    expect(verifier.page.locator("#receipt-state [data-state=failed]")).to_be_visible()
    assert verifier.page.evaluate("window.ticks") > 0


def test_a_secret_file_is_refused_with_a_warning(verifier: VerifierPage, files: Files) -> None:
    verifier.page.evaluate(SPY)
    verifier.choose_key(files.folder / "model.zkp")
    state = verifier.page.locator("#key-state")
    expect(state).to_contain_text("proving key (.zkp): it holds secrets")
    expect(state).to_contain_text("Never give it to others")
    assert verifier.page.evaluate("Math.max(...window.readBytes)") <= 16


@pytest.mark.parametrize(("content", "words"), [(b"", "The file is empty."), (b"hello", "Get the file again")])
def test_what_is_no_receipt_is_said_in_words(
    verifier: VerifierPage, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "some.zkr"
    path.write_bytes(content)
    verifier.choose_receipt(path)
    expect(verifier.page.locator("#receipt-state")).to_contain_text(words)
    assert words in verifier.announced()


def test_a_key_in_the_place_of_a_receipt_is_named(verifier: VerifierPage, files: Files) -> None:
    verifier.choose_receipt(files.key("ipa"))
    expect(verifier.page.locator("#receipt-state")).to_contain_text("a receipt is needed")


def test_dropped_files_find_their_places(verifier: VerifierPage, files: Files) -> None:
    # Names say nothing here, and the key comes first.
    paths = [files.key("ipa"), files.receipt("ipa")]
    contents = [base64.b64encode(path.read_bytes()).decode() for path in paths]
    verifier.page.evaluate(DROP, [["a.bin", "b.bin"], contents])
    expect(verifier.page.get_by_role("heading", name="Proved", exact=True)).to_be_visible()


def test_a_file_that_was_removed_can_be_taken_back(verifier: VerifierPage, files: Files) -> None:
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    verifier.page.get_by_role("button", name="Remove ipa.zkv").click()
    expect(verifier.page.get_by_role("heading", name="Not verified")).to_be_visible()
    verifier.page.get_by_role("button", name="Remove ipa.zkr").click()
    expect(verifier.page.get_by_text("What you need, and what you get")).to_be_visible()
    expect(verifier.page.get_by_role("button", name="Verify", exact=True)).to_be_disabled()


def test_a_bare_receipt_without_its_container_is_read(verifier: VerifierPage, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "receipt.cbor"
    path.write_bytes(load_receipt(files.receipt("kzg")).to_cbor())
    assert verifier.verify(path, files.key("kzg")) == "Proved"


SLOW = b"""addEventListener('message', ({data}) => {
  for (const end = Date.now() + 1000; data.asked.kind === 'read' && Date.now() < end;);
});
"""
HANG = b"""addEventListener('message', ({data}) => {
  if (data.asked.kind === 'verify' && data.asked.expectation.context === null) for (;;);
});
"""


def test_a_key_that_takes_long_to_read_leaves_no_word_of_work_behind(
    watched: Callable[..., Watched], site: Site, files: Files
) -> None:
    [worker] = (DIST / "assets").glob("worker-*.js")
    path = f"/assets/{worker.name}"
    site.answers[path] = SLOW + worker.read_bytes()
    verifier = VerifierPage(watched(site.url).page)
    verifier.page.get_by_label("Choose a key").set_input_files(files.key("ipa"))
    expect(verifier.page.get_by_text("this page stays usable")).to_be_visible()
    expect(verifier.page.get_by_role("button", name="Stop")).to_be_visible()
    expect(verifier.page.locator("#key-state [data-state=ready]")).to_be_visible()
    expect(verifier.page.get_by_text("What you need, and what you get")).to_be_visible()
    expect(verifier.page.get_by_role("button", name="Stop")).to_be_hidden()


def test_a_verification_that_takes_long_is_stopped_and_files_are_kept(
    watched: Callable[..., Watched], site: Site, files: Files
) -> None:
    [worker] = (DIST / "assets").glob("worker-*.js")
    path = f"/assets/{worker.name}"
    site.answers[path] = HANG + worker.read_bytes()
    verifier = VerifierPage(watched(site.url).page)
    page = verifier.page
    page.get_by_label("Choose a key").set_input_files(files.key("ipa"))
    expect(page.locator("#key-state [data-state=ready]")).to_be_visible()
    page.get_by_label("Choose a receipt").set_input_files(files.receipt("ipa"))
    # The worker is busy for ever; the page is not.
    expect(page.get_by_text("this page stays usable")).to_be_visible()
    page.get_by_label("Context: what the receipt has to be for").select_option(label="Text")
    page.get_by_label("Context, exactly").fill("visit 12")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert verifier.announced() == "Stopped."
    verifier.again()
    assert verifier.word() == "Proved"
