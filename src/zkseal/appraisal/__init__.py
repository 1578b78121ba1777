"""What a receipt is worth: `appraise(receipt, policy, now=...)` returns what was checked, check by check, or raises.

==========  ======================================================================================
`policy`    `ReceiptPolicy`: which evidence is enough; `Mode`; policies as TOML in `policies/`
`appraise`  `appraise`: proof, signed answer and attestation of one receipt, under one policy
`result`    `Appraisal`, and `DevAppraisal` where development evidence was accepted: another type
==========  ======================================================================================

There is no clock and no network here. Dependency position: joins `pipeline` (proofs) and `tee` (evidence) over
`receipts`; `cli` and `enclave` use it.
"""

from zkseal.appraisal.appraise import appraise
from zkseal.appraisal.policy import Mode, ReceiptPolicy, load_policy, parse_policy, shipped_policies
from zkseal.appraisal.result import Appraisal, DevAppraisal

__all__ = [
    "Appraisal",
    "DevAppraisal",
    "Mode",
    "ReceiptPolicy",
    "appraise",
    "load_policy",
    "parse_policy",
    "shipped_policies",
]
