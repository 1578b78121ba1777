"""Proofs in segments: nothing but the proofs of all segments, of one run, in their places, is accepted.

Both verifiers see every receipt and every key. Forgers have the weights, all openings and the lying prover.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import zkseal
from zkseal import proving, segments
from zkseal.errors import (
    InvalidRelation,
    StatementMismatch,
    WrongContext,
    WrongModel,
    ZksealError,
)
from zkseal.lowering.values import Environment
from zkseal.proving import segment_context
from zkseal.proving.core import by_index
from zkseal.receipts import Receipt, SegmentedEvidence, Side, ZkEvidence
from zkseal.relation import Column
from zkseal.segments.partition import passed_name
from zkseal.segments.split_test import deep_graph

from .native import Setting
from .native import verdict as verdict_of_one
from .segmented import (
    CONTEXT,
    COUNT,
    SAMPLES,
    Proved,
    blamed,
    keys,
    proved,
    verdict,
    with_evidence,
    with_statement,
)

pytestmark = pytest.mark.native

REJECTED = "LinearClaimRejected"


# Receipts


def test_an_honest_receipt_is_accepted_and_says_what_the_whole_model_computes() -> None:
    receipt = proved().receipt
    assert verdict(receipt) == "accepted"
    said = zkseal.verify(receipt, keys().verifying_key, context=CONTEXT)
    assert np.array_equal(said.outputs["y"], proved().run.outputs["y"])
    assert Receipt.from_cbor(receipt.to_cbor()) == receipt


def other(proofs: tuple[bytes, ...], index: int, new: bytes) -> tuple[bytes, ...]:
    return (*proofs[:index], new, *proofs[index + 1 :])


def _last_value_changed(receipt: Receipt) -> Receipt:
    (number, values), *_ = receipt.statement.output.arrays().items()
    values[-1] += 1
    return with_statement(receipt, output=Side.of({number: values}))


def _boundaries(change: Callable[[list[tuple[bytes, ...]]], list[tuple[bytes, ...]]]) -> Callable[[Receipt], Receipt]:
    return lambda receipt: with_evidence(receipt, boundaries=tuple(change(list(receipt.segmented.boundaries))))


def _proofs(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Callable[[Receipt], Receipt]:
    return lambda receipt: with_evidence(receipt, proofs=change(receipt.segmented.proofs))


CHANGES: dict[str, tuple[Callable[[Receipt], Receipt], str]] = {
    "the last two segments swapped": (_proofs(lambda p: (p[0], p[2], p[1])), REJECTED),
    "the first proof for each segment": (_proofs(lambda p: (p[0],) * 3), REJECTED),
    "the first proof of another receipt of the same input": (
        _proofs(lambda p: other(p, 0, proved(1).proofs[0])),
        REJECTED,
    ),
    "the middle proof of another receipt": (_proofs(lambda p: other(p, 1, proved(1).proofs[1])), REJECTED),
    "the last proof of another receipt": (_proofs(lambda p: other(p, 2, proved(1).proofs[2])), REJECTED),
    "all proofs of another receipt": (_proofs(lambda p: proved(1).proofs), REJECTED),
    "a boundary of another receipt": (_boundaries(lambda b: [b[0], proved(1).run.boundaries[1]]), REJECTED),
    "all boundaries of another receipt": (_boundaries(lambda b: list(proved(1).run.boundaries)), REJECTED),
    "a boundary and both its proofs of another receipt": (
        lambda receipt: with_evidence(
            receipt,
            boundaries=(proved(1).run.boundaries[0], receipt.segmented.boundaries[1]),
            proofs=(*proved(1).proofs[:2], receipt.segmented.proofs[2]),
        ),
        REJECTED,
    ),
    "boundaries swapped": (_boundaries(lambda b: [b[1], b[0]]), REJECTED),
    "a commitment of a boundary repeated": (_boundaries(lambda b: [(*b[0], b[0][0]), b[1]]), "StatementMismatch"),
    "a commitment of a boundary missing": (_boundaries(lambda b: [b[0][1:], b[1]]), "StatementMismatch"),
    "a boundary that is the identity": (_boundaries(lambda b: [(b"\x40" + bytes(31),), b[1]]), "IdentityPoint"),
    "a boundary that is no point": (_boundaries(lambda b: [((4).to_bytes(32, "big"),), b[1]]), "NotOnCurve"),
    "the input commitment in place of a boundary": (
        lambda receipt: with_evidence(
            receipt, boundaries=(receipt.statement.input.commitments, receipt.segmented.boundaries[1])
        ),
        REJECTED,
    ),
    "a boundary in place of the input": (
        lambda receipt: with_statement(receipt, input=Side({}, receipt.segmented.boundaries[0])),
        REJECTED,
    ),
    "another context": (lambda receipt: with_statement(receipt, context=b"another context"), REJECTED),
    "another public output": (_last_value_changed, REJECTED),
    "no public output": (lambda receipt: with_statement(receipt, output=Side()), "StatementMismatch"),
    "the input of another receipt": (
        lambda receipt: with_statement(receipt, input=proved(1).run.statement.input),
        REJECTED,
    ),
    "the output of a tensor that is not": (
        lambda receipt: with_statement(receipt, output=Side({**receipt.statement.output.values, 9: bytes(8)})),
        "StatementMismatch",
    ),
    "values for a private tensor": (
        lambda receipt: with_statement(receipt, output=Side({**receipt.statement.output.values, 0: bytes(32)})),
        "StatementMismatch",
    ),
    "the model id of a segment": (
        lambda receipt: with_statement(receipt, model_id=keys().segments[0].verifying_key.model_id),
        "WrongModel",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_receipt_is_rejected(name: str) -> None:
    change, error = CHANGES[name]
    assert verdict(change(proved().receipt)) == error


@pytest.mark.parametrize("count", [2, 4])
def test_a_segment_that_is_missing_or_there_twice(count: int) -> None:
    own = proved().receipt.segmented
    proofs, boundaries = (own.proofs * 2)[:count], (own.boundaries * 2)[: count - 1]
    receipt = Receipt(proved().receipt.statement, (SegmentedEvidence(boundaries, proofs),))
    assert verdict(receipt) == "StatementMismatch"


@pytest.mark.parametrize("index", range(COUNT))
def test_the_error_names_the_segment_whose_proof_is_corrupted(index: int) -> None:
    proof = bytearray(proved().proofs[index])
    proof[-1] ^= 1
    receipt = with_evidence(proved().receipt, proofs=other(proved().proofs, index, bytes(proof)))
    assert blamed(receipt) == index
    with pytest.raises(ZksealError, match=f"Segment {index}: ") as caught:
        segments.verify_segment(keys().verifying_key, proved().run, index, bytes(proof))
    assert caught.value.segment == index


def test_two_kinds_of_proof_are_not_taken_for_each_other() -> None:
    receipt, key = proved().receipt, keys().verifying_key
    part = keys().segments[1].verifying_key
    alone = Receipt(receipt.statement, (ZkEvidence(proved().proofs[1]),))
    with pytest.raises(StatementMismatch):
        zkseal.verify(alone, key, context=CONTEXT)
    with pytest.raises(InvalidRelation):  # a segment's relation describes no program
        zkseal.verify(alone, part, context=CONTEXT)
    both = Receipt(receipt.statement, (*receipt.evidence, *alone.evidence))
    with pytest.raises(StatementMismatch):
        zkseal.verify(both, key, context=CONTEXT)
    with pytest.raises(WrongContext):
        zkseal.verify(receipt, key, context=b"another")


# Forgers who prove


def prove_alone(
    index: int, values: dict[str, np.ndarray], context: bytes, blindings: tuple[bytes | None, bytes | None]
) -> dict[str, object]:
    """A proof of one segment from values of all its tensors, whatever the other segments say."""
    program = keys().segments[index].program
    tensors = by_index(program.relation, values, {Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.PUBLIC})
    return keys().segments[index].weights.core.prove(context, tensors, None, *blindings)


def witness_from(index: int, changed: int) -> dict[str, np.ndarray]:
    """An honest run of a segment whose first entering value was changed."""
    job, program = proved().run.jobs[index], keys().segments[index].program
    environment = Environment()
    for name, integers in job.values.items():
        environment[name] = np.array(integers, dtype=np.int64)
    name = next(iter(program.relation.tensors_of(Column.INPUT)))
    environment[program.layouts[name][0]].flat[0] += changed
    for step in program.steps:
        step.execute(environment)
    return dict(program.witness(environment).tensors)


@pytest.mark.parametrize("honest", [True, False])
def test_a_segment_that_goes_on_from_other_values_is_rejected(honest: bool) -> None:
    """Its own commitment to what enters is another one: whichever of the two stands in the receipt, a proof fails."""
    run = proved().run
    job = run.jobs[2]
    values = witness_from(2, 0 if honest else 1)
    made = proving_with_public(values, job.context, job.entering_blindings)
    entering = tuple(made["input_commitments"])
    assert (entering == run.boundaries[1]) == honest
    # Under the boundary of the others: the public output is that of the forged run, if it is another one.
    forged = with_evidence(proved().receipt, proofs=other(proved().proofs, 2, made["proof"]))
    assert (verdict(forged) == "accepted") == honest
    if honest:
        return
    assert blamed(forged) == 2
    # Under its own boundary, with its own output, and proved for that very statement.
    output = Side.of({1: values["y"]})
    statement = replace(run.statement, output=output)
    boundaries = (run.boundaries[0], entering)
    made = proving_with_public(values, segment_context(statement, boundaries, 2), job.entering_blindings)
    mine = Receipt(statement, (SegmentedEvidence(boundaries, (*proved().proofs[:2], made["proof"])),))
    proving.verify_piece(keys().verifying_key, statement, boundaries, 2, made["proof"])
    assert verdict(mine) == REJECTED
    assert blamed(mine) == 0


def proving_with_public(values: dict[str, np.ndarray], context: bytes, entering: bytes) -> dict[str, object]:
    return prove_alone(2, values, context, (entering, None))


@pytest.mark.parametrize(("lie", "error"), [(0, "accepted"), (1, REJECTED)])
def test_a_value_that_is_passed_on_is_the_one_that_entered(lie: int, error: str) -> None:
    """By the lying prover, which commits to another copy than what entered, and is consistent otherwise."""
    parts = segments.split(zkseal.compile(deep_graph(6), SAMPLES), 4)
    environment = Environment()
    parts.head.read({"x": SAMPLES[:1]}, environment)
    for step in (step for segment in parts.segments for step in segment.program.steps):
        step.execute(environment)
    program = parts.segments[2].program
    relation, values = program.relation, dict(program.witness(environment).tensors)
    (copy,) = (name for name in relation.tensors_of(Column.OUTPUT) if name.endswith(passed_name("")))
    values[copy] = np.array(values[copy])
    values[copy].flat[-1] += lie
    flat = {relation.tensor_index(name): array.reshape(-1).tolist() for name, array in values.items()}
    setting = Setting(relation.encode(), 7, flat)
    assert verdict_of_one(setting.prove(flat)) == error


def test_a_worker_with_other_values_notices_that_its_commitments_are_not_those_of_the_job() -> None:
    job = proved().run.jobs[1]
    name, integers = next((name, integers) for name, integers in job.values.items() if integers.size > 1)
    changed = np.array(integers)
    changed.flat[0] += 1
    with pytest.raises(StatementMismatch):
        segments.prove_segment(keys().segments[1], replace(job, values={**job.values, name: changed}))
    with pytest.raises(WrongModel):
        segments.prove_segment(keys().segments[0], job)


# Zero knowledge


def test_receipts_of_one_input_have_no_word_in_common_but_the_statement() -> None:
    def words(found: Proved) -> set[bytes]:
        evidence = found.receipt.segmented
        data = b"".join((*evidence.proofs, *(c for boundary in evidence.boundaries for c in boundary)))
        return {data[at : at + 32] for at in range(0, len(data), 32)}

    assert not words(proved()) & words(proved(1))
    assert [len(proof) for proof in proved().proofs] == [len(proof) for proof in proved(1).proofs]


def test_no_blinding_is_used_for_two_rows() -> None:
    found = [
        job.leaving_blindings[at : at + 32]
        for run in (proved().run, proved(1).run)
        for job in (*run.jobs, replace(run.jobs[0], leaving_blindings=run.jobs[0].entering_blindings))
        for at in range(0, len(job.leaving_blindings), 32)
    ]
    assert len(set(found)) == len(found) >= 6
