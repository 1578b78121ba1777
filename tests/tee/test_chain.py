"""Certificate chains and revocation lists, by a test root (fixtures/tee/made): no vendor lists a chip that we have."""

import pytest
from tests.tee.rows import FIXTURES

from zkseal._native import attest_chain, attest_signature
from zkseal.errors import CertificateRevoked, Expired, InvalidEncoding, SignatureRejected, UntrustedRoot

pytestmark = pytest.mark.native

ROOT, LEAF, BELOW, EMPTY, REVOKED = (
    (FIXTURES / "made" / name).read_bytes()
    for name in ("root.der", "leaf.der", "below.der", "empty.crl.der", "revoked.crl.der")
)
NOW = 1796083200  # 2026-12-01


def test_a_leaf_leads_to_its_root() -> None:
    chain = attest_chain(LEAF, [], [ROOT], [], NOW)
    assert chain["subjects"] == ["CN=zkseal test leaf", "CN=zkseal test root"]
    assert chain["revocation_checked"] == [False]


def test_a_list_without_the_leaf_checks_revocation() -> None:
    assert attest_chain(LEAF, [], [ROOT], [EMPTY], NOW)["revocation_checked"] == [True]


def test_a_revoked_leaf_is_refused() -> None:
    with pytest.raises(CertificateRevoked):
        attest_chain(LEAF, [], [ROOT], [EMPTY, REVOKED], NOW)


def test_a_list_of_another_time_is_refused() -> None:
    with pytest.raises(Expired):
        attest_chain(LEAF, [], [ROOT], [EMPTY], 1795900000)


def test_a_changed_list_is_refused() -> None:
    changed = EMPTY[:-1] + bytes([EMPTY[-1] ^ 1])
    with pytest.raises(UntrustedRoot):
        attest_chain(LEAF, [], [ROOT], [changed], NOW)


def test_a_leaf_issues_nothing() -> None:
    with pytest.raises(UntrustedRoot):
        attest_chain(BELOW, [LEAF], [ROOT], [], NOW)


def test_only_a_pinned_root_ends_a_chain() -> None:
    with pytest.raises(UntrustedRoot):
        attest_chain(LEAF, [ROOT], [], [], NOW)


def test_a_root_is_no_leaf_of_itself_elsewhere() -> None:
    with pytest.raises(UntrustedRoot):
        attest_chain(ROOT, [LEAF], [LEAF], [], NOW)


@pytest.mark.parametrize("now", [0, 1 << 62])
def test_a_chain_of_another_time_is_refused(now: int) -> None:
    with pytest.raises(Expired):
        attest_chain(LEAF, [], [ROOT], [], now)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80\0\0", ROOT + b"\0", ROOT[:-1]])
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        attest_chain(data, [], [ROOT], [], NOW)


def test_a_signature_of_other_bytes_is_refused() -> None:
    key = attest_chain(LEAF, [], [ROOT], [], NOW)["public_key"]
    for signature in (b"", b"\0" * 96, b"\xff" * 96, b"\x01" * 95):
        with pytest.raises(SignatureRejected):
            attest_signature(key, "ES384", b"message", signature, "message")
    with pytest.raises(InvalidEncoding):
        attest_signature(key, "none", b"message", b"", "message")
