"""TPM 2.0: quotes, and a counter that never goes back.

=============  =============================================================
`transport`    a TPM's socket or device: bytes of a command out, of an answer in
`client`       `TpmClient`: the few commands that are needed
`attester`     `TpmAttester`
`counter`      `TpmCounter`
=============  =============================================================
"""

from zkseal.tee.attesters.tpm.attester import TpmAttester
from zkseal.tee.attesters.tpm.client import TpmClient
from zkseal.tee.attesters.tpm.counter import TpmCounter

__all__ = ["TpmAttester", "TpmClient", "TpmCounter"]
