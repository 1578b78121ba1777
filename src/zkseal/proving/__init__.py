"""Setup, prove and verify for relations: the typed façade over the compiled core.

=========  ===========================================================================
`keys`     `VerifyingKey`, `CommittedWeights`, `setup`
`prove`    `prove` -> receipt and `Opening`; `commit`, `check_opening`
`verify`   `verify`: returns the statement or raises
`segmented_key`, `segmented`  models in segments: `SegmentedVerifyingKey`, `verify_segmented`
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
from zkseal.proving.segmented import (
    check_segmented_opening,
    opened_integers,
    segment_context,
    verify_piece,
    verify_segmented,
)
from zkseal.proving.segmented_key import AnyVerifyingKey, Segment, SegmentedVerifyingKey, decode_verifying_key
from zkseal.proving.verify import verify

__all__ = [
    "AnyVerifyingKey",
    "ColumnOpening",
    "Committed",
    "CommittedWeights",
    "Layout",
    "Opening",
    "Prediction",
    "Progress",
    "Proved",
    "Scheme",
    "Segment",
    "SegmentedVerifyingKey",
    "Srs",
    "VerifyingKey",
    "check_opening",
    "check_segmented_opening",
    "commit",
    "decode_verifying_key",
    "lay_out",
    "opened_integers",
    "origin_of",
    "predict",
    "prove",
    "require_satisfied",
    "segment_context",
    "setup",
    "verify",
    "verify_piece",
    "verify_segmented",
]
