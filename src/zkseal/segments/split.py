"""`split`: one compiled model becomes programs of segments, which together compute and show what it does, bit for bit.

The cut is made in the integer program and its relation, never in the float graph: every step and every constraint of
the whole is in exactly one segment, with the same integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from zkseal.errors import SetupError
from zkseal.lowering import Program
from zkseal.pipeline import CompiledModel
from zkseal.pipeline.interface import renumber
from zkseal.pipeline.provenance import Provenance
from zkseal.proving import Scheme, lay_out, predict
from zkseal.proving.cost import choose_row_bits
from zkseal.proving.segmented_key import segment_annotation
from zkseal.receipts.segments import MAX_SEGMENTS, MIN_SEGMENTS
from zkseal.relation import Column, Relation
from zkseal.segments.cuts import choose_cuts
from zkseal.segments.partition import Share, passed_name, relation_of
from zkseal.segments.uses import Uses

__all__ = ["Split", "SplitSegment", "cut_at", "split"]


@dataclass(frozen=True)
class SplitSegment:
    """The program of one segment, without inputs and outputs of its own.

    Attributes:
        public: for each public tensor of its relation, in order, the number of the statement tensor.
    """

    program: Program = field(repr=False)
    public: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """A model in segments, before setup.

    Attributes:
        annotation: the model's, with the numbers of statement tensors (`proving.segmented_key`).
        head: inputs, outputs and decoding of the whole, without steps.
    """

    annotation: bytes = field(repr=False)
    head: Program = field(repr=False)
    segments: tuple[SplitSegment, ...]
    provenance: Provenance


def split(model: CompiledModel, count: int | None = None, *, max_bytes: int | None = None) -> Split:
    """Cuts a model into segments of nearly equal cost, where little crosses.

    Args:
        count: how many segments, 2 .. 256.
        max_bytes: instead of `count`: as few as keep the predicted memory of proving each one below this.

    Raises:
        SetupError: the model cannot be cut so often, or no number of segments keeps the bound.
    """
    if (count is None) == (max_bytes is None):
        raise SetupError("Say either how many segments, or how much memory each may take.", segments=count)
    uses = Uses.of(model.program, model.relation)
    if count is not None:
        _require_count(count)
        return cut_at(model, uses, choose_cuts(uses, count))
    for tried in range(MIN_SEGMENTS, min(MAX_SEGMENTS, len(uses.cuts) + 1) + 1):
        made = cut_at(model, uses, choose_cuts(uses, tried))
        most = max(_memory(segment.program.relation) for segment in made.segments)
        if most <= (max_bytes or 0):
            return made
    raise SetupError(
        f"No split of this model keeps every segment below {max_bytes} bytes of memory. Allow more.",
        max_bytes=max_bytes,
    )


def _require_count(count: int) -> None:
    if not MIN_SEGMENTS <= count <= MAX_SEGMENTS:
        raise SetupError(
            f"A model is split into {MIN_SEGMENTS} to {MAX_SEGMENTS} segments, not {count}.", segments=count
        )


def _memory(relation: Relation) -> int:
    encoded = relation.encode()
    layout = lay_out(encoded, choose_row_bits(relation, encoded), Scheme())
    return predict(relation, layout).memory_bytes


def cut_at(model: CompiledModel, uses: Uses, cuts: Sequence[int]) -> Split:
    """The segments between these cuts, which have to be of `uses.cuts`, ascending."""
    relation, program = model.relation, model.program
    ends = [0, *cuts, uses.steps]
    numbers = _statement_numbers(relation)
    boundaries = [_column(relation, Column.INPUT), *map(uses.crossing, cuts), _column(relation, Column.OUTPUT)]
    unread = [index for index in _column(relation, Column.PUBLIC) if index not in uses.spans]
    segments: list[SplitSegment] = []
    for k, (first, last) in enumerate(pairwise(ends)):
        # The constraints of the inputs come before those of the first step.
        places = range(program.starts[first] if k else 0, program.starts[last])
        share = Share(places, boundaries[k], boundaries[k + 1], () if k else unread)
        part = relation_of(relation, share, segment_annotation(k, len(ends) - 1))
        public = tuple(numbers[relation.tensor_index(name)] for name in part.tensors_of(Column.PUBLIC))
        segments.append(SplitSegment(_program(program, range(first, last), part, share), public))
    head = Program(program.inputs, program.outputs, (), relation, {}, {}, program.integer_outputs)
    return Split(renumber(relation.annotation, numbers), head, tuple(segments), model.provenance)


def _column(relation: Relation, column: Column) -> list[int]:
    return [index for index, tensor in enumerate(relation.tensors) if tensor.column == column]


def _statement_numbers(relation: Relation) -> dict[int, int]:
    """Numbers of statement tensors by index in the whole relation: inputs, outputs, public ones."""
    stated = (index for column in (Column.INPUT, Column.OUTPUT, Column.PUBLIC) for index in _column(relation, column))
    return {index: number for number, index in enumerate(stated)}


def _program(whole: Program, steps: range, relation: Relation, share: Share) -> Program:
    names = set(relation.names.tensors)
    layouts = {name: layout for name, layout in whole.layouts.items() if name in names}
    for index in set(share.incoming) & set(share.outgoing):
        name = whole.relation.names.tensors[index]
        layouts[passed_name(name)] = whole.layouts[name]
    parameters = {name: array for name, array in whole.parameters.items() if name in names}
    return Program((), (), whole.steps[steps.start : steps.stop], relation, parameters, layouts, frozenset())
