"""The whole page by keyboard alone: every control is reached, is seen to have the focus, and does its work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.site import Site
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import CONTEXT, Files

pytestmark = [pytest.mark.native, pytest.mark.slow]

MOST_STEPS = 60
# Files are chosen by inputs that are not seen: their labels, which look like buttons, show the focus.
FOCUS = """() => {
  const active = document.activeElement;
  const shown = active.type === 'file' ? active.nextElementSibling : active;
  const style = getComputedStyle(shown), box = shown.getBoundingClientRect();
  return {
    name: active.id || active.textContent.trim().slice(0, 40),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inView: box.bottom > 0 && box.top < innerHeight && box.width > 0,
  };
}"""


def step(page: Page, key: str = "Tab") -> str:
    """Presses a key; the name of what has the focus then, which has to be seen."""
    page.keyboard.press(key)
    focus = page.evaluate(FOCUS)
    assert (focus["outlined"], focus["inView"]) == (True, True), focus
    return str(focus["name"])


def walk(page: Page, name: str, key: str = "Tab") -> None:
    """Steps on until the control of this id or text has the focus."""
    for _ in range(MOST_STEPS):
        if step(page, key).startswith(name):
            return
    raise AssertionError(f"{name} cannot be reached")


def choose(page: Page, name: str, path: Path) -> None:
    walk(page, name)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(path)


def test_a_receipt_is_verified_by_keyboard_alone(verifier: VerifierPage, files: Files) -> None:
    page = verifier.page
    # Whoever listens first makes Chromium hand over its dialogs; that takes a moment, so it is done before any key.
    page.on("filechooser", lambda _: None)
    assert step(page) == "Skip to content"
    page.keyboard.press("Enter")
    page.wait_for_url("**/#main")
    choose(page, "receipt-file", files.receipt("ipa"))
    expect(page.locator("#receipt-state [data-state=ready]")).to_be_visible()
    choose(page, "key-file", files.key("ipa"))
    expect(page.get_by_role("heading", name="Proved", exact=True)).to_be_visible()
    walk(page, "context-kind")
    page.keyboard.type("Tex")
    step(page)
    page.keyboard.type("visit 13")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rejected", exact=True)).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.type(CONTEXT.decode()[-1])
    walk(page, "verify")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Proved", exact=True)).to_be_visible()
    walk(page, "This result as JSON")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="The result as JSON")).to_be_visible()
    walk(page, "Remove", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Not verified")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "key-file"


@pytest.mark.parametrize("path", ["", "dashboard/"])
def test_every_control_is_reached_and_none_holds_the_focus(
    watched: Callable[..., Watched], site: Site, path: str
) -> None:
    page = watched(site.url + path).page
    wanted = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter((e) => e.checkVisibility() && !e.disabled)
        .map((e) => e.id || e.textContent.trim().slice(0, 40))"""
    )
    seen: list[str] = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        seen.append(page.evaluate(FOCUS)["name"])
    assert seen == wanted
