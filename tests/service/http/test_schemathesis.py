"""Requests drawn from the OpenAPI document: none is a fault of ours, and each answer is one that it describes.

Half of them are about a model and a job that are there. `Prefer: wait=0` is added to all: a request that waits would
wait for a worker that is not there.
"""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)
from tests.service.http.served import Served, inputs
from tests.service.http.test_scopes import ROUTES, STREAMS

from zkseal.errors import InvalidEncoding
from zkseal.receipts import cbor

pytestmark = [pytest.mark.native, pytest.mark.slow]

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]
EXAMPLES = 20


@schemathesis.serializer("application/cbor")
def cbor_bytes(context: Any, value: Any) -> bytes:
    """What is drawn for CBOR: any bytes, and the encoding of any map."""
    if isinstance(value, bytes):
        return value
    try:
        return cbor.dumps(value)
    except InvalidEncoding:
        return repr(value).encode()


@pytest.fixture(scope="module")
def schema(unworked: Served) -> Any:
    """The service's own document."""
    with unworked.http("") as http:
        return schemathesis.openapi.from_dict(http.get("/openapi.json").json())


@pytest.fixture(scope="module")
def job(unworked: Served) -> str:
    """One that has ended: the stream of its events does, too."""
    with unworked.http() as http:
        path = f"/v1/models/{unworked.keys.model_id}/inferences"
        made = http.post(path, json={"inputs": inputs()}, headers={"Prefer": "respond-async"})
        cancelled = http.post(f"{made.headers['location']}/cancellation")
        return str(cancelled.json()["id"])


@pytest.mark.parametrize(("method", "path"), [route[:2] for route in ROUTES if route[1] not in STREAMS])
def test_no_request_is_a_fault_of_ours(unworked: Served, schema: Any, job: str, method: str, path: str) -> None:
    headers = {"Authorization": f"Bearer {unworked.api_key}", "Prefer": "wait=0"}
    there = {"model_id": unworked.keys.model_id, "job_id": job}

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(case=schema[path][method].as_strategy(), known=strategies.booleans())
    def run(case: schemathesis.Case, known: bool) -> None:
        if known and method != "DELETE" and case.path_parameters:
            case.path_parameters = {name: there.get(name, value) for name, value in case.path_parameters.items()}
        response = case.call(base_url=unworked.url, headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS, headers=headers)

    run()
