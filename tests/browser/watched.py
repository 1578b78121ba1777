"""A page in a browser context of its own, and everything that it does and must not do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

LOCAL_SCHEMES = {"blob", "data", "file"}
REPORT = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`));
"""


@dataclass
class Watched:
    """Faults are requests to another origin, violations of the content security policy, and errors of programs.

    Attributes:
        expected: texts that may stand in an error of the console, such as a status that a test provokes.
        requests: every URL that was asked for.
    """

    context: BrowserContext
    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @staticmethod
    def open(browser: Browser, url: str, theme: str, **options: Any) -> Watched:
        context = browser.new_context(color_scheme=theme, **options)  # type: ignore[arg-type]
        context.add_init_script(REPORT)
        page = context.new_page()
        watched = Watched(context, page, _origin(url))
        context.on("request", watched._request)
        page.on("console", watched._console)
        page.on("pageerror", lambda error: watched.faults.append(f"error: {error}"))
        page.goto(url)
        return watched

    def close(self) -> None:
        self.context.close()

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        scheme = urlsplit(request.url).scheme
        if scheme not in LOCAL_SCHEMES and _origin(request.url) != self.origin:
            self.faults.append(f"request to {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in self.expected):
            self.faults.append(f"console: {message.text}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
