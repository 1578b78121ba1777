"""Tokens of NRAS under a key set: NVIDIA's own is published on line only, so one of a test key (fixtures/tee/made)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.tee.rows import FIXTURES

from zkseal.errors import InvalidEncoding, SignatureRejected, UntrustedRoot, ZksealError
from zkseal.tee import Assurance, Evidence, appraise_evidence, load_policy, read_evidence

pytestmark = pytest.mark.native

NONCE, NOW = b"\xab" * 32, 1_800_000_060
TOKENS, JWKS = ((FIXTURES / "made" / name).read_bytes() for name in ("nras.json", "nras-jwks.json"))
EVIDENCE = read_evidence(TOKENS, [JWKS])
POLICY = load_policy("evidence-only")


def refused(evidence: Evidence, kind: type[ZksealError], check: str, *, now: int = NOW, nonce: bytes = NONCE) -> None:
    with pytest.raises(kind) as caught:
        appraise_evidence(evidence, POLICY, now=now, nonce=nonce)
    assert caught.value.fields["check"] == check


def test_signed_tokens_are_accepted() -> None:
    result = appraise_evidence(EVIDENCE, POLICY, now=NOW, nonce=NONCE)
    assert result.assurance is Assurance.HARDWARE
    assert {check.name for check in result.checks if check.outcome == "pass"} >= {
        "signature",
        "digest-binding",
        "nonce",
    }


def test_without_the_key_set_the_signature_is_not_checked() -> None:
    refused(read_evidence(TOKENS), ZksealError, "signature")


def test_another_key_set_is_refused() -> None:
    keys = json.loads(JWKS)
    keys["keys"][0]["kid"] = "other"
    refused(read_evidence(TOKENS, [json.dumps(keys).encode()]), UntrustedRoot, "signature")


def test_a_signature_of_other_claims_is_refused() -> None:
    document = json.loads(TOKENS)
    head, claims, signature = document[0][1].split(".")
    document[0][1] = f"{head}.{claims}.{signature[:-8]}AAAAAAAA"
    refused(replace(EVIDENCE, payload=json.dumps(document).encode()), SignatureRejected, "signature")


def test_a_token_of_another_device_is_refused() -> None:
    document = json.loads(TOKENS)
    document[1]["GPU-0"] = document[0][1]
    refused(replace(EVIDENCE, payload=json.dumps(document).encode()), SignatureRejected, "digest-binding")


def test_an_algorithm_of_nobody_is_refused() -> None:
    document = json.loads(TOKENS)
    document[0][1] = "eyJhbGciOiJub25lIn0." + ".".join(document[0][1].split(".")[1:])
    refused(replace(EVIDENCE, payload=json.dumps(document).encode()), InvalidEncoding, "signature")


def test_an_old_token_and_another_nonce_are_refused() -> None:
    refused(EVIDENCE, ZksealError, "token-time", now=NOW + 7200)
    refused(EVIDENCE, ZksealError, "nonce", nonce=b"\0" * 32)
