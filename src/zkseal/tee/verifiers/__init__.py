"""One module for each kind of evidence: `ANNOUNCED`, the checks that it makes, and `verify(context, found)`.

A verifier fills `found` and raises `Rejected` after a check without which the others mean nothing.
"""

from __future__ import annotations

from types import ModuleType

from zkseal.tee.result import Platform
from zkseal.tee.verifiers import azure, confidential_space, intel, nitro, nras, nvidia, rim, sandbox, snp, tpm

__all__ = ["VERIFIERS"]

VERIFIERS: dict[Platform, ModuleType] = {
    Platform.SGX: intel,
    Platform.TDX: intel,
    Platform.SNP: snp,
    Platform.NITRO: nitro,
    Platform.NVIDIA: nvidia,
    Platform.NVIDIA_RIM: rim,
    Platform.NVIDIA_NRAS: nras,
    Platform.AZURE_SNP: azure,
    Platform.AZURE_TDX: azure,
    Platform.CONFIDENTIAL_SPACE: confidential_space,
    Platform.TPM: tpm,
    Platform.SANDBOX: sandbox,
}
