"""Keys from the service behind the page: asked for on a click only, held to the receipt's model, bounded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect
from tests.browser.site import Site
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import Files

pytestmark = [pytest.mark.native, pytest.mark.slow]

ASK = "Ask this site for the key"


@pytest.fixture
def answered(site: Site) -> dict[str, bytes]:
    """What the site answers beside its pages."""
    return site.answers


def path_of(model: str) -> str:
    return f"/v1/models/{model}/verifying-key"


def test_a_key_is_fetched_when_it_is_asked_for_and_not_before(
    verifier: VerifierPage, files: Files, site: Site, answered: dict[str, bytes]
) -> None:
    path = path_of(files.models["ipa"])
    answered[path] = files.key("ipa").read_bytes()
    site.asked.clear()
    assert verifier.verify(files.receipt("ipa"), None) == "Not verified"
    assert [asked for asked in site.asked if asked.startswith("/v1/")] == []
    verifier.page.get_by_role("button", name=ASK).click()
    expect(verifier.page.get_by_role("heading", name="Proved", exact=True)).to_be_visible()
    assert [asked for asked in site.asked if asked.startswith("/v1/")] == [path]


def test_a_receipt_that_is_chosen_meanwhile_does_not_call_the_question_off(
    verifier: VerifierPage, files: Files, answered: dict[str, bytes]
) -> None:
    answered[path_of(files.models["ipa"])] = files.key("ipa").read_bytes()
    held: list[Route] = []
    verifier.page.route("**/v1/models/**", lambda route: held.append(route))
    verifier.verify(files.receipt("ipa"), None)
    with verifier.page.expect_request("**/v1/models/**"):
        verifier.page.get_by_role("button", name=ASK).click()
    assert verifier.verify(files.receipt("ipa"), None) == "Not verified"
    (route,) = held
    route.continue_()
    expect(verifier.page.get_by_role("heading", name="Proved", exact=True)).to_be_visible()


def test_the_key_of_another_model_does_not_pass(
    verifier: VerifierPage, files: Files, answered: dict[str, bytes]
) -> None:
    answered[path_of(files.models["ipa"])] = files.key("other").read_bytes()
    verifier.verify(files.receipt("ipa"), None)
    verifier.page.get_by_role("button", name=ASK).click()
    expect(verifier.page.get_by_role("heading", name="Rejected", exact=True)).to_be_visible()


def test_a_site_without_the_key_says_so(watched: Callable[..., Watched], site: Site, files: Files) -> None:
    page = watched(site.url)
    page.expected.append("404")
    verifier = VerifierPage(page.page)
    verifier.verify(files.receipt("ipa"), None)
    verifier.page.get_by_role("button", name=ASK).click()
    expect(verifier.page.locator("#lookup")).to_contain_text("This site has no key of this model")


def test_a_registry_is_linked_where_one_is_named(watched: Callable[..., Watched], site: Site, files: Files) -> None:
    page = watched(site.url).page
    meta = page.locator("meta[name=zkseal-registry]")
    meta.evaluate("m => { m.content = 'https://explorer.example/models/{model}'; m.dataset.name = 'Sepolia' }")
    VerifierPage(page).verify(files.receipt("ipa"), files.key("ipa"))
    link = page.get_by_role("link", name="Look it up in Sepolia")
    expect(link).to_have_attribute("href", f"https://explorer.example/models/0x{files.models['ipa']}")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
