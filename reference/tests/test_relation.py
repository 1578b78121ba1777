"""Chapter 2: canonical bytes, decoder, validation, and the derivation of the model relation."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from zkseal_reference.decoder import decode_relation
from zkseal_reference.errors import InvalidRelation, ReferenceLimit, UnknownVersion
from zkseal_reference.layout import Layout
from zkseal_reference.model_relation import derive_model_relation, limb_width, needed_widths
from zkseal_reference.parameters import LookupArgument, Parameters
from zkseal_reference.relation import (
    Access,
    Affine,
    Column,
    Gather,
    GatherPublic,
    Lookup,
    Relation,
    Table,
    Tensor,
    Term,
    Zero,
    encode_relation,
    relation_digest,
)
from zkseal_reference.validation import validate
from zkseal_reference.weights import check_affordable

from .relations import SKETCHES, limbs, tiny

WITNESS = Column.WITNESS


@pytest.mark.parametrize("name", SKETCHES)
def test_a_relation_survives_its_bytes(name: str) -> None:
    relation = SKETCHES[name]().relation()
    data = encode_relation(relation)
    assert decode_relation(data) == relation
    for length in range(0, len(data), 7):
        with pytest.raises(InvalidRelation):
            decode_relation(data[:length])
    with pytest.raises(InvalidRelation):
        decode_relation(data + b"\0")


def test_canonical_bytes_are_those_of_the_book() -> None:
    relation = Relation(
        annotation=b"ab",
        tensors=(Tensor(WITNESS, (3,), -1, 2), Tensor(Column.PUBLIC, (2,), 0, 2)),
        loops=(2,),
        lists=((2, -1),),
        tables=(Table(9, (0,)),),
        lookups=(Lookup(0, 0, (0,), ((Term(1, 0, (), (Access(0, (Gather(0, 0),)),)),),)),),
        zeros=(Zero(0, (), (Term(-3, 1, (0,), (Access(0, (Affine(((-2, 0),), 1),)),)),)),),
    )
    expected = (
        "5a4b5352 0001 00000002 6162"
        "00000002 04 01 00000003 ffffffffffffffff 0000000000000002"
        "         05 01 00000002 0000000000000000 0000000000000002"
        "00000001 00000002"
        "00000001 00000002 00000002 ffffffff"
        "00000001 00000009 01 00000000"
        "00000001 00 00000000 01 00000000 0001 0000000000000001 00 00 01 00000000 01 00000000 00000000"
        "00000001 00 00 0001 fffffffffffffffd 01 01 00000000 01 00000000 00 01 fffffffe 00000000 00000001"
    )
    assert encode_relation(relation) == bytes.fromhex(expected)
    gathered = replace(relation.zeros[0], loops=(0,), expression=(Term(1, 0, (), (Access(0, (GatherPublic(0, 1),)),)),))
    data = encode_relation(replace(relation, zeros=(gathered,)))
    assert data.endswith(bytes.fromhex("01 00000000 02 00000000 00000001"))
    decode_relation(data)


def test_every_changed_byte_is_another_relation_or_a_named_error() -> None:
    data = encode_relation(tiny().relation())
    source = random.Random(8)  # noqa: S311
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << source.randrange(8)
        try:
            decoded = decode_relation(bytes(changed))
        except (InvalidRelation, UnknownVersion):
            continue
        assert encode_relation(decoded) == bytes(changed)


def one_zero(*terms: Term, loops: tuple[int, ...] = (0,), scope: int = 0) -> Callable[[Relation], Relation]:
    return lambda relation: replace(relation, zeros=(Zero(scope, loops, terms),))


def with_tensor(index: int, tensor: Tensor) -> Callable[[Relation], Relation]:
    def change(relation: Relation) -> Relation:
        tensors = list(relation.tensors)
        tensors[index] = tensor
        return replace(relation, tensors=tuple(tensors))

    return change


BASE = Relation(
    annotation=b"",
    tensors=(
        Tensor(WITNESS, (4,), -8, 7),
        Tensor(Column.PROGRESSION, (4,), 0, 3),
        Tensor(Column.PUBLIC, (4,), 0, 3),
        Tensor(Column.MODEL, (4, 4), 0, 7),
    ),
    loops=(4, 4, 3),
    lists=((0, 1, 2, 3), (0, -2, 0, 0), (4, 0, 0, 0), (0, 0, 0)),
    tables=(Table(0, (1,)), Table(1, (0,))),
    lookups=(),
    zeros=(Zero(0, (0,), (Term(1, 0, (), (Access(0, (Affine(((1, 0),), 0),)),)),)),),
)
LOOP = Affine(((1, 0),), 0)
X = Access(0, (LOOP,))
HUGE = (1 << 31) - 1

BROKEN: dict[str, Callable[[Relation], Relation]] = {
    "unknown column": with_tensor(0, Tensor(7, (4,), 0, 1)),
    "no axes": with_tensor(0, Tensor(WITNESS, (), 0, 1)),
    "nine axes": with_tensor(0, Tensor(WITNESS, (1,) * 9, 0, 1)),
    "axis 0": with_tensor(0, Tensor(WITNESS, (0,), 0, 1)),
    "axis 2^31": with_tensor(0, Tensor(WITNESS, (1 << 31,), 0, 1)),
    "37 index bits": with_tensor(0, Tensor(WITNESS, (1 << 19, 1 << 18), 0, 1)),
    "lo above hi": with_tensor(0, Tensor(WITNESS, (4,), 1, 0)),
    "hi above 2^62": with_tensor(0, Tensor(WITNESS, (4,), 0, (1 << 62) + 1)),
    "progression of two axes": with_tensor(1, Tensor(Column.PROGRESSION, (4, 1), 0, 3)),
    "progression with other bounds": with_tensor(1, Tensor(Column.PROGRESSION, (4,), 0, 4)),
    "model range is no power of two": with_tensor(3, Tensor(Column.MODEL, (4, 4), 0, 6)),
    "model range of 2^49": with_tensor(3, Tensor(Column.MODEL, (4, 4), 0, (1 << 49) - 1)),
    "loop of size 0": lambda r: replace(r, loops=(4, 4, 0)),
    "loop of size 2^31": lambda r: replace(r, loops=(4, 4, 1 << 31)),
    "equal table ids": lambda r: replace(r, tables=(Table(0, (1,)), Table(0, (0,)))),
    "table without columns": lambda r: replace(r, tables=(Table(0, ()),)),
    "table of nine columns": lambda r: replace(r, tables=(Table(0, (1,) * 9),)),
    "table of a missing tensor": lambda r: replace(r, tables=(Table(0, (4,)),)),
    "table of a matrix": lambda r: replace(r, tables=(Table(0, (3,)),)),
    "table of unequal columns": lambda r: replace(
        r, tensors=(*r.tensors, Tensor(WITNESS, (5,), 0, 1)), tables=(Table(0, (0, 4)),)
    ),
    "missing outer loop": one_zero(Term(1, 0, (), (X,)), loops=(3,)),
    "equal outer loops": one_zero(Term(1, 0, (), (X,)), loops=(0, 0)),
    "nine outer loops": lambda r: replace(r, loops=(4,) * 9, zeros=(Zero(0, tuple(range(9)), (Term(1, 0, (), ()),)),)),
    "37 loop bits": lambda r: replace(r, loops=(HUGE, 64), zeros=(Zero(0, (0, 1), (Term(1, 0, (), ()),)),)),
    "missing sum loop": one_zero(Term(1, 0, (3,), (X,))),
    "equal sum loops": one_zero(Term(1, 0, (1, 1), (X,))),
    "descending sum loops": one_zero(Term(1, 0, (2, 1), (X,))),
    "a sum loop is outer": one_zero(Term(1, 0, (0,), (X,))),
    "a loop of nobody": one_zero(Term(1, 0, (), (Access(0, (Affine(((1, 1),), 0),)),))),
    "a loop twice in a map": one_zero(Term(1, 0, (), (Access(0, (Affine(((1, 0), (2, 0)), 0),)),))),
    "a loop in two axes": one_zero(Term(1, 0, (), (Access(3, (LOOP, LOOP)),))),
    "three accesses": one_zero(Term(1, 0, (), (X, X, X))),
    "num 0": one_zero(Term(0, 0, (), (X,))),
    "shift 63": one_zero(Term(1, 63, (), (X,))),
    "five strides": lambda r: replace(
        r,
        loops=(1,) * 5,
        zeros=(Zero(0, tuple(range(5)), (Term(1, 0, (), (Access(0, (Affine(((1, 0),) * 5, 0),)),)),)),),
    ),
    "stride 0": one_zero(Term(1, 0, (), (Access(0, (Affine(((0, 0),), 0),)),))),
    "missing tensor": one_zero(Term(1, 0, (), (Access(4, (LOOP,)),))),
    "gather from a missing list": one_zero(Term(1, 0, (), (Access(0, (Gather(0, 4),)),))),
    "gather by a shorter list": one_zero(Term(1, 0, (), (Access(0, (Gather(0, 3),)),))),
    "list entry -2": one_zero(Term(1, 0, (), (Access(0, (Gather(0, 1),)),))),
    "list entry beyond the axis": one_zero(Term(1, 0, (), (Access(0, (Gather(0, 2),)),))),
    "gather from a missing tensor": one_zero(Term(1, 0, (), (Access(0, (GatherPublic(0, 9),)),))),
    "gather from a witness": one_zero(Term(1, 0, (), (Access(0, (GatherPublic(0, 0),)),))),
    "gather of another length": one_zero(Term(1, 0, (), (Access(0, (GatherPublic(2, 2),)),)), loops=(2,)),
    "lookup of the wrong arity": lambda r: replace(r, lookups=(Lookup(0, 0, (), ((Term(1, 0, (), ()),),) * 2),)),
    "lookup in a missing table": lambda r: replace(r, lookups=(Lookup(0, 2, (), ((Term(1, 0, (), ()),),)),)),
    "scope 2": one_zero(Term(1, 0, (), (X,)), scope=2),
    "scope 1 reads a witness": lambda r: replace(r, zeros=(*r.zeros, Zero(1, (0,), (Term(1, 0, (), (X,)),)))),
    "scope 1 in a witness table": lambda r: replace(r, lookups=(Lookup(1, 1, (), ((Term(1, 0, (), ()),),)),)),
    "scope 1 gathers publicly": lambda r: replace(
        r, zeros=(*r.zeros, Zero(1, (0,), (Term(1, 0, (), (Access(1, (GatherPublic(0, 2),)),)),)))
    ),
    "no constraint of scope 0": one_zero(Term(1, 0, (), (Access(1, (LOOP,)),)), scope=1),
    "no constraint": lambda r: replace(r, zeros=()),
}


def test_the_base_of_the_broken_relations_is_valid() -> None:
    validate(BASE)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_refused(name: str) -> None:
    broken = BROKEN[name](BASE)
    with pytest.raises(InvalidRelation):
        validate(broken)
    if name not in ("missing tensor", "lookup of the wrong arity"):  # such a relation has no bytes
        with pytest.raises(InvalidRelation):
            decode_relation(encode_relation(broken))


def test_the_wrap_bound_is_exact() -> None:
    wide = with_tensor(0, Tensor(WITNESS, (4,), -(1 << 58), 1 << 58))(BASE)
    square = (X, X)

    def with_term(*terms: Term) -> Relation:
        return replace(wide, zeros=(Zero(0, (0,), terms),))

    validate(with_term(Term(7, 0, (), square)))  # 7 * 2^116 < 2^120
    validate(with_term(Term(15, 0, (), square)))
    with pytest.raises(InvalidRelation):
        validate(with_term(Term(16, 0, (), square)))
    with pytest.raises(InvalidRelation):
        validate(with_term(Term(-4, 0, (1,), square)))  # the sum loop counts four times
    with pytest.raises(InvalidRelation):
        validate(with_term(Term(8, 1, (), square), Term(1, 0, (), square), Term(6, 1, (), square)))
    validate(with_term(Term(8, 1, (), square), Term(1, 0, (), square), Term(5, 1, (), square)))


def test_counts_beyond_the_limits_are_refused_before_they_are_read() -> None:
    head = b"ZKSR\0\1" + bytes(4)
    for data in (head + b"\0\1\0\1", b"ZKSR\0\1\0\x10\0\1", head + bytes(8) + b"\0\0\0\1\x01\0\0\1"):
        with pytest.raises(InvalidRelation, match="at most"):
            decode_relation(data)


def test_a_relation_too_large_for_lists_is_refused_by_name() -> None:
    def too_large(relation: Relation, parameters: Parameters) -> None:
        with pytest.raises(ReferenceLimit):
            check_affordable(Layout(relation, parameters))

    short = Parameters(16, LookupArgument.HELPER, 1)
    too_large(replace(BASE, loops=(HUGE, 4, 3)), Parameters(16))
    too_large(with_tensor(1, Tensor(Column.PROGRESSION, (HUGE,), 0, HUGE - 1))(BASE), Parameters(16))
    lookup = Lookup(0, 0, (0, 1), ((Term(1, 0, (), ()),),))
    long_lane = replace(BASE, loops=(1 << 12, 1 << 9, 3), lookups=(lookup,), zeros=())
    check_affordable(Layout(long_lane, Parameters(16)))
    too_large(long_lane, short)


# The model relation


def test_limb_widths() -> None:
    def model(*shapes: tuple[int, int]) -> list[Tensor]:
        return [Tensor(Column.MODEL, (count,), 0, (1 << k) - 1) for count, k in shapes]

    assert limb_width(model((10, 8))) == 4  # 16 + 20 against 256 + 10
    assert limb_width(model((1000, 8))) == 8  # 256 + 1000 against 16 + 2000
    assert limb_width(model((16, 5))) == 4  # 16 + 32 and 32 + 16 are equal: the smaller
    assert limb_width(model((17, 5))) == 5
    assert limb_width(model((5, 0))) == 4
    assert needed_widths(model((1, 0), (1, 3), (1, 4), (1, 6), (1, 10)), 4) == [0, 2, 3, 4]


def test_the_model_relation_of_the_book() -> None:
    main = limbs().relation()
    model = derive_model_relation(main)
    assert model is not None
    assert model.annotation == b"zkseal model relation v1" + relation_digest(encode_relation(main))
    kinds = [(Column(t.column).name, t.axes, t.lo, t.hi) for t in model.tensors]
    assert kinds == [
        ("MODEL", (2,), 5, 5),
        ("MODEL", (2,), -8, 7),
        ("MODEL", (1, 2), -32, 31),
        ("MODEL", (2,), 0, 1023),
        ("MODEL", (2, 3), 0, 1),
        *[("PROGRESSION", (1 << v,), 0, (1 << v) - 1) for v in (0, 1, 2, 4)],
        ("WITNESS", (1, 2), 0, 15),
        *[("WITNESS", (2,), 0, 15)] * 2,
        ("PROGRESSION", (3,), 0, 2),
        *[("PROGRESSION", (2,), 0, 1)] * 2,
        ("PROGRESSION", (3,), 0, 2),
    ]
    assert model.loops == (2, 2, 1, 2, 2, 2, 3, *main.loops)
    assert model.lists == main.lists
    assert model.tables == (
        *(Table(v + 1, (5 + i,)) for i, v in enumerate((0, 1, 2, 4))),
        Table(100, (12,)),
        Table(101, (13, 14)),
    )
    ten = Access(3, (Affine(((1, 4),), 0),))
    limb = [Access(tensor, (Affine(((1, 4),), 0),)) for tensor in (10, 11)]
    assert model.lookups[4:7] == (
        Lookup(0, 3, (4,), ((Term(1, 0, (), (limb[0],)),),)),
        Lookup(0, 3, (4,), ((Term(1, 0, (), (limb[1],)),),)),
        Lookup(0, 2, (4,), ((Term(1, 8, (), (ten,)), Term(-1, 8, (), (limb[0],)), Term(-16, 8, (), (limb[1],))),)),
    )
    assert model.lookups[3].expressions[0][1] == Term(32, 4, (), ())
    assert len(model.lookups) == 2 + 2 + 3 + 1 + 2
    index = model.lookups[-2]
    assert (index.table, index.loops) == (4, (7,))
    assert [a.tensor for a in index.expressions[0][0].accesses] == [4, 15]
    assert index.expressions[0][0].sum_loops == (8,)
    assert [z.scope for z in model.zeros] == [0, 0]
    assert model.zeros[1].loops == (7, 8)


def test_no_model_tensor_no_model_relation() -> None:
    assert derive_model_relation(replace(tiny().relation(), tensors=BASE.tensors[:3])) is None
