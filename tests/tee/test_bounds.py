"""What anybody can send is refused at little cost and by a typed error: unsigned bytes are an attacker's."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.tee.machines import NOW, RuntimeData, runtime_of
from tests.tee.rows import FIXTURES, ROWS, evidence_of, time_of

from zkseal import cli
from zkseal.errors import InvalidEncoding, PolicyDenied, ZksealError
from zkseal.receipts import cbor
from zkseal.tee import (
    AttestationBundle,
    Endorsements,
    Evidence,
    Platform,
    appraise_evidence,
    evidence_from_cbor,
    load_policy,
)
from zkseal.tee.canonical_xml import MAX_ATTRIBUTES, MAX_BYTES, MAX_ELEMENTS, parse
from zkseal.tee.pem import MAX_BLOCKS, pem_blocks
from zkseal.tee.verifiers import VERIFIERS

LOOK = load_policy("evidence-only")
BLOCK = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


def cost_of(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds of this process and bytes at most, of work that is refused."""
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(ZksealError):
        work()
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return seconds, peak


def many_namespaces(prefixes: int, elements: int) -> bytes:
    declared = " ".join(f'xmlns:p{index}="x"' for index in range(prefixes))
    return f"<a {declared}>{'<b/>' * elements}</a>".encode()


@pytest.mark.parametrize(
    "document",
    [
        many_namespaces(4000, 16000),
        b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>",
        b"<a>" + b'<b c="" d="" e="" f=""/>' * (MAX_ATTRIBUTES // 4 + 1) + b"</a>",
        b"<a>" * 65 + b"</a>" * 65,
        b"<a>" + b"<b xmlns:p='x'/>" * 65 + b"</a>",
        b"<a>" + b" " * MAX_BYTES + b"</a>",
    ],
)
def test_a_manifest_has_bounds(document: bytes) -> None:
    seconds, peak = cost_of(lambda: parse(document))
    assert seconds < 5
    assert peak < 1 << 26


def test_elements_share_their_namespaces() -> None:
    root = parse(many_namespaces(60, 1000))
    assert all(child.scope is root.scope for child in root.content if not isinstance(child, str))


def test_pem_is_read_in_one_pass() -> None:
    seconds, _ = cost_of(lambda: pem_blocks(b"-----BEGIN A-----\n" * 100_000))
    assert seconds < 1
    seconds, _ = cost_of(lambda: pem_blocks(BLOCK * 100_000))
    assert seconds < 1


def test_pem_blocks_are_read_with_what_stands_between_them() -> None:
    text = b"subject=/CN=x\n" + BLOCK + b"issuer\n" + BLOCK.replace(b"CERTIFICATE", b"X509 CRL").replace(b"\n", b"\r\n")
    assert pem_blocks(text) == [("CERTIFICATE", b"0\0"), ("X509 CRL", b"0\0")]
    assert pem_blocks(b"") == pem_blocks(b"text") == []
    assert len(pem_blocks(BLOCK * MAX_BLOCKS)) == MAX_BLOCKS


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN CERTIFICATE-----\nMAA=\n",
        BLOCK[:-8],
        b"-----BEGIN A-----\nMAA=\n-----END B-----\n",
        b"-----BEGIN a-----\nMAA=\n-----END a-----\n",
        b"-----BEGIN -----\nMAA=\n-----END -----\n",
        b"-----BEGIN A-----MAA=\n-----END A-----\n",
        b"-----BEGIN A-----\nM*A=\n-----END A-----\n",
        b"-----BEGIN " + b"A" * 65 + b"-----\n-----END " + b"A" * 65 + b"-----\n",
    ],
)
def test_other_pem_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        pem_blocks(text)


@pytest.mark.parametrize("read", [AttestationBundle.from_cbor, evidence_from_cbor])
def test_empty_entries_by_the_million_are_refused(read: Callable[[bytes], object]) -> None:
    count = 1 << 20
    data = b"\x9a" + count.to_bytes(4, "big") + b"\xa0" * count
    seconds, peak = cost_of(lambda: read(data))
    assert seconds < 1
    assert peak < 1 << 22


@pytest.mark.native
@pytest.mark.parametrize("platform", list(Platform))
def test_evidence_of_a_platform_that_the_policy_does_not_accept_is_not_read(platform: Platform) -> None:
    policy = replace(LOOK, platforms=tuple(str(other) for other in Platform if other is not platform))
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(Evidence(platform, many_namespaces(4000, 16000)), policy, now=NOW)
    checks = {check["name"]: check["outcome"] for check in caught.value.fields["result"]["checks"]}
    assert checks.pop("platform") == "fail"
    assert set(checks.values()) == {"not_checked"}


@pytest.mark.native
@pytest.mark.parametrize(
    ("evidence", "secret"),
    [
        (Evidence(Platform.TDX, b"x", Endorsements(collateral="secret \ud800")), "secret"),
        (Evidence(Platform.SNP, bytes(1184), Endorsements(certificates=("secret",))), "secret"),  # type: ignore[arg-type]
        (Evidence(Platform.TPM, b"x", Endorsements(public_key=b"", signature="secret")), "secret"),  # type: ignore[arg-type]
    ],
)
def test_what_a_verifier_did_not_expect_is_malformed(evidence: Evidence, secret: str) -> None:
    """The last resort: no other error than a typed one leaves, and what an unexpected one says is not told."""
    with pytest.raises(InvalidEncoding) as caught:
        appraise_evidence(evidence, LOOK, now=NOW)
    assert (caught.value.fields["check"], caught.value.reason) == ("format", "malformed")
    assert secret not in json.dumps(caught.value.fields)


@pytest.mark.native
def test_lone_surrogates_and_lists_for_texts_are_malformed() -> None:
    payload = json.dumps({"quote": {"pcrs": [], "message": "", "signature": ""}, "vcek": "-----BEGIN \ud800"}).encode()
    with pytest.raises(InvalidEncoding) as caught:
        appraise_evidence(Evidence(Platform.AZURE_SNP, payload), LOOK, now=NOW)
    caught.value.message.encode()


@pytest.mark.native
def test_an_issuer_that_is_a_list_is_another_issuer() -> None:
    import base64
    import hashlib

    from tests.tee.test_nras import ROOTS

    def token(claims: dict[str, object]) -> str:
        parts = [json.dumps(part).encode() for part in ({"alg": "ES384", "kid": "x"}, claims)]
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, b"x"))

    device = token({"iss": ["x"], "eat_nonce": []})
    submodules = {"GPU-0": ["DIGEST", ["SHA-256", hashlib.sha256(device.encode()).hexdigest()]]}
    payload = json.dumps([["JWT", token({"iss": ["x"], "submods": submodules})], {"GPU-0": device}]).encode()
    for roots in (None, replace(ROOTS, nras_jwks=None)):
        with pytest.raises(PolicyDenied) as caught:
            appraise_evidence(Evidence(Platform.NVIDIA_NRAS, payload), LOOK, now=NOW, roots=roots)
        assert caught.value.fields["check"] == "issuer"


@pytest.mark.native
def test_a_quote_of_tdx_is_none_of_sgx() -> None:
    rows = {row["evidence"]: row for row in ROWS if row["result"] == "valid"}
    for name, other in (
        ("intel/quotes/tdx-v4-phala.bin", Platform.SGX),
        ("intel/quotes/sgx-v3-phala.bin", Platform.TDX),
    ):
        evidence, now = evidence_of(rows[name]), time_of(rows[name])
        appraise_evidence(evidence, LOOK, now=now)
        with pytest.raises(InvalidEncoding) as caught:
            appraise_evidence(replace(evidence, platform=other), LOOK, now=now)
        assert caught.value.fields["check"] == "format"


@pytest.mark.parametrize("platform", list(Platform))
def test_every_platform_says_of_every_common_check_what_came_out(platform: Platform) -> None:
    assert {"format", "signature", "validity", "revocation", "debug", "chips"} <= set(VERIFIERS[platform].ANNOUNCED)


@pytest.mark.native
@pytest.mark.parametrize("row", [row for row in ROWS if row["result"] == "valid"], ids=lambda row: row["evidence"])
def test_a_list_of_chips_is_kept_whatever_the_platform(row: dict[str, str]) -> None:
    """Evidence that names no chip is none of a listed one."""
    evidence, now = evidence_of(row), time_of(row)
    ear = appraise_evidence(evidence, LOOK, now=now).to_json()
    made = {check["name"]: check for check in ear["checks"]}
    assert {made[name]["detail"] for name in ("validity", "revocation", "debug", "chips")} & {
        "an earlier check failed"
    } == set()
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(evidence, replace(LOOK, chips=("ee" * 64,)), now=now)
    assert caught.value.fields["check"] == "chips"


@pytest.mark.native
@pytest.mark.parametrize("nonce", [b"", b"\0", bytes(32)])
def test_a_nonce_that_binds_nothing_is_refused(nonce: bytes) -> None:
    """Genuine documents carry no nonce, or zeros: they would be bound to it."""
    row = next(row for row in ROWS if row["evidence"] == "aws-nitro/dstack-nsm-2025.cose" and row["result"] == "valid")
    with pytest.raises(InvalidEncoding) as caught:
        appraise_evidence(evidence_of(row), LOOK, now=time_of(row), nonce=nonce)
    assert caught.value.fields["check"] == "nonce"


@pytest.mark.parametrize("nonce", ["", "00", "00" * 32, " "])
def test_the_command_refuses_a_nonce_that_binds_nothing(nonce: str) -> None:
    """An unset variable of a shell gives an empty one."""
    report = str(FIXTURES / "aws-nitro" / "dstack-nsm-2025.cose")
    assert cli.main(["tee", "verify", report, "--policy", "evidence-only", "--nonce", nonce]) == 32


@pytest.mark.parametrize("platform", [platform for platform in Platform if platform is not Platform.NVIDIA])
def test_only_lists_of_devices_have_an_index(platform: Platform) -> None:
    with pytest.raises(InvalidEncoding):
        Evidence(platform, b"x", index=1)


@pytest.mark.native
def test_a_sandbox_has_one_encoding_and_no_production_media_type() -> None:
    from tests.tee.test_bundle import attester, policy

    from zkseal import _native
    from zkseal.tee import DevAttestedRuntime, appraise_bundle
    from zkseal.tee.bundle import DEV_MEDIA_TYPE, MEDIA_TYPE

    runtime: RuntimeData = runtime_of()
    evidence = attester(_native.SigningKey.generate()).attest(runtime)
    bundle = AttestationBundle(runtime, evidence)
    assert bundle.media_type == DEV_MEDIA_TYPE
    assert isinstance(appraise_bundle(bundle, policy(), now=NOW, nonce=runtime.nonce), DevAttestedRuntime)
    value = cbor.loads(bundle.to_cbor(), max_bytes=1 << 16)
    with pytest.raises(InvalidEncoding):
        AttestationBundle.from_cbor(cbor.dumps(value | {"media_type": MEDIA_TYPE}))
    inner = cbor.loads(evidence.payload, max_bytes=1 << 16)
    other = replace(bundle, evidence=replace(evidence, payload=cbor.dumps(inner | {"sandbox": True})))
    with pytest.raises(InvalidEncoding):
        appraise_bundle(other, policy(), now=NOW, nonce=runtime.nonce)
