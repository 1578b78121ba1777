"""Quotes of the virtual TPM of Google's machines, by the attestation key that Google certifies.

The machine finds the key's template and certificate in the TPM: the key is derived anew from the template. Between its
certificate and the pinned root stands an authority whose certificate the TPM does not hold; its address is in the
certificate (authority information access), and whoever attests gives it along.

Source: google/go-tpm-tools, client/handles.go and client/keys.go (GceAttestationKeyECC).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from zkseal.errors import FileUnavailable
from zkseal.tee.attesters.tpm.attester import BOOT_PCRS, quote_with_values, read_event_log
from zkseal.tee.attesters.tpm.client import RH_ENDORSEMENT, AttestationKey, TpmClient, pcr_numbers
from zkseal.tee.evidence import Endorsements, Evidence
from zkseal.tee.result import Assurance, Platform
from zkseal.tee.runtime_data import RuntimeData
from zkseal.tee.tpm_structures import decode_public

__all__ = ["CERTIFICATE_INDEX", "TEMPLATE_INDEX", "GceTpmAttester"]

CERTIFICATE_INDEX, TEMPLATE_INDEX = 0x01C10002, 0x01C10003


class GceTpmAttester:
    """The vTPM of a Google machine, by its key on P-256.

    Args:
        tcti: where the TPM is.
        authorities: certificates, DER, between the key's and the root.
        pcrs, event_log: as for `TpmAttester`.

    Raises:
        WrongInput: PCRs that there are not, or none.
    """

    assurance_ceiling: ClassVar[Assurance] = Assurance.VTPM_CLOUD
    status: ClassVar[str] = "not run on hardware"

    def __init__(
        self,
        tcti: str = "device:/dev/tpmrm0",
        *,
        authorities: Sequence[bytes] = (),
        pcrs: Sequence[int] = BOOT_PCRS,
        event_log: Path | None = None,
    ) -> None:
        self._tcti, self._authorities = tcti, tuple(authorities)
        self._pcrs, self._event_log = pcr_numbers(pcrs), event_log

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
            FileUnavailable: no TPM answers, it holds no such certificate, or the event log cannot be read.
            WrongInput, DeviceRefused: as `TpmAttester`.
        """
        log = read_event_log(self._event_log)
        with TpmClient.connect(self._tcti) as client:
            certificate, template = (self._held(client, index) for index in (CERTIFICATE_INDEX, TEMPLATE_INDEX))
            with client.primary(RH_ENDORSEMENT, template) as (handle, public):
                key = AttestationKey(handle, public)
                message, signature, values = quote_with_values(client, key, self._pcrs, bound)
        endorsements = Endorsements(
            certificates=(certificate, *self._authorities),
            public_key=decode_public(public),
            signature=signature,
            pcrs=values,
            event_log=log,
        )
        return Evidence(Platform.TPM, message, endorsements)

    def _held(self, client: TpmClient, index: int) -> bytes:
        public = client.nv_public(index)
        if public is None:
            text = f"The TPM at {self._tcti} holds nothing at {index:#x}: it is not that of a Google machine."
            raise FileUnavailable(text, path=self._tcti, reason="no certified attestation key")
        return client.nv_read(index, public[1])
