"""Setup, prove and verify for relations: the typed façade over the compiled core.

=========  ===========================================================================
`keys`     `VerifyingKey`, `CommittedWeights`, `setup`
`prove`    `prove` -> receipt and `Opening`; `check_opening`
`verify`   `verify`: returns the statement or raises
`cost`     what a proof will cost; the choice of the row length
`core`     finding and calling `zkseal._native`
=========  ===========================================================================

Dependency position: imports `relation`, `receipts`, `_native`. Knows integers and relations; real numbers, models and
files are above it (`pipeline`, `files`).
"""

from zkseal.proving.core import Progress
from zkseal.proving.cost import Layout, Prediction, lay_out, predict
from zkseal.proving.keys import CommittedWeights, VerifyingKey, setup
from zkseal.proving.prove import ColumnOpening, Opening, Proved, check_opening, prove
from zkseal.proving.verify import verify

__all__ = [
    "ColumnOpening",
    "CommittedWeights",
    "Layout",
    "Opening",
    "Prediction",
    "Progress",
    "Proved",
    "VerifyingKey",
    "check_opening",
    "lay_out",
    "predict",
    "prove",
    "setup",
    "verify",
]
