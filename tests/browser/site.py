"""The built pages on a plain file server below a path, as anybody could serve them; and what is asked of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "web" / "app" / "dist"
PATH = "/tools/zkseal/"


@dataclass
class Site:
    """A running server.

    Attributes:
        url: of the folder with the pages.
        asked: paths of all requests, below `url`.
        answers: bytes for further paths: what a service beside the pages would answer.
    """

    url: str
    asked: list[str] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)


class _Handler(SimpleHTTPRequestHandler):
    extensions_map: Mapping[str, str] = SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm"}

    def __init__(self, *arguments: object, site: Site, **options: object) -> None:
        self._site = site
        super().__init__(*arguments, directory=str(DIST), **options)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if not self.path.startswith(PATH):
            self.send_error(404)
            return
        self.path = "/" + self.path.removeprefix(PATH)
        self._site.asked.append(self.path)
        answer = self._site.answers.get(self.path)
        if answer is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(self.path))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        # A page that has heard enough hangs up.
        try:
            self.wfile.write(answer)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def served() -> Iterator[Site]:
    """Serves `web/app/dist` on loopback."""
    site = Site("")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site=site)) as server:
        server.daemon_threads = True
        site.url = f"http://127.0.0.1:{server.server_port}{PATH}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
