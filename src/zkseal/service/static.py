"""The web app, where it is built: files of one folder; nothing from elsewhere is run, and nothing inline."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from zkseal.errors import FileUnavailable
from zkseal.service.settings import Settings

__all__ = ["POLICY", "static_files"]

POLICY = "; ".join(
    (
        "default-src 'none'",
        # WebAssembly is compiled, not evaluated: the verifier of the page.
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_LASTING = "public, max-age=31536000, immutable"
_FRESH = "no-cache"


class _Files(StaticFiles):
    """Files with their headers. What has a digest in its name never changes."""

    def file_response(self, full_path: str, *arguments: object, **options: object) -> Response:  # type: ignore[override]
        response = super().file_response(full_path, *arguments, **options)  # type: ignore[arg-type]
        lasting = Path(full_path).parent.name == "assets"
        response.headers["cache-control"] = _LASTING if lasting else _FRESH
        response.headers["content-security-policy"] = POLICY
        response.headers["cross-origin-opener-policy"] = "same-origin"
        return response


class _Pages:
    """`/dashboard` is the page `dashboard.html` or `dashboard/index.html`, as people type it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, _Files(directory=folder, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].strip("/")
        if name.isalnum() and (self._folder / f"{name}.html").is_file():
            scope = {**scope, "path": f"/{name}.html"}
        await self._files(scope, receive, send)


def static_files(app: FastAPI, settings: Settings) -> None:
    """Serves the web app at `/`, behind all routes. Raises `FileUnavailable`: the folder is none, or not built."""
    if not settings.http.web_app:
        return
    folder = settings.path(settings.http.web_app)
    if not (folder / "index.html").is_file():
        raise FileUnavailable(
            f"There is no web app in '{folder}'. Build it (make web), or leave web_app of [http] empty.",
            path=str(folder),
            reason="no index.html",
        )
    # Behind all routes, and not a route itself: a wrong method of a route stays 405.
    app.router.default = _Pages(folder)
