"""Evidence of this machine: `TpmAttester(tcti).attest(runtime_data)`.

======================  ==================================  ======================
`ConfigfsTsmAttester`   TDX and SEV-SNP, by Linux           not run on hardware
`NsmAttester`           AWS Nitro enclaves, by /dev/nsm     not run on hardware
`GceTpmAttester`        vTPM of Google's machines           not run on hardware
`TpmAttester`           TPM 2.0, by swtpm or /dev/tpmrm0    run on swtpm
`SandboxAttester`       a process, for development          run
======================  ==================================  ======================

What an attester says about itself (`status`, `assurance_ceiling`) is for people and for the runtime data; a verifier
decides on the root that closes the chain.

Dependency position: imports `tee`, `errors`, `receipts.cbor` and `_native`; nothing of `tee` imports it.
"""

from zkseal.tee.attesters.attester import Attester
from zkseal.tee.attesters.configfs import ConfigfsTsmAttester
from zkseal.tee.attesters.nsm import NsmAttester
from zkseal.tee.attesters.sandbox import SandboxAttester
from zkseal.tee.attesters.tpm import GceTpmAttester, TpmAttester, TpmCounter, TpmVault

__all__ = [
    "Attester",
    "ConfigfsTsmAttester",
    "GceTpmAttester",
    "NsmAttester",
    "SandboxAttester",
    "TpmAttester",
    "TpmCounter",
    "TpmVault",
]
