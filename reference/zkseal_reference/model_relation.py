"""Chapter 2, "The model relation": the relation that bounds every private model tensor, derived by rule.

The numbered comments are the steps of the book.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .field import bits
from .relation import (
    EVERY_PROOF,
    MODEL_PROOF,
    Access,
    Affine,
    Column,
    Expression,
    Gather,
    Lookup,
    Map,
    Relation,
    Table,
    Tensor,
    Term,
    Zero,
    accesses_of,
    encode_relation,
    relation_digest,
)
from .validation import validate

MIN_WIDTH, MAX_WIDTH = 4, 16
ANNOTATION = b"zkseal model relation v1"
FIRST_SCOPE1_ID = 100


def range_bits(tensor: Tensor) -> int:
    """k = log2(hi - lo + 1) of a model tensor."""
    return bits(tensor.hi - tensor.lo + 1)


def limb_count(k: int, width: int) -> int:
    return max(1, -(-k // width))


def limb_width(tensors: list[Tensor]) -> int:
    """Step 2: the width w of least cost, of several the smallest."""

    def cost(width: int) -> int:
        return (1 << width) + sum(t.entries * limb_count(range_bits(t), width) for t in tensors)

    return min(range(MIN_WIDTH, MAX_WIDTH + 1), key=lambda width: (cost(width), width))


def needed_widths(tensors: list[Tensor], width: int) -> list[int]:
    """Step 3: the widths of the range tables, ascending."""
    needed = set()
    for tensor in tensors:
        k = range_bits(tensor)
        count = limb_count(k, width)
        needed.add(min(k, width))
        if count > 1:
            needed.add(k - width * (count - 1))
    return sorted(needed)


@dataclass
class Derivation:
    """The relation under construction."""

    tensors: list[Tensor]
    loops: list[int]
    tables: list[Table]
    lookups: list[Lookup]
    zeros: list[Zero]

    def append(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def derive_model_relation(main: Relation) -> Relation | None:
    """The model relation of a relation; None if it has no model tensor."""
    if not main.model_tensors:
        return None
    model = [main.tensors[index] for index in main.model_tensors]
    width = limb_width(model)
    # 1. annotation and tensors
    annotation = ANNOTATION + relation_digest(encode_relation(main))
    derived = Derivation(list(model), [], [], [], [])
    # 3. progressions and their tables, then limbs
    table_of_width = {}
    for v in needed_widths(model, width):
        progression = derived.append(Tensor(Column.PROGRESSION, (1 << v,), 0, (1 << v) - 1))
        table_of_width[v] = len(derived.tables)
        derived.tables.append(Table(v + 1, (progression,)))
    limbs = []
    for tensor in model:
        count = limb_count(range_bits(tensor), width)
        limb = Tensor(Column.WITNESS, tensor.axes, 0, (1 << width) - 1)
        limbs.append([derived.append(limb) for _ in range(count - 1)])
    # 4. loops
    outer_loops = []
    for tensor in model:
        outer_loops.append(tuple(range(len(derived.loops), len(derived.loops) + len(tensor.axes))))
        derived.loops += tensor.axes
    first_main_loop = len(derived.loops)
    derived.loops += main.loops
    # 5. range lookups
    for index, tensor in enumerate(model):
        derived.lookups += range_lookups(index, tensor, limbs[index], outer_loops[index], width, table_of_width)
    # 6. and 7. constraints of scope 1
    append_scope1(derived, main, first_main_loop)
    relation = Relation(
        annotation,
        tuple(derived.tensors),
        tuple(derived.loops),
        main.lists,
        tuple(derived.tables),
        tuple(derived.lookups),
        tuple(derived.zeros),
    )
    validate(relation)
    return relation


def range_lookups(
    index: int, tensor: Tensor, limbs: list[int], loops: tuple[int, ...], width: int, table_of_width: dict[int, int]
) -> list[Lookup]:
    """Step 5: the lookups of one model tensor, its limbs first."""

    def at_loops(tensor_index: int) -> tuple[Access, ...]:
        return (Access(tensor_index, tuple(Affine(((1, loop),), 0) for loop in loops)),)

    lookups = []
    for limb in limbs:
        expression: Expression = (Term(1, 0, (), at_loops(limb)),)
        lookups.append(Lookup(EVERY_PROOF, table_of_width[width], loops, (expression,)))
    shift = width * len(limbs)
    terms = [Term(1, shift, (), at_loops(index))]
    if tensor.lo != 0:
        terms.append(Term(-tensor.lo, shift, (), ()))
    for t, limb in enumerate(limbs):
        terms.append(Term(-(1 << (width * t)), shift, (), at_loops(limb)))
    top = table_of_width[range_bits(tensor) - shift]
    lookups.append(Lookup(EVERY_PROOF, top, loops, (tuple(terms),)))
    return lookups


def append_scope1(derived: Derivation, main: Relation, first_main_loop: int) -> None:
    """Steps 6 and 7: tables, progressions and constraints of scope 1, translated."""
    lookups = [lookup for lookup in main.lookups if lookup.scope == MODEL_PROOF]
    zeros = [zero for zero in main.zeros if zero.scope == MODEL_PROOF]
    tables = {}
    for index in sorted({lookup.table for lookup in lookups}):
        columns = tuple(derived.append(main.tensors[tensor]) for tensor in main.tables[index].columns)
        tables[index] = len(derived.tables)
        derived.tables.append(Table(FIRST_SCOPE1_ID + index, columns))
    tensors = {old: new for new, old in enumerate(main.model_tensors)}
    read = {
        access.tensor
        for constraint in main.constraints
        if constraint.scope == MODEL_PROOF
        for access in accesses_of(constraint)
    }
    for old in sorted(read - set(tensors)):
        tensors[old] = derived.append(main.tensors[old])
    translate = Translation(tensors, first_main_loop)
    for lookup in lookups:
        expressions = tuple(translate.expression(expression) for expression in lookup.expressions)
        derived.lookups.append(Lookup(EVERY_PROOF, tables[lookup.table], translate.loops(lookup.loops), expressions))
    for zero in zeros:
        expression = translate.expression(zero.expression)
        derived.zeros.append(Zero(EVERY_PROOF, translate.loops(zero.loops), expression))


@dataclass(frozen=True)
class Translation:
    """Indices of the main relation, turned into those of the model relation. Lists keep theirs."""

    tensors: dict[int, int]
    first_loop: int

    def loops(self, loops: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(loop + self.first_loop for loop in loops)

    def map(self, axis_map: Map) -> Map:
        if isinstance(axis_map, Affine):
            strides = tuple((stride, loop + self.first_loop) for stride, loop in axis_map.strides)
            return Affine(strides, axis_map.offset)
        if isinstance(axis_map, Gather):
            return Gather(axis_map.loop + self.first_loop, axis_map.list)
        return axis_map  # gather_public: refused by validation

    def access(self, access: Access) -> Access:
        return Access(self.tensors[access.tensor], tuple(self.map(axis_map) for axis_map in access.maps))

    def expression(self, expression: Expression) -> Expression:
        return tuple(
            replace(
                term,
                sum_loops=self.loops(term.sum_loops),
                accesses=tuple(self.access(access) for access in term.accesses),
            )
            for term in expression
        )
