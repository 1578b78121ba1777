"""Bytes of evidence and of services that are anything: a typed refusal each time, and nothing else."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collateral.test_checks import AT, COLLATERAL, QUOTED, honest
from tests.tee.rows import FIXTURES

from zkseal.collateral import Services, der
from zkseal.collateral import amd as amd_collateral
from zkseal.collateral import google as google_collateral
from zkseal.collateral import intel as intel_collateral
from zkseal.collateral import nvidia as nvidia_collateral
from zkseal.collateral.download import Response
from zkseal.collateral.item import Item, Situation
from zkseal.errors import CollateralRejected, DecodeError
from zkseal.tee import pinned_roots

pytestmark = pytest.mark.native

QUOTES = sorted((FIXTURES / "intel/quotes").iterdir())
REPORT = (FIXTURES / "amd/milan-ms/report.bin").read_bytes()
CHAIN = (FIXTURES / "amd/ca/milan-ask.pem").read_bytes() + (FIXTURES / "amd/ca/milan-ark.pem").read_bytes()
CHIP = amd_collateral.chip_of(REPORT)
SERVICES = Services()

ITEMS: list[Item] = [
    *intel_collateral.items(QUOTED, SERVICES),
    *amd_collateral.items(CHIP, SERVICES, has_leaf=False),
    nvidia_collateral.rim("NV_GPU_DRIVER_GH100_550.144.03", SERVICES),
    google_collateral.root(SERVICES),
]
PUBLISHED = [CHAIN, bytes.fromhex(COLLATERAL["root_ca_crl"]), *(answer.body for answer in honest().values())]
SITUATION = Situation(AT, pinned_roots(), {CHIP.name("vcek-chain"): CHAIN})

BODIES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([answer.body for answer in honest().values()]),
    st.sampled_from([CHAIN, CHAIN[:700], CHAIN.replace(b"CERTIFICATE", b"X509 CRL"), b"0\x80", b"{}", b"[]", b"null"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["tcbInfo", "enclaveIdentity", "signature", "id", "rim", "keys"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
CHAINS = ["", "%", "%00", "-----BEGIN%20CERTIFICATE-----", CHAIN.decode(), "-----BEGIN A-----%0A-----END A-----"]
HEADERS = st.dictionaries(
    st.sampled_from(["tcb-info-issuer-chain", "sgx-enclave-identity-issuer-chain", "sgx-pck-crl-issuer-chain"]),
    st.sampled_from(CHAINS),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ITEMS), BODIES, HEADERS)
def test_an_answer_is_kept_or_rejected(item: Item, body: bytes, headers: dict[str, str]) -> None:
    """Kept is what the vendor signed, such as AMD's chain, and nothing else raises than the one error."""
    with contextlib.suppress(CollateralRejected):
        kept = item.checked(Response(item.url, body, headers), SITUATION)
        assert kept.data in PUBLISHED


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(QUOTES), st.data())
def test_a_changed_quote_names_a_platform_or_is_refused(quote: Any, data: st.DataObject) -> None:
    changed = bytearray(quote.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(changed[: data.draw(st.integers(0, len(changed)))])
    for payload in (bytes(changed), cut):
        try:
            quoted = intel_collateral.quoted_of(payload)
        except DecodeError:
            continue
        assert len(bytes.fromhex(quoted.fmspc)) == 6
        assert quoted.tee in ("sgx", "tdx")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=12))
def test_der_is_read_or_refused(data: bytes, oid: bytes) -> None:
    for read in (
        der.children,
        der.list_times,
        der.issuer_of,
        lambda d: der.extension_of(d, oid),
        lambda d: der.octets_of(d, oid),
    ):
        try:
            read(data)
        except DecodeError:
            continue


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_changed_report_asks_for_hexadecimal_and_small_numbers_alone(data: st.DataObject) -> None:
    changed = bytearray(REPORT)
    for place in (0x48, 0x180, 0x187, 0x188, 0x189, 0x1A0, 0x1DF):
        changed[place] = data.draw(st.integers(0, 255))
    try:
        chip = amd_collateral.chip_of(bytes(changed))
        items = amd_collateral.items(chip, SERVICES, has_leaf=False)
    except DecodeError:
        return
    for item in items:
        rest = item.url.removeprefix(f"{SERVICES.amd_kds}/{chip.kind}/v1/{chip.product}/")
        path, _, query = rest.partition("?")
        assert path in ("cert_chain", "crl") or bytes.fromhex(path)
        assert all(pair.partition("=")[2].isdecimal() for pair in query.split("&") if pair)
