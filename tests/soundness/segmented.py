"""A model in three segments, its receipts, and what both verifiers say about changed ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

import zkseal
from zkseal import segments
from zkseal.errors import ZksealError
from zkseal.proving import SegmentedVerifyingKey
from zkseal.receipts import Receipt, SegmentedEvidence, Side, Statement
from zkseal.segments import SegmentedProvingKey, SegmentedRun
from zkseal.segments.split_test import deep_graph
from zkseal_reference import ProtocolError, SegmentedKey, verify_segments
from zkseal_reference.segments import Side as ReferenceSide

from .native import named

COUNT = 3
CONTEXT = b"a context"
SAMPLES: npt.NDArray[np.float32] = np.random.default_rng(12).normal(size=(20, 4)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Proved:
    """A run with its proofs."""

    key: SegmentedProvingKey
    run: SegmentedRun
    proofs: tuple[bytes, ...]

    @property
    def receipt(self) -> Receipt:
        return segments.finish(self.run, self.proofs).receipt


@cache
def keys() -> SegmentedProvingKey:
    """Input and weights private, output public."""
    model = zkseal.compile(deep_graph(3), SAMPLES)
    return segments.setup_segments(segments.split(model, COUNT))[0]


@cache
def proved(which: int = 0) -> Proved:
    """The same input each time, under commitments of its own."""
    key = keys()
    run = segments.begin(key, SAMPLES[:1], context=CONTEXT)
    return Proved(key, run, tuple(segments.prove_segment(key.segments[job.index], job) for job in run.jobs))


def with_evidence(receipt: Receipt, **fields: Any) -> Receipt:
    """The receipt with other boundaries or proofs."""
    return Receipt(receipt.statement, (replace(receipt.segmented, **fields),))


def with_statement(receipt: Receipt, **fields: Any) -> Receipt:
    return Receipt(replace(receipt.statement, **fields), receipt.evidence)


@lru_cache(maxsize=8)
def reference_key(data: bytes) -> SegmentedKey:
    return SegmentedKey.decode(data)


def side(own: Side) -> ReferenceSide:
    return ReferenceSide({index: array.tolist() for index, array in own.arrays().items()}, own.commitments)


def reference_verdict(receipt: Receipt, key: SegmentedVerifyingKey, context: bytes = CONTEXT) -> str:
    """What the reference says; like everybody who uses it, it is handed the statement that is to be proved."""
    statement: Statement = receipt.statement
    evidence: SegmentedEvidence = receipt.segmented
    if statement.model_id != reference_key(key.data).model_id:
        return "WrongModel"
    return named(
        ProtocolError,
        lambda: verify_segments(
            reference_key(key.data),
            context,
            side(statement.input),
            side(statement.output),
            evidence.boundaries,
            evidence.proofs,
        ),
    )


def verdict(receipt: Receipt, key: SegmentedVerifyingKey | None = None) -> str:
    """What both verifiers say; they have to agree."""
    key = keys().verifying_key if key is None else key
    found = named(ZksealError, lambda: zkseal.verify(receipt, key, context=receipt.statement.context))
    reference = reference_verdict(receipt, key, receipt.statement.context)
    assert found == reference, f"zkseal says {found}, the reference says {reference}"
    return found


def blamed(receipt: Receipt) -> int | None:
    """The segment that the error names."""
    try:
        zkseal.verify(receipt, keys().verifying_key, context=receipt.statement.context)
    except ZksealError as error:
        segment: int = error.segment
        return segment
    return None


def key_bytes(annotation: bytes, parts: Sequence[tuple[bytes, Sequence[int]]]) -> bytes:
    """A key of any parts, written out a second time."""
    data = [b"ZKSV\0\1", struct.pack(">I", len(annotation)), annotation, struct.pack(">I", len(parts))]
    for key, public in parts:
        data += [struct.pack(">I", len(key)), key, struct.pack(f">I{len(public)}I", len(public), *public)]
    return b"".join(data)


def key_verdict(data: bytes) -> str:
    """What both say about the bytes of a key."""
    found = named(ZksealError, lambda: SegmentedVerifyingKey.decode(data))
    reference = named(ProtocolError, lambda: SegmentedKey.decode(data))
    assert found == reference, f"zkseal says {found}, the reference says {reference}"
    return found
