"""One large model in layer segments: each proved by itself, anywhere, all of them verified as one receipt.

    parts = split(model, 4)                                   # or split(model, max_bytes=8 << 30)
    proving_key, verifying_key = setup_segments(parts)        # a key for each segment, with its share of the weights
    run = begin(proving_key, x, context=b"...")               # runs the program, commits to all boundaries
    proofs = [prove_segment(proving_key.segments[job.index], job) for job in run.jobs]      # on any machine
    verify_segment(verifying_key, run, 2, proofs[2])          # what came back, piece by piece
    result = finish(run, proofs)                              # a ProveResult, as of `zkseal.prove`
    zkseal.verify(result.receipt, verifying_key, context=b"...")

The argument is docs/protocol/10-segments.md.

============  =========================================================================
`split`       `split` -> `Split`: programs of the segments
`uses`        which step uses which tensor, and what it costs
`cuts`        where to cut
`partition`   the relation of one segment
`keys`        `setup_segments`, `SegmentedProvingKey`
`run`         `begin`, `SegmentJob`, `prove_segment`, `verify_segment`, `finish`
`audit`       `require_split_of`: whether a key is of a model that one has
============  =========================================================================

Dependency position: stands on `pipeline`; `files` stores its keys, whoever distributes work calls it.
"""

from zkseal.segments.audit import require_split_of
from zkseal.segments.keys import SegmentedProvingKey, setup_segments
from zkseal.segments.run import SegmentedRun, SegmentJob, begin, finish, prove_segment, verify_segment
from zkseal.segments.split import Split, SplitSegment, split

__all__ = [
    "SegmentJob",
    "SegmentedProvingKey",
    "SegmentedRun",
    "Split",
    "SplitSegment",
    "begin",
    "finish",
    "prove_segment",
    "require_split_of",
    "setup_segments",
    "split",
    "verify_segment",
]
