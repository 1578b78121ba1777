"""Setup, prove and verify for relations: the typed façade over the compiled core.

=========  ===========================================================================
`keys`     `VerifyingKey`, `CommittedWeights`, `setup`
`prove`    `prove` -> receipt and `Opening`; `commit`, `check_opening`
`verify`   `verify`: returns the statement or raises
`scheme`   `Scheme`: lookup argument and opening; `Srs`: powers of tau for kzg
`cost`     what a proof will cost; the choice of the row length
`gas`      the choice of the row length of keys for chains
`core`     finding and calling `zkseal._native`
=========  ===========================================================================

Dependency position: imports `relation`, `receipts`, `_native`. Knows integers and relations; real numbers, models and
files are above it (`pipeline`, `files`).
"""

from zkseal.proving.core import Progress
from zkseal.proving.cost import Layout, Prediction, lay_out, predict
from zkseal.proving.keys import CommittedWeights, VerifyingKey, setup
from zkseal.proving.prove import (
    ColumnOpening,
    Committed,
    Opening,
    Proved,
    check_opening,
    commit,
    prove,
    require_satisfied,
)
from zkseal.proving.scheme import Scheme, Srs, origin_of
from zkseal.proving.verify import verify

__all__ = [
    "ColumnOpening",
    "Committed",
    "CommittedWeights",
    "Layout",
    "Opening",
    "Prediction",
    "Progress",
    "Proved",
    "Scheme",
    "Srs",
    "VerifyingKey",
    "check_opening",
    "commit",
    "lay_out",
    "origin_of",
    "predict",
    "prove",
    "require_satisfied",
    "setup",
    "verify",
]
