"""Every rule of chapter 2, section Validation: a valid relation is changed in one place and refused for that reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from zkseal.errors import InvalidRelation
from zkseal.relation import Column, Relation, RelationBuilder, Scope, Tensor
from zkseal.relation.types import Access, AffineMap, GatherMap, Lookup, PublicGatherMap, Table, Term, Zero
from zkseal.relation.validation import index_bits, wrap_bound

Change = Callable[[Relation], Relation]

# Indices of the parts of `base`.
W, X, TOKENS, PROGRESSION, CONTENTS = range(5)
LOOP_I, LOOP_O, LOOP_BIG = range(3)


def base() -> Relation:
    b = RelationBuilder()
    i, o = b.loop(3, "i"), b.loop(2, "o")
    b.loop(1 << 20, "big")
    w = b.tensor("w", (2, 3), Column.MODEL, -8, 7)
    x = b.tensor("x", (3,), Column.INPUT, -8, 7)
    b.tensor("tokens", (2,), Column.PUBLIC, 0, 2)
    table = b.table("squares", [range(4), np.array([0, 1, 4, 9])])
    plain = b.table("plain", [range(4)])
    b.zero([o], b.sum([i], x[i] * w[o, i]) + x[b.gather([2, -1], o)])
    b.lookup(table, [i], [x[i], x[i]])
    b.lookup(plain, [i], [w[0, i]], once=True)
    return b.finish()


def tensor(index: int, **changes: object) -> Change:
    def change(relation: Relation) -> Relation:
        tensors = list(relation.tensors)
        tensors[index] = replace(tensors[index], **changes)  # type: ignore[arg-type]
        return replace(relation, tensors=tuple(tensors))

    return change


def zero(**changes: object) -> Change:
    return lambda relation: replace(relation, zeros=(replace(relation.zeros[0], **changes),))  # type: ignore[arg-type]


def term(**changes: object) -> Change:
    """Changes the first term of the zero, `sum(i) w[o, i] * x[i]`."""

    def change(relation: Relation) -> Relation:
        first, *rest = relation.zeros[0].expression
        return zero(expression=(replace(first, **changes), *rest))(relation)  # type: ignore[arg-type]

    return change


def x_map(axis_map: AffineMap | GatherMap | PublicGatherMap, loops: tuple[int, ...] = (LOOP_O,)) -> Change:
    """Replaces the zero by one access of x through `axis_map`."""
    return zero(loops=loops, expression=(Term(1, 0, (), (Access(X, (axis_map,)),)),))


def lookup(index: int, **changes: object) -> Change:
    def change(relation: Relation) -> Relation:
        lookups = list(relation.lookups)
        lookups[index] = replace(lookups[index], **changes)  # type: ignore[arg-type]
        return replace(relation, lookups=tuple(lookups))

    return change


def table(index: int, **changes: object) -> Change:
    def change(relation: Relation) -> Relation:
        tables = list(relation.tables)
        tables[index] = replace(tables[index], **changes)  # type: ignore[arg-type]
        return replace(relation, tables=tuple(tables))

    return change


def named(kind: str, items: tuple[object, ...]) -> Change:
    """Replaces a whole list of parts and its names."""

    def change(relation: Relation) -> Relation:
        names = relation.names
        if hasattr(names, kind):
            names = replace(names, **{kind: tuple(f"{kind}{k}" for k in range(len(items)))})
        return replace(relation, names=names, **{kind: items})  # type: ignore[arg-type]

    return change


def model_access(tensor: int, axis_map: AffineMap | PublicGatherMap) -> tuple[tuple[Term, ...], ...]:
    return ((Term(1, 0, (), (Access(tensor, (axis_map,)),)),),)


X_OF_I = Access(X, (AffineMap(((1, LOOP_I),), 0),))
W_OF_OI = Access(W, (AffineMap(((1, LOOP_O),), 0), AffineMap(((1, LOOP_I),), 0)))
SCALAR = Tensor(Column.INPUT, (1,), 0, 1)
ZERO = Zero(Scope.EVERY_PROOF, (), ())

CASES: list[tuple[str, Change, str]] = [
    ("annotation", lambda r: replace(r, annotation=bytes((1 << 20) + 1)), "2\\^20 bytes"),
    ("tensor count", named("tensors", (SCALAR,) * (65537)), "65537 tensors"),
    ("loop count", named("loops", (1,) * 65537), "65537 loops"),
    ("list count", named("lists", ((),) * 65537), "65537 lists"),
    ("table count", named("tables", (Table(1, (3,)),) * 65537), "65537 tables"),
    ("lookup count", lambda r: named("lookups", (r.lookups[0],) * 65537)(r), "65537 lookups"),
    ("zero count", named("zeros", (ZERO,) * 65537), "65537 zeros"),
    ("list length", named("lists", ((0,) * ((1 << 24) + 1),)), "2\\^24"),
    ("list entry", named("lists", ((1 << 31, 0),)), "i32"),
    ("no axes", tensor(X, shape=()), "0 axes"),
    ("nine axes", tensor(X, shape=(1,) * 9), "9 axes"),
    ("axis 0", tensor(X, shape=(0,)), "axes are 1 to"),
    ("axis too long", tensor(X, shape=(1 << 31,)), "axes are 1 to"),
    ("tensor too large", tensor(W, shape=(1 << 20, (1 << 16) + 1)), "37 index bits"),
    ("bounds swapped", tensor(X, lo=8), "not -2\\^62"),
    ("lo too low", tensor(X, lo=-(1 << 62) - 1), "not -2\\^62"),
    ("hi too high", tensor(X, hi=(1 << 62) + 1), "not -2\\^62"),
    ("progression bounds", tensor(PROGRESSION, hi=4), "progression"),
    ("progression axes", tensor(PROGRESSION, shape=(2, 2)), "progression"),
    ("model span", tensor(W, hi=6), "power of two"),
    ("model span too large", tensor(W, lo=0, hi=(1 << 49) - 1), "2\\^48"),
    ("loop 0", named("loops", (0, 2, 4)), "size 0"),
    ("loop too long", named("loops", (3, 2, 1 << 31)), "size 2147483648"),
    ("table id twice", table(1, id=1), "not a new u32"),
    ("table id too large", table(1, id=1 << 32), "not a new u32"),
    ("table without columns", table(1, columns=()), "0 columns"),
    ("table of nine columns", table(1, columns=(PROGRESSION,) * 9), "9 columns"),
    ("table column", table(1, columns=(99,)), "does not exist"),
    ("table of two lengths", table(1, columns=(PROGRESSION, X)), "one length"),
    ("table of two axes", table(1, columns=(W,)), "one axis"),
    ("outer loop twice", zero(loops=(LOOP_O, LOOP_O)), "same outer loop twice"),
    ("nine outer loops", lambda r: zero(loops=tuple(range(9)))(named("loops", (2,) * 9)(r)), "9 outer loops"),
    ("outer loop unknown", zero(loops=(LOOP_O, 9)), "loop that does not exist"),
    ("outer bits", lambda r: zero(loops=(0, 1))(named("loops", (1 << 20, 1 << 20))(r)), "40 bits"),
    ("sum loops descend", term(sums=(LOOP_BIG, LOOP_I)), "do not ascend"),
    ("sum loop twice", term(sums=(LOOP_I, LOOP_I)), "do not ascend"),
    ("sum loop unknown", term(sums=(LOOP_I, 9)), "loop that does not exist"),
    ("sum loop outer", term(sums=(LOOP_I, LOOP_O)), "sums over an outer loop"),
    ("loop neither outer nor summed", term(sums=()), "neither outer nor summed"),
    (
        "loop twice",
        zero(loops=(LOOP_I,), expression=(Term(1, 0, (), (Access(W, (AffineMap(((1, LOOP_I),), 0),) * 2),)),)),
        "twice",
    ),
    ("three accesses", term(accesses=(X_OF_I,) * 3), "3 accesses"),
    ("coefficient 0", term(num=0), "coefficient 0"),
    ("coefficient too large", term(num=1 << 63), "i64"),
    ("shift", term(shift=63), "largest shift"),
    ("access unknown", term(accesses=(Access(99, ()),)), "tensor that does not exist"),
    ("maps", term(accesses=(Access(X, W_OF_OI.maps),)), "wrong number of maps"),
    (
        "affine loops",
        lambda r: x_map(AffineMap(tuple((1, k) for k in range(5)), 0), tuple(range(5)))(named("loops", (2,) * 5)(r)),
        "5 loops",
    ),
    ("stride 0", x_map(AffineMap(((0, LOOP_O),), 0)), "stride of 0"),
    ("stride too large", x_map(AffineMap(((1 << 31, LOOP_O),), 0)), "i32"),
    ("offset too large", x_map(AffineMap((), -(1 << 31) - 1)), "i32"),
    ("gather length", x_map(GatherMap(LOOP_I, 0), (LOOP_I,)), "2 entries, its loop 3"),
    ("gather list unknown", x_map(GatherMap(LOOP_O, 7)), "list does not exist"),
    ("gather entry -2", lambda r: named("lists", ((-2, 0),))(r), "outside -1 .. 2"),
    ("gather entry too large", lambda r: named("lists", ((3, 0),))(r), "outside -1 .. 2"),
    ("gather_public private", x_map(PublicGatherMap(LOOP_I, X), (LOOP_I,)), "public tensor"),
    ("gather_public length", x_map(PublicGatherMap(LOOP_I, TOKENS), (LOOP_I,)), "public tensor"),
    ("gather_public unknown", x_map(PublicGatherMap(LOOP_I, 99), (LOOP_I,)), "does not exist"),
    ("lookup arity", lookup(0, expressions=((),)), "1 expressions, but its table 2"),
    ("lookup table", lookup(0, table=2), "table that does not exist"),
    (
        "model scope access",
        lookup(1, expressions=model_access(X, AffineMap(((1, LOOP_I),), 0))),
        "model and progression",
    ),
    ("model scope table", lookup(1, table=0, expressions=((), ())), "progressions only"),
    (
        "model scope gather_public",
        lookup(1, loops=(LOOP_O,), expressions=model_access(PROGRESSION, PublicGatherMap(LOOP_O, TOKENS))),
        "gather_public",
    ),
    (
        "no constraint",
        lambda r: replace(
            named("zeros", ())(r), lookups=r.lookups[1:], names=replace(r.names, zeros=(), lookups=("a",))
        ),
        "every proof",
    ),
]


@pytest.mark.parametrize(("change", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_validate_rejects(change: Change, reason: str) -> None:
    with pytest.raises(InvalidRelation, match=reason) as caught:
        change(base()).validate()
    assert caught.value.reason == str(caught.value)


def test_validate_accepts_the_base_relation() -> None:
    base().validate()
    assert Relation.decode(base().encode()) == base()


@pytest.mark.parametrize(("magnitude_bits", "accepted"), [(58, True), (59, False)])
def test_no_wrap_is_exactly_below_two_to_the_120(magnitude_bits: int, accepted: bool) -> None:
    """2^60 times two values of x: a magnitude of 2^58 gives 2^119, one of 2^59 gives 2^120."""
    relation = tensor(X, lo=-(1 << magnitude_bits), hi=0)(base())
    relation = zero(loops=(LOOP_O,), expression=(Term(1 << 60, 0, (LOOP_I,), (X_OF_I,)),))(relation)
    relation = replace(relation, loops=(2, *relation.loops[1:]))
    relation = replace(relation, lookups=(relation.lookups[0],), names=replace(relation.names, lookups=("a",)))
    assert wrap_bound(relation, relation.zeros[0].expression) == 1 << (61 + magnitude_bits)
    if accepted:
        relation.validate()
    else:
        with pytest.raises(InvalidRelation, match="121 bits"):
            relation.validate()


def test_wrap_bound_scales_all_terms_to_the_largest_shift() -> None:
    expression = (Term(3, 0, (), ()), Term(-5, 4, (), ()))
    assert wrap_bound(base(), expression) == 3 * 16 + 5


def test_lookup_of_the_model_scope_in_a_progression_passes() -> None:
    relation = base()
    assert isinstance(relation.lookups[1], Lookup)
    assert relation.lookups[1].scope == Scope.MODEL_PROOF


@pytest.mark.parametrize(("size", "bits"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1 << 20, 20)])
def test_index_bits(size: int, bits: int) -> None:
    assert index_bits(size) == bits
