"""The verifier's page, as its users see it: by labels, headings and words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 20_000


@dataclass(frozen=True)
class VerifierPage:
    page: Page

    def choose_receipt(self, path: Path) -> None:
        self._choose("Choose a receipt", "receipt", path)

    def choose_key(self, path: Path) -> None:
        self._choose("Choose a key", "key", path)

    def verify(self, receipt: Path, key: Path | None) -> str:
        """Chooses both, as far as they are given; the word of the verdict."""
        if key is not None:
            self.choose_key(key)
        self.choose_receipt(receipt)
        return self.word()

    def policy(self, name: str) -> None:
        """Another policy, and the result under it if there was one."""
        details = self.page.locator("#policy-box")
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        self.page.get_by_label("Policy", exact=True).select_option(label=name)
        self.again()

    def again(self) -> None:
        """Verifies once more, as somebody does who has changed what is expected."""
        button = self.page.get_by_role("button", name="Verify", exact=True)
        if button.is_enabled():
            self.page.evaluate("document.querySelector('.verdict')?.setAttribute('data-old', '')")
            button.click()
            expect(self.page.locator(".verdict:not([data-old])")).to_be_visible(timeout=PATIENCE_MS)

    def word(self) -> str:
        verdict = self.verdict()
        return verdict.get_by_role("heading").inner_text()

    def verdict(self) -> Locator:
        """The card with the verdict, when it is there."""
        card = self.page.locator(".result article.verdict")
        expect(card).to_be_visible(timeout=PATIENCE_MS)
        return card

    def result(self) -> dict[str, Any]:
        """The result as JSON."""
        self.verdict()
        found: dict[str, Any] = json.loads(self.page.locator("pre.json").text_content() or "")
        return found

    def codes(self, title: str) -> Sequence[str]:
        """Of the sentences in a card."""
        card = self.page.get_by_role("region", name=title)
        return [item.get_attribute("data-code") or "" for item in card.get_by_role("listitem").all()]

    def announced(self) -> str:
        """What screen readers were told last."""
        return self.page.locator("#announcer").inner_text()

    def _choose(self, label: str, part: str, path: Path) -> None:
        self.page.evaluate(f"document.querySelector('#{part}-state').replaceChildren()")
        self.page.get_by_label(label).set_input_files(path)
        state = self.page.locator(f"#{part}-state .chosen:not([data-state=reading])")
        expect(state).to_be_visible(timeout=PATIENCE_MS)
        if state.get_attribute("data-state") == "ready" and (part == "receipt" or self._has_receipt()):
            # The result follows by itself.
            expect(self.page.locator(".result[aria-busy]")).to_have_count(0, timeout=PATIENCE_MS)

    def _has_receipt(self) -> bool:
        return self.page.locator("#receipt-state [data-state=ready]").count() == 1
