"""Tokens of NRAS under a key set: NVIDIA's own is published on line only, so one of a test key (fixtures/tee/made)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.tee.rows import FIXTURES

from zkseal import cli
from zkseal.errors import InvalidEncoding, PolicyDenied, SignatureRejected, UntrustedRoot, ZksealError
from zkseal.tee import Assurance, Evidence, Roots, appraise_evidence, load_policy, pinned_roots, read_evidence
from zkseal.tee.evidence_encoding import decode_evidence, encode_evidence

pytestmark = pytest.mark.native

NONCE, NOW = b"\xab" * 32, 1_800_000_060
TOKENS, JWKS = ((FIXTURES / "made" / name).read_bytes() for name in ("nras.json", "nras-jwks.json"))
EVIDENCE = read_evidence(TOKENS)
ROOTS = replace(pinned_roots(), nras_jwks=JWKS.decode())
POLICY = load_policy("evidence-only")


def refused(
    evidence: Evidence,
    kind: type[ZksealError],
    check: str,
    *,
    now: int = NOW,
    nonce: bytes = NONCE,
    roots: Roots = ROOTS,
) -> None:
    with pytest.raises(kind) as caught:
        appraise_evidence(evidence, POLICY, now=now, nonce=nonce, roots=roots)
    assert caught.value.fields["check"] == check


def test_signed_tokens_are_accepted() -> None:
    result = appraise_evidence(EVIDENCE, POLICY, now=NOW, nonce=NONCE, roots=ROOTS)
    assert result.assurance is Assurance.HARDWARE
    assert {check.name for check in result.checks if check.outcome == "pass"} >= {
        "chain",
        "signature",
        "digest-binding",
        "nonce",
    }


def test_without_a_key_set_among_the_roots_nothing_closes_the_chain() -> None:
    refused(EVIDENCE, PolicyDenied, "chain", roots=pinned_roots())


def test_a_key_set_never_comes_with_the_evidence() -> None:
    """Whoever makes tokens could make the key set as well."""
    with pytest.raises(InvalidEncoding):
        read_evidence(TOKENS, [JWKS])
    encoded = encode_evidence(EVIDENCE)
    encoded["endorsements"]["jwks"] = JWKS.decode()
    with pytest.raises(InvalidEncoding):
        decode_evidence(encoded)


def test_the_command_takes_a_key_set_as_a_root(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(FIXTURES / "made" / name) for name in ("nras.json", "nras-jwks.json")]
    words = ["tee", "verify", paths[0], "--policy", "evidence-only", "--now", str(NOW), "--nonce", NONCE.hex()]
    assert cli.main([*words, "--with", paths[1]]) == 0
    assert "hardware" in capsys.readouterr().out
    assert cli.main(words) == 72
    assert cli.main([*words, "--with", paths[1], "--with", paths[1]]) == 32


def test_another_key_set_is_refused() -> None:
    keys = json.loads(JWKS)
    keys["keys"][0]["kid"] = "other"
    refused(EVIDENCE, UntrustedRoot, "chain", roots=replace(ROOTS, nras_jwks=json.dumps(keys)))
    refused(EVIDENCE, InvalidEncoding, "chain", roots=replace(ROOTS, nras_jwks="[]"))


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
    refused(replace(EVIDENCE, payload=json.dumps(document).encode()), InvalidEncoding, "format")


def test_an_old_token_and_another_nonce_are_refused() -> None:
    refused(EVIDENCE, ZksealError, "token-time", now=NOW + 7200)
    refused(EVIDENCE, ZksealError, "nonce", nonce=b"\1" * 32)
