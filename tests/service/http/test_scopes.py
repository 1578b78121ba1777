"""Every route asks for the scope that its description names, and for nothing less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from tests.service.http.served import KeyFiles, Served, require_problem, serving

from zkseal.service.api_keys import SCOPES
from zkseal.service.openapi import scope_of
from zkseal.service.routes import attestations, health, jobs, models, operators, receipts, verifications

pytestmark = pytest.mark.native

ROUTES = [
    (method, route.path, scope_of(route))
    for part in (health, models, jobs, receipts, verifications, attestations, operators)
    for route in part.router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
PUBLIC = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/models/{model_id}/verifying-key")}
STREAMS = {"/v1/operator/events"}


def url_of(path: str) -> str:
    """The path with names of nothing in it."""
    return re.sub(r"\{[a-z_]+\}", "0" * 64, path)


def test_what_is_public_is_listed() -> None:
    assert {(method, path) for method, path, scope in ROUTES if scope is None} == PUBLIC
    assert {scope for _, _, scope in ROUTES if scope} == set(SCOPES)


@pytest.mark.parametrize(("method", "path", "scope"), [route for route in ROUTES if route[2]])
def test_a_route_asks_for_its_scope(served: Served, method: str, path: str, scope: str) -> None:
    url = url_of(path)
    with served.http("") as nobody:
        answer = nobody.request(method, url)
        require_problem(answer, 401, "ApiKeyRejected")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    with served.http(served.key(set(SCOPES) - {scope})) as all_others:
        document = require_problem(all_others.request(method, url), 403, "ScopeMissing")
        assert document["fields"] == {"scope": scope}
    with served.http(served.key({scope})) as just_this, just_this.stream(method, url) as answer:
        assert answer.status_code not in (401, 403)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer zks_x", "Basic enM6eA==", "Bearer zks_aaaaaaaaaaaaa_" + "a" * 52, "zks_a_b"],
)
def test_what_is_no_key_is_refused_alike(served: Served, header: str) -> None:
    with served.http("", Authorization=header) as client:
        document = require_problem(client.get("/v1/models"), 401, "ApiKeyRejected")
        assert document["fields"] == {}
        assert len(header) < 8 or header[-10:] not in document["detail"]


def test_a_key_of_a_known_id_with_another_secret_is_refused(served: Served) -> None:
    prefix, key_id, secret = served.key().split("_")
    with served.http("_".join((prefix, key_id, secret[::-1]))) as client:
        require_problem(client.get("/v1/models"), 401, "ApiKeyRejected")


def test_a_key_in_a_url_is_no_key(served: Served) -> None:
    with served.http("") as client:
        for name in ("api_key", "access_token", "key"):
            require_problem(client.get("/v1/models", params={name: served.api_key}), 401)


def test_a_verifying_key_that_takes_an_api_key_is_kept_by_no_proxy(tmp_path: Path, keys: KeyFiles) -> None:
    with serving(tmp_path / "service", keys, public_verifying_keys=False) as served:
        path = f"/v1/models/{served.keys.model_id}/verifying-key"
        with served.http("") as nobody, served.http(served.other_tenant("strangers")) as stranger:
            require_problem(nobody.get(path), 401, "ApiKeyRejected")
            require_problem(stranger.get(path), 404, "NotFound")
        with served.http() as http:
            assert "public" not in http.get(path).headers["cache-control"].split(", ")


def test_nothing_of_another_tenant_is_there(served: Served) -> None:
    """Names that exist, asked for by somebody else, are as unknown as names that do not."""
    mine, model_id = served.http(), served.keys.model_id
    job = mine.post(f"/v1/models/{model_id}/inferences", json={"inputs": {"x": [[0.0] * 6]}}).json()["job"]
    paths = [
        f"/v1/models/{model_id}",
        f"/v1/jobs/{job['id']}",
        f"/v1/jobs/{job['id']}/events",
        f"/v1/jobs/{job['id']}/opening",
        f"/v1/jobs/{job['id']}/outputs",
        f"/v1/receipts/{job['receipt_digest']}",
    ]
    with served.http(served.other_tenant("strangers")) as other:
        for path in paths:
            require_problem(other.get(path), 404, "NotFound")
            assert mine.get(path).status_code == 200
        require_problem(other.delete(f"/v1/jobs/{job['id']}"), 404)
        require_problem(other.post(f"/v1/models/{model_id}/inferences", json={"inputs": {"x": [[0.0] * 6]}}), 404)
        assert other.get("/v1/jobs").json() == {"jobs": []}
        assert other.get("/v1/models").json() == {"models": []}
    mine.close()
