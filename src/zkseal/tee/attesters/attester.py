"""What all attesters have in common."""

from __future__ import annotations

from typing import ClassVar, Protocol

from zkseal.tee.evidence import Evidence
from zkseal.tee.result import Assurance, Platform
from zkseal.tee.runtime_data import RuntimeData

__all__ = ["Attester"]


class Attester(Protocol):
    """Makes evidence of this machine, bound to runtime data.

    Attributes:
        assurance_ceiling: the most that its evidence can show; it goes into the runtime data.
        status: what it was run on by us, in words.
    """

    assurance_ceiling: ClassVar[Assurance]
    status: ClassVar[str]

    @property
    def platform(self) -> Platform:
        """Kind of the evidence that it makes here."""
        ...

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        """Evidence that carries `runtime_data.binding`; raises as `evidence_over`."""
        ...

    def evidence_over(self, bound: bytes) -> Evidence:
        """Evidence that carries other bytes, such as a nonce alone: at most 64, for a TPM 32.

        Raises:
            FileUnavailable: the device is not there, or may not be used.
            DeviceRefused: the device answers with an error.
        """
        ...
