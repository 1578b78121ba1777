"""Real evidence of every vendor: the web finds what Python finds, check by check, claim by claim, word by word."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from tests.tee.rows import NONCES, PLATFORMS, ROWS, evidence_of, files_of, time_of
from tests.tee.web.node import EVIDENCE_ONLY, Node, python_of

from zkseal.errors import InvalidEncoding
from zkseal.tee import Evidence, Platform, evidence_to_cbor, pinned_roots, read_evidence
from zkseal.tee.result import digest

pytestmark = [pytest.mark.native, pytest.mark.slow]

NAMES = [f"{index}-{row['evidence']}" for index, row in enumerate(ROWS)]
PINNED = {digest(der).hex() for name, ders in vars(pinned_roots()).items() if name != "nras_jwks" for der in ders or ()}


@pytest.mark.parametrize("policy", ["evidence-only", "production", "development"])
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_the_results_are_equal(node: Node, row: dict[str, Any], policy: str) -> None:
    nonce_text = NONCES.get(row["evidence"])
    given = {"now": time_of(row), "nonce": bytes.fromhex(nonce_text) if nonce_text else None}
    evidence, document = evidence_of(row), {"extends": policy, "name": policy}
    found = node.evidence(evidence, document, **given)
    chain = found.pop("chain", [])
    assert found == python_of(evidence, document, **given)
    if chain:
        assert [entry["pinned"] for entry in chain] == [False] * (len(chain) - 1) + [True]
        assert chain[-1]["sha256"] in PINNED
        assert all(entry["issuer"] == above["subject"] for entry, above in pairwise(chain))
        assert all(entry["notBefore"] <= given["now"] <= entry["notAfter"] for entry in chain)


def test_a_chain_is_shown_wherever_a_root_closed_one(node: Node) -> None:
    for row in ROWS:
        if row["result"] != "valid" or row["vendor"] in ("tpm", "gcp-tpm"):
            continue
        found = node.evidence(evidence_of(row), now=time_of(row))
        if "chain" in found and found["result"]["assurance"] == "hardware":
            assert len(found["chain"]) >= 2, row["evidence"]


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_files_are_told_by_their_content(node: Node, row: dict[str, Any]) -> None:
    """The same files, as they lie there: the kind of each is found as Python finds it."""
    payload, *others = (path.read_bytes() for path in files_of(row))
    name, _, index = row["evidence"].partition("#")
    given = {"now": time_of(row), "platform": PLATFORMS.get(name), "index": int(index or 0)}
    texts = [base64.b64encode(other).decode() for other in others]
    found = node.ask("files", EVIDENCE_ONLY, payload, others=texts, **given)
    found.pop("chain", None)
    assert found == python_of(evidence_of(row), now=given["now"])


def test_files_that_are_nothing_known_are_refused(node: Node) -> None:
    payload, jwks = files_of(ROWS[0])[0].read_bytes(), b'{"keys": []}'
    for data, other in ((b"nothing", b""), (b"[]", b""), (payload, jwks), (payload, b"text")):
        with pytest.raises(InvalidEncoding) as caught:
            read_evidence(data, [other] if other else [])
        others = [base64.b64encode(other).decode()] if other else []
        assert node.ask("files", EVIDENCE_ONLY, data, others=others, now=1)["error"]["code"] == caught.value.code


def test_nonces_of_zeros_bind_nothing_there_either(node: Node) -> None:
    evidence, now = evidence_of(ROWS[0]), time_of(ROWS[0])
    assert node.evidence(evidence, now=now, nonce=bytes(64)) == python_of(evidence, now=now, nonce=bytes(64))


@pytest.mark.parametrize("now", [-1, 1.5, None, "1", 2**53])
def test_a_time_that_is_none_is_refused(node: Node, now: object) -> None:
    """A comparison with what is no number is false, whichever way it is put."""
    found = node.ask(
        "evidence", EVIDENCE_ONLY, evidence_to_cbor(evidence_of(ROWS[0])), now="NaN" if now is None else now
    )
    assert found["error"]["code"] == "WrongInput"


def test_texts_of_megabytes_are_refused_as_any_others(node: Node) -> None:
    """No expression of the web takes stack or time for each character."""
    text = b"=" * (1 << 20) + b"x"
    quote = {"message": text.decode(), "signature": "", "pcrs": []}
    bundle = json.dumps({"quote": quote, "report": text.decode()}).encode()
    for platform, payload in (
        (Platform.NVIDIA, b"00 " * (1 << 20)),
        (Platform.CONFIDENTIAL_SPACE, b"A" * (1 << 20) + b"." + text + b".A"),
        (Platform.AZURE_SNP, bundle),
        (Platform.NITRO, b"\x9f" * (1 << 20)),
        (Platform.TPM, b"\x0a" + b"\xff" * (1 << 20)),
    ):
        evidence = Evidence(platform, payload)
        assert node.evidence(evidence, now=1) == python_of(evidence, now=1), platform
