"""The rules of docs/protocol/2-relation.md, section Validation, in the order of that section.

`validate` runs on every relation that the builder finishes and on every one that the decoder reads; each broken rule
raises `InvalidRelation` that names the part by its name and index.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from zkseal.relation.expressions import invalid
from zkseal.relation.relation import Relation
from zkseal.relation.types import (
    Access,
    AffineMap,
    AxisMap,
    Column,
    Expression,
    GatherMap,
    Lookup,
    PublicGatherMap,
    Scope,
    Tensor,
    Term,
    Zero,
)

__all__ = ["index_bits", "validate", "wrap_bound"]

MAX_ANNOTATION_BYTES = 1 << 20
MAX_PARTS = 1 << 16
MAX_LIST_ENTRIES = 1 << 24
MAX_NDIM = 8
MAX_SIZE = 1 << 24
MAX_INDEX_BITS = 36
MAX_BOUND = 1 << 62
MAX_MODEL_SPAN = 1 << 48
MAX_TABLE_COLUMNS = 8
MAX_OUTER_LOOPS = 8
MAX_SHIFT = 62
MAX_AFFINE_LOOPS = 4
WRAP_LIMIT = 1 << 120
MAX_WORK = 1 << 23

_I32 = range(-(1 << 31), 1 << 31)
_I64 = range(-(1 << 63), 1 << 63)


def index_bits(size: int) -> int:
    """Number of index bits of an axis or loop of `size` values, padded to a power of two."""
    return (size - 1).bit_length()


def wrap_bound(relation: Relation, expression: Expression) -> int:
    """A bound on |expression * 2^S|, S its largest shift, for values within the bounds of their tensors."""
    largest_shift = max((term.shift for term in expression), default=0)
    return sum(
        (abs(term.num) << (largest_shift - term.shift))
        * prod(relation.loops[loop] for loop in term.sums)
        * prod(relation.tensors[access.tensor].magnitude for access in term.accesses)
        for term in expression
    )


def validate(relation: Relation) -> None:
    """Raises `InvalidRelation` for the first rule that `relation` breaks."""
    _require(len(relation.annotation) <= MAX_ANNOTATION_BYTES, "The annotation is longer than 2^20 bytes.")
    for kind in ("tensors", "loops", "lists", "tables", "lookups", "zeros"):
        count = len(getattr(relation, kind))
        _require(count <= MAX_PARTS, f"The relation has {count} {kind}; at most 2^16 are allowed.")
    for index, entries in enumerate(relation.lists):
        _require(
            len(entries) <= MAX_LIST_ENTRIES, f"List {index} has {len(entries)} entries; at most 2^24 are allowed."
        )
        _require(all(entry in _I32 for entry in entries), f"List {index} has an entry that is not an i32.")
    for name, tensor in zip(relation.names.tensors, relation.tensors, strict=True):
        _validate_tensor(f"Tensor '{name}'", tensor)
    for name, size in zip(relation.names.loops, relation.loops, strict=True):
        _require(1 <= size <= MAX_SIZE, f"Loop '{name}' has size {size}; sizes are 1 to 2^24.")
    _validate_tables(relation)
    for name, lookup in zip(relation.names.lookups, relation.lookups, strict=True):
        _validate_lookup(relation, f"Lookup '{name}'", lookup)
    for name, zero in zip(relation.names.zeros, relation.zeros, strict=True):
        _validate_constraint(relation, f"Zero '{name}'", zero, (zero.expression,))
    work = _verifier_work(relation)
    _require(
        work <= MAX_WORK,
        f"The accesses of the relation expand to {work} entries; at most 2^23 are allowed. Copy what is read so.",
    )
    scopes = {*(lookup.scope for lookup in relation.lookups), *(zero.scope for zero in relation.zeros)}
    has_model = any(tensor.column == Column.MODEL for tensor in relation.tensors)
    _require(has_model or Scope.MODEL_PROOF not in scopes, "The relation has model constraints, but no model tensor.")
    _require(
        Scope.EVERY_PROOF in scopes,
        "The relation has no constraint that every proof shows.",
    )


def _verifier_work(relation: Relation) -> int:
    """What a verifier expands entry by entry: irregular maps, and tensors whose values it knows."""
    expressions = (
        *(e for lookup in relation.lookups for e in lookup.expressions),
        *(z.expression for z in relation.zeros),
    )
    total = 0
    for access in (access for expression in expressions for term in expression for access in term.accesses):
        tensor = relation.tensors[access.tensor]
        if tensor.column in (Column.PUBLIC, Column.PROGRESSION):
            total += tensor.size
        total += sum(_axis_work(relation, m, axis) for m, axis in zip(access.maps, tensor.shape, strict=True))
    columns = (relation.tensors[column] for table in relation.tables for column in table.columns)
    return total + sum(tensor.size for tensor in columns if tensor.column == Column.PUBLIC)


def _axis_work(relation: Relation, axis_map: AxisMap, axis: int) -> int:
    if not isinstance(axis_map, AffineMap):
        return relation.loops[axis_map.loop] + axis
    if not axis_map.terms:
        return 0 if 0 <= axis_map.offset < axis else 1 + axis
    stride, loop = axis_map.terms[0]
    if (len(axis_map.terms), stride, axis_map.offset) == (1, 1, 0) and relation.loops[loop] <= axis:
        return 0
    return prod(relation.loops[loop] for _, loop in axis_map.terms) + axis


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise invalid(reason)


def _validate_tensor(place: str, tensor: Tensor) -> None:
    shape, lo, hi = tensor.shape, tensor.lo, tensor.hi
    _require(1 <= len(shape) <= MAX_NDIM, f"{place} has {len(shape)} axes; 1 to 8 are allowed.")
    _require(all(1 <= n <= MAX_SIZE for n in shape), f"{place} has shape {list(shape)}; axes are 1 to 2^24.")
    bits = sum(index_bits(n) for n in shape)
    _require(bits <= MAX_INDEX_BITS, f"{place} has {bits} index bits; at most 36 are allowed. Split it.")
    _require(-MAX_BOUND <= lo <= hi <= MAX_BOUND, f"{place} has bounds [{lo}, {hi}], not -2^62 <= lo <= hi <= 2^62.")
    if tensor.column == Column.PUBLIC:
        _require(prod(shape) <= MAX_SIZE, f"{place} is public with {prod(shape)} entries; at most 2^24 are allowed.")
    if tensor.column == Column.PROGRESSION:
        fits = len(shape) == 1 and hi == lo + shape[0] - 1
        _require(fits, f"{place} is a progression; it needs one axis of n entries and hi = lo + n - 1.")
    if tensor.column == Column.MODEL:
        span = hi - lo + 1
        _require(
            span & (span - 1) == 0 and span <= MAX_MODEL_SPAN,
            f"{place} is a model tensor with {span} possible values; it needs a power of two, at most 2^48.",
        )


def _validate_tables(relation: Relation) -> None:
    ids: set[int] = set()
    for name, table in zip(relation.names.tables, relation.tables, strict=True):
        place = f"Table '{name}'"
        _require(0 <= table.id < 1 << 32 and table.id not in ids, f"{place} has id {table.id}, which is not a new u32.")
        ids.add(table.id)
        count = len(table.columns)
        _require(1 <= count <= MAX_TABLE_COLUMNS, f"{place} has {count} columns; 1 to 8 are allowed.")
        _require(
            all(0 <= c < len(relation.tensors) for c in table.columns), f"{place} has a column that does not exist."
        )
        shapes = {relation.tensors[column].shape for column in table.columns}
        _require(
            len(shapes) == 1 and len(next(iter(shapes))) == 1,
            f"{place} has columns of shapes {sorted(shapes)}; they need one axis and one length.",
        )


def _validate_lookup(relation: Relation, place: str, lookup: Lookup) -> None:
    _require(0 <= lookup.table < len(relation.tables), f"{place} names a table that does not exist.")
    columns = relation.tables[lookup.table].columns
    _require(
        len(lookup.expressions) == len(columns),
        f"{place} has {len(lookup.expressions)} expressions, but its table {len(columns)} columns.",
    )
    if lookup.scope == Scope.MODEL_PROOF:
        _require(
            all(relation.tensors[column].column == Column.PROGRESSION for column in columns),
            f"{place} has the scope of the model proof, so its table may hold progressions only.",
        )
    _validate_constraint(relation, place, lookup, lookup.expressions)


def _validate_constraint(
    relation: Relation, place: str, constraint: Lookup | Zero, expressions: tuple[Expression, ...]
) -> None:
    outer = constraint.loops
    _require(constraint.scope in (0, 1), f"{place} has an unknown scope.")
    _require(len(outer) <= MAX_OUTER_LOOPS, f"{place} has {len(outer)} outer loops; at most 8 are allowed.")
    _require(len(set(outer)) == len(outer), f"{place} has the same outer loop twice.")
    _require(all(0 <= loop < len(relation.loops) for loop in outer), f"{place} has a loop that does not exist.")
    bits = sum(index_bits(relation.loops[loop]) for loop in outer)
    _require(bits <= MAX_INDEX_BITS, f"{place} has {bits} bits of outer loops; at most 36 are allowed. Split it.")
    for expression in expressions:
        _require(len(expression) < 1 << 16, f"{place} has an expression of 2^16 terms or more.")
        for number, term in enumerate(expression):
            _validate_term(relation, f"{place}, term {number},", outer, term)
            if constraint.scope == Scope.MODEL_PROOF:
                _validate_model_scope(relation, f"{place}, term {number},", term)
        bound = wrap_bound(relation, expression)
        _require(bound < WRAP_LIMIT, f"{place} can reach {bound.bit_length()} bits; below 2^120 nothing can wrap.")


def _validate_term(relation: Relation, place: str, outer: tuple[int, ...], term: Term) -> None:
    _require(term.num != 0, f"{place} has the coefficient 0.")
    _require(term.num in _I64, f"{place} has a coefficient that is not an i64.")
    _require(0 <= term.shift <= MAX_SHIFT, f"{place} divides by 2^{term.shift}; the largest shift is 62.")
    _require(len(term.accesses) <= 2, f"{place} has {len(term.accesses)} accesses; at most 2 are allowed.")
    sums = term.sums
    _require(len(sums) < 1 << 8, f"{place} has {len(sums)} sum loops; at most 255 are allowed.")
    _require(all(a < b for a, b in pairwise(sums)), f"{place} has sum loops that do not ascend.")
    _require(all(0 <= loop < len(relation.loops) for loop in sums), f"{place} has a loop that does not exist.")
    _require(not set(sums) & set(outer), f"{place} sums over an outer loop.")
    for access in term.accesses:
        _validate_access(relation, place, {*outer, *sums}, access)


def _validate_access(relation: Relation, place: str, loops: set[int], access: Access) -> None:
    _require(0 <= access.tensor < len(relation.tensors), f"{place} accesses a tensor that does not exist.")
    tensor, name = relation.tensors[access.tensor], relation.names.tensors[access.tensor]
    _require(len(access.maps) == len(tensor.shape), f"{place} accesses tensor '{name}' with the wrong number of maps.")
    used = access.loops
    _require(set(used) <= loops, f"{place} accesses tensor '{name}' with a loop that is neither outer nor summed.")
    _require(len(set(used)) == len(used), f"{place} accesses tensor '{name}' with one loop twice.")
    for axis, axis_map in enumerate(access.maps):
        _validate_map(relation, f"{place} axis {axis} of tensor '{name}'", axis_map, tensor.shape[axis])


def _validate_map(relation: Relation, place: str, axis_map: AxisMap, axis_size: int) -> None:
    if isinstance(axis_map, AffineMap):
        terms = axis_map.terms
        _require(len(terms) <= MAX_AFFINE_LOOPS, f"{place}: the map has {len(terms)} loops; at most 4 are allowed.")
        _require(all(stride != 0 for stride, _ in terms), f"{place}: the map has a stride of 0.")
        values = prod(relation.loops[loop] for _, loop in terms)
        _require(values <= MAX_SIZE, f"{place}: the loops of the map have {values} values; at most 2^24 are allowed.")
        _require(
            all(stride in _I32 for stride, _ in terms) and axis_map.offset in _I32,
            f"{place}: a stride or the offset is not an i32.",
        )
    elif isinstance(axis_map, GatherMap):
        _require(0 <= axis_map.list_index < len(relation.lists), f"{place}: the gather list does not exist.")
        entries = relation.lists[axis_map.list_index]
        _require(
            len(entries) == relation.loops[axis_map.loop],
            f"{place}: the gather list has {len(entries)} entries, its loop {relation.loops[axis_map.loop]} values.",
        )
        _require(
            min(entries) >= -1 and max(entries) < axis_size,
            f"{place}: the gather list has an entry outside -1 .. {axis_size - 1}.",
        )
    else:
        _validate_public_gather(relation, place, axis_map)


def _validate_public_gather(relation: Relation, place: str, axis_map: PublicGatherMap) -> None:
    _require(0 <= axis_map.tensor < len(relation.tensors), f"{place}: the gathered tensor does not exist.")
    tensor = relation.tensors[axis_map.tensor]
    _require(
        tensor.column == Column.PUBLIC and tensor.shape == (relation.loops[axis_map.loop],),
        f"{place}: gather_public needs a public tensor of one axis, as long as its loop.",
    )


def _validate_model_scope(relation: Relation, place: str, term: Term) -> None:
    for access in term.accesses:
        _require(
            relation.tensors[access.tensor].column in (Column.MODEL, Column.PROGRESSION),
            f"{place} has the scope of the model proof, so it may access model and progression tensors only.",
        )
        _require(
            not any(isinstance(axis_map, PublicGatherMap) for axis_map in access.maps),
            f"{place} has the scope of the model proof, so it may not use gather_public.",
        )
