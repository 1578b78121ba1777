"""axe finds nothing serious in any state of any page, light and dark, wide and narrow; motion can be reduced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from tests.browser.site import ROOT, Site
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import Files

pytestmark = [pytest.mark.native, pytest.mark.slow]

AXE = ROOT / "web" / "app" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
OUT = ROOT / "out" / "web"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def faults(page: Page) -> list[str]:
    """Serious and critical findings by axe's rules for WCAG 2.2 AA and its own best practice."""
    if not page.evaluate("'axe' in window"):
        # Through the debugger: the page's policy would not let it in.
        page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:120]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def photograph(page: Page, name: str, theme: str) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUT / f"{name}-{theme}.png", full_page=True)


def nothing(verifier: VerifierPage, files: Files, folder: Path) -> None:
    expect(verifier.page.get_by_text("What you need, and what you get")).to_be_visible()


def proved(verifier: VerifierPage, files: Files, folder: Path) -> None:
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    verifier.page.get_by_text("This result as JSON").click()


def unverified(verifier: VerifierPage, files: Files, folder: Path) -> None:
    verifier.verify(files.receipt("kzg"), None)


def rejected(verifier: VerifierPage, files: Files, folder: Path) -> None:
    verifier.verify(files.receipt("ipa"), files.key("other"))


def development(verifier: VerifierPage, files: Files, folder: Path) -> None:
    verifier.policy("Development")
    verifier.verify(files.receipt("both"), files.key("ipa"))
    verifier.page.locator(".checks summary").click()


def mistaken(verifier: VerifierPage, files: Files, folder: Path) -> None:
    """Errors beside their fields, a refused file, and a result that is old."""
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    verifier.page.get_by_label("Context: what the receipt has to be for").select_option(label="Hexadecimal")
    verifier.page.locator("#context-value").fill("xyz")
    verifier.page.get_by_label("Model id that you trust").fill("12")
    verifier.page.get_by_role("button", name="Verify", exact=True).click()
    (folder / "none.zkv").write_text("nothing")
    verifier.page.get_by_label("Choose a key").set_input_files(folder / "none.zkv")
    expect(verifier.page.locator("#key-state [data-state=failed]")).to_be_visible()


STATES = (nothing, proved, unverified, rejected, development, mistaken)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_serious_in_the_verifier(
    watched: Callable[..., Watched],
    site: Site,
    files: Files,
    tmp_path: Path,
    state: Callable[[VerifierPage, Files, Path], None],
) -> None:
    page = watched(site.url).page
    state(VerifierPage(page), files, tmp_path)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        photograph(page, f"verifier-{state.__name__}", theme)
        assert faults(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert faults(page) == []
    # Nothing is cut off on a narrow screen.
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_axe_does_find_faults(watched: Callable[..., Watched], site: Site) -> None:
    page = watched(site.url).page
    page.evaluate("document.querySelector('label[for=expected-model]').remove()")
    assert any(fault.startswith("label (critical)") for fault in faults(page))


def test_the_theme_is_the_systems_until_one_is_chosen_and_then_kept(
    watched: Callable[..., Watched], site: Site
) -> None:
    page = watched(site.url, "dark").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Light theme").click()
    light = page.evaluate(ground)
    page.reload()
    assert light != dark
    assert page.evaluate(ground) == light
    assert page.evaluate("JSON.stringify({...localStorage})") == '{"zkseal-theme":"light"}'


def test_motion_is_reduced_where_it_is_asked_for(watched: Callable[..., Watched], site: Site) -> None:
    page = watched(site.url, reduced_motion="reduce").page
    page.locator("#result").evaluate("e => { e.innerText = ''; e.append(document.createElement('i')) }")
    page.locator("#result i").evaluate("e => { e.className = 'spinner' }")
    assert page.locator(".spinner").evaluate("e => getComputedStyle(e).animationName") == "none"
