"""Proving keys of models in segments: one for each segment, so that whoever proves one needs no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zkseal.lowering import Program
from zkseal.pipeline import ProveResult, ProvingKey
from zkseal.pipeline.compile import Samples
from zkseal.pipeline.provenance import Provenance
from zkseal.proving import Scheme, Segment, SegmentedVerifyingKey
from zkseal.proving import setup as setup_relation
from zkseal.proving.core import Progress
from zkseal.proving.cost import choose_row_bits
from zkseal.proving.scheme import LookupArgument
from zkseal.relation import Column
from zkseal.segments.run import begin, finish, prove_segment
from zkseal.segments.split import Split

__all__ = ["SegmentedProvingKey", "setup_segments"]


@dataclass(frozen=True, eq=False)
class SegmentedProvingKey:
    """What the owner of a model in segments proves with. A secret.

    Attributes:
        head: inputs, outputs and decoding of the whole, without steps.
        segments: the keys of the segments, in order. A sequence that loads each one when it is asked for
            (`files.load_proving_key`) keeps the memory of a process to the segments that it uses.
    """

    head: Program = field(repr=False)
    verifying_key: SegmentedVerifyingKey
    segments: Sequence[ProvingKey] = field(repr=False)
    provenance: Provenance

    def prove(self, inputs: Samples, *, context: bytes = b"", progress: Progress | None = None) -> ProveResult:
        """As `zkseal.prove`: one segment after the other, in this process."""
        run = begin(self, inputs, context=context, progress=progress)
        proofs = []
        for index, (segment, job) in enumerate(zip(self.segments, run.jobs, strict=True)):
            proofs.append(prove_segment(segment, job, progress=_share_of(progress, index, len(run.jobs))))
        return finish(run, proofs)


def setup_segments(
    parts: Split,
    *,
    row_bits: int | None = None,
    lookup_argument: LookupArgument | None = None,
    lanes: int | None = None,
    progress: Progress | None = None,
) -> tuple[SegmentedProvingKey, SegmentedVerifyingKey]:
    """Commits to the weights of each segment, and proves that they lie in their bounds.

    Args:
        row_bits: as in `zkseal.setup`; the same for all segments, as what crosses has to lie alike on both sides. By
            default that of the segment that wants the longest rows.
        lookup_argument, lanes: as in `zkseal.setup`. The opening is ipa.

    Raises:
        WeightOutOfBounds, InvalidParameters, ResourceLimit.
    """
    scheme = Scheme.choose("ipa", lookup_argument, lanes)
    relations = [segment.program.relation for segment in parts.segments]
    bits = row_bits or max(choose_row_bits(relation, relation.encode(), scheme) for relation in relations)
    keys: list[ProvingKey] = []
    for index, segment in enumerate(parts.segments):
        program = segment.program
        weights, _ = setup_relation(
            program.relation,
            {**program.relation.fixed, **program.parameters},
            row_bits=bits,
            scheme=scheme,
            progress=_share_of(progress, index, len(relations)),
        )
        program = program.for_proving(weights.relation, weights.named(Column.MODEL))
        keys.append(ProvingKey(program, weights, parts.provenance))
    verifying_key = SegmentedVerifyingKey(
        parts.annotation,
        tuple(Segment(key.verifying_key, part.public) for key, part in zip(keys, parts.segments, strict=True)),
    )
    return SegmentedProvingKey(parts.head, verifying_key, tuple(keys), parts.provenance), verifying_key


def _share_of(progress: Progress | None, index: int, count: int) -> Progress | None:
    """The progress of one segment, told as that of its share of the whole."""
    if progress is None:
        return None
    return lambda stage, share: progress(f"segment {index + 1} of {count}: {stage}", (index + share) / count)
