"""What is written of the service is what it does: the OpenAPI document, the guide's tables and settings."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.http.served import Served
from tests.service.http.test_scopes import ROUTES

from zkseal import errors
from zkseal.service.operating import summary
from zkseal.service.operating_schemas import OperatorSummary
from zkseal.service.problems import status_of
from zkseal.service.settings import Settings, load_settings

pytestmark = pytest.mark.native

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "service.md").read_text()


def test_the_document_is_openapi_3_1_and_names_every_scope(unworked: Served) -> None:
    with unworked.http("") as http:
        document = http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    operations = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {(method, path): operation["x-scope"] for (method, path), operation in operations.items()} == {
        (method, path): scope or "public" for method, path, scope in ROUTES
    }
    for operation in operations.values():
        assert operation["summary"]
        assert "default" in operation["responses"]
        assert bool(operation["security"]) == (operation["x-scope"] != "public")


def test_the_guide_lists_every_route() -> None:
    table = GUIDE.partition("| path | | scope |")[2].partition("Inputs are nested lists")[0]
    for method, path, scope in ROUTES:
        short = path.replace("{model_id}", "{id}").replace("{job_id}", "{id}")
        last = short.rpartition("/")[2]
        rows = [row for row in table.splitlines() if f"`{method} " in row or f", `/{last}`" in row]
        rows = [row for row in rows if short in row or f"`/{last}`" in row]
        assert rows, (method, short)
        assert any((scope or "public") in row for row in rows), (method, short, scope)


def test_the_settings_of_the_guide_are_those_that_are_left_out(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"^```toml\n(\[storage\].*?)^```", GUIDE.partition("## Settings")[2], re.MULTILINE | re.DOTALL
    )[:1]
    path = tmp_path / "service.toml"
    path.write_text(text)
    assert asdict(load_settings(path, {})) | {"folder": None} == asdict(Settings()) | {"folder": None}
    tables = {name: sorted(table) for name, table in asdict(Settings()).items() if name != "folder"}
    assert {name: sorted(table) for name, table in tomllib.loads(text).items()} == tables


def test_the_example_of_the_guide_is_a_summary(unworked: Served) -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    document = json.loads(text)
    assert set(document) == set(OperatorSummary.model_fields)
    now = summary(unworked.service.vault.database) | {"verifications": unworked.service.verification_counts()}
    OperatorSummary.model_validate(now)
    assert len(now["throughput"]) == 60
    for name, value in document.items():
        inner = OperatorSummary.model_fields[name].annotation
        if isinstance(value, dict) and hasattr(inner, "model_fields"):
            assert set(value) == set(inner.model_fields), name


def test_the_client_of_the_guide_runs(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    given = {"api_key": served.api_key, "model_id": served.keys.model_id, "x": SAMPLES[:1]}
    exec(compile(code.replace("http://127.0.0.1:8710", served.url), "service.md", "exec"), given)
    assert given["statement"].context == b"visit 12"
    assert "succeeded" in capsys.readouterr().out


def test_every_error_has_a_status() -> None:
    statuses = {cls.code: status_of(cls("x")) for cls in errors.error_classes()}
    assert set(statuses.values()) <= {400, 401, 403, 404, 409, 422, 429, 500, 503, 507}
    assert statuses["ProofRejected"] == statuses["RangeExceeded"] == statuses["WrongLength"] == 422
    assert (statuses["ApiKeyRejected"], statuses["StorageUnavailable"], statuses["OutOfDisk"]) == (401, 503, 507)
