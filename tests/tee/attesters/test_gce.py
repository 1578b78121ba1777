"""Google's virtual TPM: swtpm is given what Google puts into one, by an authority of the test."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from zkseal.errors import FileUnavailable, PolicyDenied
from zkseal.tee import Assurance, AttestationResult, Roots, RuntimeData, appraise_evidence, parse_policy
from zkseal.tee.attesters import Attester, GceTpmAttester
from zkseal.tee.attesters.tpm import TpmClient
from zkseal.tee.attesters.tpm.client import RH_ENDORSEMENT
from zkseal.tee.attesters.tpm.gce import CERTIFICATE_INDEX, TEMPLATE_INDEX
from zkseal.tee.tpm_structures import decode_public

pytestmark = pytest.mark.native

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
WRITABLE = 0x2 | 0x20000 | 0x02000000
# ECDSA on P-256, restricted; another `unique` than that of zkseal's own key, so another key.
TEMPLATE = bytes.fromhex("0023000b00050072000000100018000b00030010") + b"\0\x20" + b"\1" * 32 + b"\0\x20" + b"\2" * 32
POLICY = (
    'extends = "production"\nname = "mine"\n'
    'allow_not_checked = ["tpm.event-log", "tpm.debug", "chips"]\n'
    f'[references]\n"tpm.sha256.pcr7" = ["{"00" * 32}"]\n'
)


class Authority:
    """A root of its own, and an authority below it."""

    def __init__(self) -> None:
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self.certificate("root", self.root_key.public_key(), "root", self.root_key, authority=True)
        self.between = self.certificate("between", self.key.public_key(), "root", self.root_key, authority=True)

    def certificate(
        self,
        subject: str,
        public_key: ec.EllipticCurvePublicKey,
        issuer: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        authority: bool,
    ) -> bytes:
        """DER."""
        name, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer))
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(by).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(NOW - datetime.timedelta(days=1))
        builder = builder.not_valid_after(NOW + datetime.timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        usage = x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False)
        return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def equip(self, tcti: str) -> None:
        """Puts template and certificate of the attestation key into a TPM."""
        with TpmClient.connect(tcti) as client:
            with client.primary(RH_ENDORSEMENT, TEMPLATE) as (_, public):
                key = load_der_public_key(decode_public(public))
            assert isinstance(key, ec.EllipticCurvePublicKey)
            leaf = self.certificate("attestation key", key, "between", self.key, authority=False)
            for index, content in ((CERTIFICATE_INDEX, leaf), (TEMPLATE_INDEX, TEMPLATE)):
                client.nv_define(index, WRITABLE, len(content))
                client.nv_write(index, content)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_certified_key_is_of_production_under_its_root(
    tpm: str, authority: Authority, runtime_data: RuntimeData
) -> None:
    authority.equip(tpm)
    attester: Attester = GceTpmAttester(tpm, authorities=[authority.between])
    evidence = attester.attest(runtime_data)
    nonce, now = runtime_data.qualifying_data(), int(NOW.timestamp())
    policy = parse_policy(POLICY.replace('"chips"', '"chips", "tpm.revocation"'))
    result = appraise_evidence(evidence, policy, now=now, nonce=nonce, roots=Roots(tpm=(authority.root,)))
    assert isinstance(result, AttestationResult)
    assert result.assurance is Assurance.VTPM_CLOUD is attester.assurance_ceiling
    # Under the roots that zkseal pins it is nobody's.
    with pytest.raises(PolicyDenied):
        appraise_evidence(evidence, policy, now=now, nonce=nonce)


def test_without_the_authority_between_the_certificate_is_not_checked(tpm: str, authority: Authority) -> None:
    authority.equip(tpm)
    evidence = GceTpmAttester(tpm).evidence_over(b"n")
    roots = Roots(tpm=(authority.root,))
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(evidence, parse_policy(POLICY), now=int(NOW.timestamp()), nonce=b"n", roots=roots)
    assert caught.value.fields["check"] in {"ak-certificate", "assurance"}


def test_another_machine_s_tpm_holds_no_such_certificate(tpm: str, factory: Callable[[bool], Path]) -> None:
    with pytest.raises(FileUnavailable):
        GceTpmAttester(tpm).evidence_over(b"n")
