"""TPM 2.0: quotes, a counter that never goes back, and sealed secrets.

=============  =============================================================
`transport`    a TPM's socket or device: bytes of a command out, of an answer in
`client`       `TpmClient`: the few commands that are needed
`attester`     `TpmAttester`
`gce`          `GceTpmAttester`
`counter`      `TpmCounter`
`vault`        `TpmVault`: a secret that comes back only on a machine that was booted alike
=============  =============================================================
"""

from zkseal.tee.attesters.tpm.attester import TpmAttester
from zkseal.tee.attesters.tpm.client import TpmClient
from zkseal.tee.attesters.tpm.counter import CounterProof, TpmCounter, verify_counter
from zkseal.tee.attesters.tpm.gce import GceTpmAttester
from zkseal.tee.attesters.tpm.vault import TpmVault

__all__ = ["CounterProof", "GceTpmAttester", "TpmAttester", "TpmClient", "TpmCounter", "TpmVault", "verify_counter"]
