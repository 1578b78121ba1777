"""The web app: served with headers under which nothing from elsewhere and nothing inline is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.http.served import KeyFiles, Served, require_problem, serving, settings_in

from zkseal.errors import FileUnavailable
from zkseal.service.app import api
from zkseal.service.observing import ServiceLog
from zkseal.service.service import opened

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, keys: KeyFiles) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "app" / "assets").mkdir(parents=True)
    (folder / "app" / "dashboard").mkdir()
    (folder / "app" / "index.html").write_text("<p>receipts")
    (folder / "app" / "dashboard" / "index.html").write_text("<p>dashboard")
    (folder / "app" / "assets" / "main-1f2e.js").write_text("1")
    (folder / "app" / "assets" / "core-1f2e.wasm").write_bytes(b"\0asm")
    (folder / "secret.txt").write_text("not served")
    with serving(folder / "service", keys, web_app=str(folder / "app")) as found:
        yield found


def test_pages_have_a_strict_policy(web: Served) -> None:
    with web.http("") as http:
        for path, text in (("/", "receipts"), ("/dashboard/", "dashboard")):
            answer = http.get(path)
            assert text in answer.text
            policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
            assert policy["frame-ancestors"] == "'none'"
            assert not any(word in str(policy) for word in ("unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"))
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-cache"
        assert http.get("/dashboard", follow_redirects=True).text == "<p>dashboard"


def test_what_has_a_digest_in_its_name_is_kept(web: Served) -> None:
    with web.http("") as http:
        for name, kind in (("main-1f2e.js", "text/javascript"), ("core-1f2e.wasm", "application/wasm")):
            answer = http.get(f"/assets/{name}")
            assert answer.headers["content-type"].split(";")[0] == kind
            assert "immutable" in answer.headers["cache-control"]


def test_nothing_outside_the_folder_is_served(web: Served) -> None:
    with web.http("") as http:
        for path in (
            "/secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/nothing",
        ):
            require_problem(http.get(path), 404)


def test_routes_come_first(web: Served) -> None:
    with web.http() as http:
        assert http.get("/v1/models").status_code == 200
        require_problem(http.get("/v1/verifications"), 405)
        require_problem(http.patch("/v1/models"), 405)
        require_problem(http.get("/v1/nothing"), 404)
        require_problem(http.post("/"), 405)


def test_an_app_that_is_not_built_is_told_at_the_start(tmp_path: Path) -> None:
    settings, _, _ = settings_in(tmp_path / "service", web_app=str(tmp_path))
    with opened(settings, ServiceLog()) as service, pytest.raises(FileUnavailable):
        api(service)
