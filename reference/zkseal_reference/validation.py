"""Chapter 2, "Validation": the rules that a relation must keep. Each rule is one function; all raise InvalidRelation.

The limits on counts are checked while decoding (`decoder`) and, for a derived relation, by `check_counts`.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from .errors import InvalidRelation
from .field import bits
from .relation import (
    EVERY_PROOF,
    MODEL_PROOF,
    Access,
    Affine,
    Column,
    Constraint,
    Expression,
    Gather,
    GatherPublic,
    Lookup,
    Map,
    Relation,
    Tensor,
    accesses_of,
)

MAX_ITEMS = 1 << 16
MAX_SIZE = 1 << 24
DECLARED = tuple(column for column in Column if column != Column.HELPER)
MODEL_PROOF_COLUMNS = (Column.MODEL, Column.PROGRESSION)
MAX_INDEX_BITS = 36
MAX_BOUND = 1 << 62
MAX_MODEL_RANGE = 1 << 48
MAX_SHIFT = 62
NO_WRAP = 1 << 120
MAX_WORK = 1 << 23


def require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidRelation(message)


def validate(relation: Relation) -> None:
    """All rules, in the order of the book."""
    check_counts(relation)
    for tensor in relation.tensors:
        check_tensor(tensor)
    for size in relation.loops:
        require(1 <= size <= MAX_SIZE, f"loop of size {size}")
    check_tables(relation)
    for constraint in relation.constraints:
        check_loops(relation, constraint)
        for access in accesses_of(constraint):
            check_access(relation, access)
        if isinstance(constraint, Lookup):
            check_arity(relation, constraint)
        check_scope(relation, constraint)
        for expression in constraint.expressions:
            check_no_wrap(relation, expression)
    require(work(relation) <= MAX_WORK, "accesses are too irregular: a verifier would work too hard")
    once = any(c.scope == MODEL_PROOF for c in relation.constraints)
    require(not once or bool(relation.model_tensors), "a scope-1 constraint without a model tensor")
    require(any(c.scope == EVERY_PROOF for c in relation.constraints), "no constraint of scope 0")


def work(relation: Relation) -> int:
    """What a verifier expands entry by entry: irregular maps and public tensors."""
    total = 0
    for constraint in relation.constraints:
        for access in accesses_of(constraint):
            tensor = relation.tensors[access.tensor]
            if tensor.column in (Column.PUBLIC, Column.PROGRESSION):
                total += prod(tensor.axes)
            for axis_map, size in zip(access.maps, tensor.axes, strict=True):
                if not is_plain(relation, axis_map, size):
                    total += prod(relation.loops[loop] for loop in axis_map.loops) + size
    for table in relation.tables:
        for index in table.columns:
            column = relation.tensors[index]
            total += prod(column.axes) if column.column == Column.PUBLIC else 0
    return total


def is_plain(relation: Relation, axis_map: Map, size: int) -> bool:
    """A constant inside the axis, or one loop as it is, no longer than the axis."""
    if not isinstance(axis_map, Affine):
        return False
    if not axis_map.strides:
        return 0 <= axis_map.offset < size
    stride, loop = axis_map.strides[0]
    return (len(axis_map.strides), stride, axis_map.offset) == (1, 1, 0) and relation.loops[loop] <= size


def check_counts(relation: Relation) -> None:
    counts = (relation.tensors, relation.loops, relation.lists, relation.tables, relation.lookups, relation.zeros)
    require(all(len(items) <= MAX_ITEMS for items in counts), f"more than {MAX_ITEMS} items of a kind")


def check_tensor(tensor: Tensor) -> None:
    require(tensor.column in DECLARED, f"unknown column {tensor.column}")
    require(1 <= len(tensor.axes) <= 8, f"tensor with {len(tensor.axes)} axes")
    require(all(1 <= size <= MAX_SIZE for size in tensor.axes), f"axes {tensor.axes}")
    require(sum(bits(size) for size in tensor.axes) <= MAX_INDEX_BITS, f"axes {tensor.axes} are too large together")
    require(-MAX_BOUND <= tensor.lo <= tensor.hi <= MAX_BOUND, f"bounds [{tensor.lo}, {tensor.hi}]")
    if tensor.column == Column.PROGRESSION:
        require(len(tensor.axes) == 1, "progression with more than one axis")
        require(tensor.hi == tensor.lo + tensor.axes[0] - 1, "progression whose bounds do not fit its length")
    if tensor.column == Column.PUBLIC:
        require(prod(tensor.axes) <= MAX_SIZE, "public tensor with too many entries")
    if tensor.column == Column.MODEL:
        size = tensor.hi - tensor.lo + 1
        require(size & (size - 1) == 0 and size <= MAX_MODEL_RANGE, f"model tensor with a range of {size} values")


def check_tables(relation: Relation) -> None:
    ids = [table.id for table in relation.tables]
    require(len(set(ids)) == len(ids), "two tables have the same id")
    for table in relation.tables:
        require(1 <= len(table.columns) <= 8, f"table {table.id} has {len(table.columns)} columns")
        require(all(tensor < len(relation.tensors) for tensor in table.columns), f"table {table.id}: no such tensor")
        shapes = {relation.tensors[tensor].axes for tensor in table.columns}
        require(len(shapes) == 1 and all(len(axes) == 1 for axes in shapes), f"columns of table {table.id} differ")


def check_loops(relation: Relation, constraint: Constraint) -> None:
    outer = constraint.loops
    count = len(relation.loops)
    require(all(loop < count for loop in outer), "no such outer loop")
    require(len(outer) <= 8 and len(set(outer)) == len(outer), "outer loops are too many or not distinct")
    require(sum(bits(relation.loops[loop]) for loop in outer) <= MAX_INDEX_BITS, "outer loops are too large together")
    for expression in constraint.expressions:
        for term in expression:
            inner = term.sum_loops
            require(all(loop < count for loop in inner), "no such sum loop")
            require(all(a < b for a, b in pairwise(inner)), "sum loops do not ascend")
            require(not set(inner) & set(outer), "a sum loop is an outer loop")
            require(len(term.accesses) <= 2, "more than two accesses in a term")
            require(term.num != 0 and term.shift <= MAX_SHIFT, f"coefficient {term.num} / 2^{term.shift}")
            for access in term.accesses:
                loops = access.loops
                require(set(loops) <= set(inner) | set(outer), "an access has a loop that its term has not")
                require(len(set(loops)) == len(loops), "a loop occurs twice in an access")


def check_access(relation: Relation, access: Access) -> None:
    require(access.tensor < len(relation.tensors), "no such tensor in an access")
    tensor = relation.tensors[access.tensor]
    require(len(access.maps) == len(tensor.axes), "an access has not one map for each axis")
    for axis_map, size in zip(access.maps, tensor.axes, strict=True):
        if isinstance(axis_map, Affine):
            require(len(axis_map.strides) <= 4, "more than four loops in an affine map")
            require(all(stride != 0 for stride, _ in axis_map.strides), "stride 0")
            values = prod(relation.loops[loop] for _, loop in axis_map.strides)
            require(values <= MAX_SIZE, "the loops of an affine map have too many values")
        elif isinstance(axis_map, Gather):
            check_gather(relation, axis_map, size)
        else:
            check_gather_public(relation, axis_map)


def check_gather(relation: Relation, gather: Gather, size: int) -> None:
    require(gather.list < len(relation.lists), "no such list")
    entries = relation.lists[gather.list]
    require(len(entries) == relation.loops[gather.loop], "a list has not the length of its loop")
    require(all(-1 <= entry < size for entry in entries), "a list entry is no index of its axis")


def check_gather_public(relation: Relation, gather: GatherPublic) -> None:
    require(gather.tensor < len(relation.tensors), "no such tensor in a gather")
    tensor = relation.tensors[gather.tensor]
    require(tensor.column == Column.PUBLIC, "a gather reads a tensor that is not public")
    require(tensor.axes == (relation.loops[gather.loop],), "a gathered tensor has not the shape of its loop")


def check_arity(relation: Relation, lookup: Lookup) -> None:
    require(lookup.table < len(relation.tables), "no such table")
    require(len(lookup.expressions) == len(relation.tables[lookup.table].columns), "a lookup has the wrong arity")


def check_scope(relation: Relation, constraint: Constraint) -> None:
    require(constraint.scope in (EVERY_PROOF, MODEL_PROOF), f"unknown scope {constraint.scope}")
    if constraint.scope == EVERY_PROOF:
        return
    for access in accesses_of(constraint):
        column = relation.tensors[access.tensor].column
        require(column in MODEL_PROOF_COLUMNS, "a scope-1 constraint reads what the model proof has not")
        require(not any(isinstance(m, GatherPublic) for m in access.maps), "a scope-1 constraint gathers publicly")
    if isinstance(constraint, Lookup):
        columns = [relation.tensors[tensor].column for tensor in relation.tables[constraint.table].columns]
        require(all(c == Column.PROGRESSION for c in columns), "the table of a scope-1 lookup is no progression")


def check_no_wrap(relation: Relation, expression: Expression) -> None:
    """The largest absolute value of the expression times 2^S is below 2^120."""
    largest_shift = max((term.shift for term in expression), default=0)
    total = 0
    for term in expression:
        bound = abs(term.num) << (largest_shift - term.shift)
        for loop in term.sum_loops:
            bound *= relation.loops[loop]
        for access in term.accesses:
            tensor = relation.tensors[access.tensor]
            bound *= max(abs(tensor.lo), abs(tensor.hi))
        total += bound
    require(total < NO_WRAP, "an expression may wrap around p")
