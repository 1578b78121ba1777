"""Quotes of a TPM, with everything that a verifier needs beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from zkseal.errors import FileUnavailable
from zkseal.tee.attesters.tpm.client import AttestationKey, TpmClient, pcr_numbers
from zkseal.tee.evidence import Endorsements, Evidence
from zkseal.tee.result import Assurance, Platform
from zkseal.tee.runtime_data import RuntimeData
from zkseal.tee.tpm_structures import decode_attest, decode_public

__all__ = ["BOOT_PCRS", "LINUX_EVENT_LOG", "TpmAttester", "quote_with_values", "read_event_log"]

BOOT_PCRS = tuple(range(10))
LINUX_EVENT_LOG = Path("/sys/kernel/security/tpm0/binary_bios_measurements")

# NV indices of certificates of endorsement keys: RSA 2048, P-256, P-384 (TCG EK Credential Profile, 2.2.1.4).
_EK_CERTIFICATES = (0x01C00002, 0x01C0000A, 0x01C00016)
# Who certifies software TPMs of developers.
_DEVELOPMENT = b"swtpm-localca"
_ATTEMPTS = 3


class TpmAttester:
    """TPM 2.0, by a key that the TPM derives from its own seed.

    Nobody certifies that key, so its evidence is `simulated`, or `vtpm_dev` where the TPM says that it is swtpm. A
    policy may vouch for the key by its digest (`tpm.trusted_keys`), up to the ceiling.

    Args:
        tcti: where the TPM is; see `zkseal.tee.attesters.tpm.transport`.
        pcrs: which PCRs of the SHA-256 bank are quoted.
        event_log: the firmware's log, if there is one: `LINUX_EVENT_LOG` for the TPM of this machine.

    Raises:
        WrongInput: PCRs that there are not, or none.
    """

    assurance_ceiling: ClassVar[Assurance] = Assurance.VTPM_DEV
    status: ClassVar[str] = "run on swtpm"

    def __init__(self, tcti: str, *, pcrs: Sequence[int] = BOOT_PCRS, event_log: Path | None = None) -> None:
        self._tcti, self._pcrs, self._event_log = tcti, pcr_numbers(pcrs), event_log

    @property
    def platform(self) -> Platform:
        """TPM."""
        return Platform.TPM

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        """A quote whose extra data is `qualifying_data`."""
        return self.evidence_over(runtime_data.binding(Platform.TPM))

    def evidence_over(self, bound: bytes) -> Evidence:
        """A quote with other extra data, at most 32 bytes.

        Raises:
            WrongInput: the TCTI names no TPM.
            FileUnavailable: no TPM answers there, or the event log cannot be read.
            DeviceRefused: the TPM answers with an error, or its PCRs keep changing.
        """
        log = read_event_log(self._event_log)
        with TpmClient.connect(self._tcti) as client:
            with client.attestation_key() as key:
                message, signature, values = quote_with_values(client, key, self._pcrs, bound)
            certificates = tuple(_development_certificates(client))
        endorsements = Endorsements(
            certificates=certificates,
            public_key=decode_public(key.public),
            signature=signature,
            pcrs=values,
            event_log=log,
        )
        return Evidence(Platform.TPM, message, endorsements)


def quote_with_values(
    client: TpmClient, key: AttestationKey, pcrs: Sequence[int], bound: bytes
) -> tuple[bytes, bytes, tuple[bytes, ...]]:
    """TPMS_ATTEST, TPMT_SIGNATURE, and the PCRs' values that they are of. Raises `DeviceRefused`."""
    for _ in range(_ATTEMPTS):
        message, signature = client.quote(key, pcrs, bound)
        found = client.read_pcrs(pcrs)
        values = tuple(found[pcr] for pcr in pcrs)
        # Values are read after the quote: somebody may have extended one in between.
        if hashlib.sha256(b"".join(values)).digest() == decode_attest(message).pcr_digest:
            return message, signature, values
    raise client.refused("its PCRs change faster than they can be quoted")


def read_event_log(path: Path | None) -> bytes | None:
    """The firmware's log, if one is wanted. Raises `FileUnavailable`."""
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        reason = str(error.strerror)
        text = f"The event log {path} cannot be read: {reason}. Root may; or leave the log away."
        raise FileUnavailable(text, path=str(path), reason=reason) from error


def _development_certificates(client: TpmClient) -> list[bytes]:
    """Certificates of endorsement keys that say that this is swtpm.

    Others are kept back: a certificate does not show that the attestation key lies in the TPM of the endorsement key.
    """
    found = []
    for index in _EK_CERTIFICATES:
        public = client.nv_public(index)
        if public is not None:
            certificate = client.nv_read(index, public[1])
            if _DEVELOPMENT in certificate:
                found.append(certificate)
    return found
