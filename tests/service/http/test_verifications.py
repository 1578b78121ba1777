"""Receipts of anybody, verified over HTTP; more than can be done in time is refused."""

from __future__ import annotations

import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.service.http.served import CONTEXT, GENEROUS, KeyFiles, Served, require_problem, serving

import zkseal
from zkseal.files import load_verifying_key
from zkseal.receipts import Receipt, cbor
from zkseal.segments import setup_segments, split
from zkseal.segments.split_test import deep_graph

pytestmark = pytest.mark.native

CBOR = {"Content-Type": "application/cbor"}


def as_json(receipt: Receipt, **more: Any) -> dict[str, Any]:
    coded = {"receipt": base64.b64encode(receipt.to_cbor()).decode(), "context": base64.b64encode(CONTEXT).decode()}
    return coded | more


def test_json_and_cbor_get_the_same_answer(served: Served, receipt: Receipt) -> None:
    with served.http() as http:
        one = http.post("/v1/verifications", json=as_json(receipt))
        other = http.post(
            "/v1/verifications", content=cbor.dumps({"receipt": receipt.to_cbor(), "context": CONTEXT}), headers=CBOR
        )
    assert one.status_code == other.status_code == 200
    assert one.json() == other.json()
    key = load_verifying_key(served.keys.verifying)
    proved = zkseal.verify(receipt, key, context=CONTEXT)
    document = one.json()
    assert document["outputs"] == {"y": proved.outputs["y"].tolist()}
    assert document["input_commitments"] == [commitment.hex() for commitment in proved.input_commitments]
    assert (document["model_id"], document["context"]) == (key.model_id.hex(), CONTEXT.hex())
    assert document["appraisal"] is None


def test_who_brings_the_key_needs_no_model(served: Served, receipt: Receipt) -> None:
    key = base64.b64encode(load_verifying_key(served.keys.verifying).data).decode()
    with served.http(served.other_tenant("bring keys")) as http:
        require_problem(http.post("/v1/verifications", json=as_json(receipt)), 404, "NotFound")
        assert http.post("/v1/verifications", json=as_json(receipt, verifying_key=key)).status_code == 200
        # A key that the service has seen is still of no use to somebody who does not bring it.
        require_problem(http.post("/v1/verifications", json=as_json(receipt)), 404, "NotFound")


def test_a_policy_says_all_that_was_checked(served: Served, receipt: Receipt) -> None:
    with served.http() as http:
        names = [policy["name"] for policy in http.get("/v1/policies").json()["policies"]]
        assert "zk" in names
        found = http.post("/v1/verifications", json=as_json(receipt, policy="zk")).json()
        assert found["appraisal"]["assurance"] == "proof"
        require_problem(http.post("/v1/verifications", json=as_json(receipt, policy="tee")), 422)
        require_problem(http.post("/v1/verifications", json=as_json(receipt, policy="nothing")), 404, "NotFound")


def test_a_receipt_in_segments_is_verified_under_its_key(served: Served) -> None:
    samples = np.random.default_rng(13).normal(size=(20, 4)).astype(np.float32)
    key, verifying = setup_segments(split(zkseal.compile(deep_graph(3), samples), 3))
    receipt = zkseal.prove(key, samples[:1], context=CONTEXT).receipt
    coded = base64.b64encode(verifying.data).decode()
    with served.http() as http:
        found = http.post("/v1/verifications", json=as_json(receipt, verifying_key=coded))
        assert (found.status_code, found.json()["model_id"]) == (200, verifying.model_id.hex())
        require_problem(http.post("/v1/verifications", json=as_json(receipt, verifying_key=coded[4:])), 422)


def tampered(receipt: Receipt) -> Receipt:
    """With one bit of the proof changed."""
    proof = bytearray(receipt.proof)
    proof[len(proof) // 2] ^= 1
    return replace(receipt, evidence=(replace(receipt.zk, proof=bytes(proof)),))


def test_a_receipt_that_proves_nothing_is_a_problem_with_its_code(served: Served, receipt: Receipt) -> None:
    refused: list[tuple[dict[str, Any], str | None]] = [
        (as_json(receipt) | {"context": ""}, "WrongContext"),
        (as_json(receipt, model_id="00" * 32), "WrongModel"),
        (as_json(tampered(receipt)), None),
        (as_json(receipt) | {"receipt": base64.b64encode(receipt.to_cbor()[:-1]).decode()}, "WrongLength"),
        (as_json(receipt, verifying_key=base64.b64encode(b"zkseal").decode()), None),
    ]
    with served.http() as http:
        for document, code in refused:
            found = require_problem(http.post("/v1/verifications", json=document), 422, code)
            assert found["code"] is not None


def test_what_is_no_request_is_told_so(served: Served, receipt: Receipt) -> None:
    whole = {"receipt": receipt.to_cbor(), "context": CONTEXT}
    bodies = [b"", b"\xff", cbor.dumps([]), cbor.dumps(whole | {"more": 1}), cbor.dumps({"receipt": b""}), b"\xbf\xff"]
    with served.http() as http:
        for body in bodies:
            require_problem(http.post("/v1/verifications", content=body, headers=CBOR), 400, "InvalidEncoding")
        for document in ({}, {"receipt": "?"}, as_json(receipt, insecure_srs="yes"), as_json(receipt, model_id="AA")):
            require_problem(http.post("/v1/verifications", json=document), 400, "InvalidEncoding")


def test_a_receipt_of_many_parts_is_refused_before_they_are_read(served: Served) -> None:
    many = b"\xa3" + b"\x9a" + (1 << 20).to_bytes(4, "big") + b"\x00" * (1 << 20)
    with served.http() as http:
        body = cbor.dumps({"receipt": many, "context": b""})
        assert http.post("/v1/verifications", content=body, headers=CBOR).status_code == 422
        listed = b"\x9a" + (1 << 20).to_bytes(4, "big") + b"\x00" * (1 << 20)
        body = cbor.dumps({"receipt": listed, "context": b""})
        require_problem(http.post("/v1/verifications", content=body, headers=CBOR), 422, "InvalidEncoding")


def test_more_than_can_be_done_in_time_is_refused(tmp_path: Path, keys: KeyFiles, receipt: Receipt) -> None:
    """The threads are held: what would have to wait is refused at once, and what has waited when its turn comes."""
    limits = replace(GENEROUS, verify_threads=2, verify_wait_ms=20)
    with serving(tmp_path / "service", keys, limits=limits) as served, served.http() as http:
        held, begun = threading.Event(), threading.Semaphore(0)
        key_of = served.service.keys.key_of

        def slowly(data: bytes) -> Any:
            begun.release()
            held.wait(30)
            return key_of(data)

        served.service.keys.key_of = slowly  # type: ignore[method-assign]
        with ThreadPoolExecutor(16) as callers:
            running = [callers.submit(http.post, "/v1/verifications", json=as_json(receipt)) for _ in range(2)]
            for _ in running:
                assert begun.acquire(timeout=10)
            others = [callers.submit(http.post, "/v1/verifications", json=as_json(receipt)) for _ in range(14)]
            # Two threads and a guess of 10 ms: four or five may wait for 20 ms. All have come, and have waited longer.
            deadline = time.monotonic() + 10
            while sum(answer.done() for answer in others) + served.service.verifiers.open < 14 + 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert sum(answer.done() for answer in others) >= 14 - 5
            time.sleep(0.1)
            assert not any(answer.done() for answer in running)
            held.set()
        for answer in running:
            assert answer.result().status_code == 200
        for answer in others:
            require_problem(answer.result(), 429, "RateLimited")
            assert int(answer.result().headers["retry-after"]) >= 1
        assert served.service.verifiers.open == 0
        counted = http.get("/v1/operator/summary").json()["verifications"]
        assert (counted["proved"], counted["refused"]) == (2, 14)
