"""Chapter 3: addresses, committed rows, lookup domain, slots, mask vector."""

from __future__ import annotations

from itertools import product

import pytest

from zkseal_reference.errors import InvalidParameters
from zkseal_reference.field import bits
from zkseal_reference.layout import Layout
from zkseal_reference.mask import MaskIndex
from zkseal_reference.opening import padded_indices
from zkseal_reference.parameters import LookupArgument, Opening, Parameters, decode_parameters
from zkseal_reference.relation import COMMITTED, Column, Lookup, Relation, Table, Tensor, Term, Zero

from .relations import SKETCHES, merged, mlp, tiny


def layout_of(name: str) -> Layout:
    sketch = SKETCHES[name]()
    return Layout(sketch.relation(), Parameters(sketch.c))


def only_tensors(c: int, *tensors: Tensor) -> Layout:
    zero = Zero(0, (), (Term(1, 0, (), ()),))
    return Layout(Relation(b"", tensors, (), (), (), (), (zero,)), Parameters(c))


def test_parameters() -> None:
    data = Parameters(9).encode()
    assert len(data) == 37
    assert data[:5] == bytes([1, 9, 0, 1, 0])
    assert decode_parameters(data) == Parameters(9)
    with pytest.raises(InvalidParameters):
        decode_parameters(data[:36])


@pytest.mark.parametrize("lanes", range(1, 9))
def test_parameters_of_the_helper_argument(lanes: int) -> None:
    short = Parameters(9, LookupArgument.HELPER, lanes, Opening.KZG, bytes(range(32)))
    assert short.encode()[:5] == bytes([1, 9, 1, lanes, 1])
    assert decode_parameters(short.encode()) == short


@pytest.mark.parametrize("changed", [(1, 3), (1, 17), (2, 2), (3, 0), (3, 9), (4, 2)])
def test_parameters_that_do_not_exist(changed: tuple[int, int]) -> None:
    data = bytearray(Parameters(9, LookupArgument.HELPER, 2).encode())
    data[changed[0]] = changed[1]
    with pytest.raises(InvalidParameters):
        decode_parameters(bytes(data))
    tree = bytearray(Parameters(9).encode())
    tree[3] = 2  # the tree has one lane
    with pytest.raises(InvalidParameters):
        decode_parameters(bytes(tree))


def test_addresses_by_hand() -> None:
    witness, model = Column.WITNESS, Column.MODEL
    layout = only_tensors(
        4,
        Tensor(model, (3,), 0, 1),  # nu 2
        Tensor(witness, (5, 3), 0, 1),  # nu 3 + 2
        Tensor(witness, (9,), 0, 1),  # nu 4
        Tensor(witness, (2, 5), 0, 1),  # nu 1 + 3
        Tensor(witness, (6, 3), 0, 1),  # nu 3 + 2
        Tensor(Column.PUBLIC, (64,), 0, 1),
        Tensor(witness, (1,), 0, 1),  # nu 0
    )
    # witness: 32 + 32 + 16 + 16 + 1 = 97 entries, 7 rows, which take 8; then the row of the model
    assert layout.columns[witness].first_row == 0
    assert layout.columns[witness].need == 7
    assert layout.columns[model].first_row == 8
    assert layout.row_variables == 4
    assert {t: b.base for t, b in layout.addresses.items()} == {1: 0, 4: 32, 2: 64, 3: 80, 6: 96, 0: 128}
    # (5, 3) in 8 x 4: rows of four lines, so lines 0..3 and 4; (6, 3) likewise
    assert layout.committed_rows(witness) == [0, 1, 2, 3, 4, 5, 6]
    assert layout.committed_rows(model) == [8]


def test_rows_of_padding_have_no_commitment() -> None:
    layout = only_tensors(4, Tensor(Column.INPUT, (3, 5, 9), 0, 1))  # 4 x 8 x 16: a row for each of 3 x 5
    assert layout.committed_rows(Column.INPUT) == [8 * i + j for i in range(3) for j in range(5)]
    assert layout.committed_row_count(Column.INPUT) == 15
    straddling = only_tensors(4, Tensor(Column.INPUT, (3, 5, 3), 0, 1))  # 4 x 8 x 4: rows of four lines
    assert straddling.committed_rows(Column.INPUT) == [0, 1, 2, 3, 4, 5]
    assert only_tensors(4).row_variables == 0


@pytest.mark.parametrize("name", SKETCHES)
def test_committed_rows_are_those_with_entries(name: str) -> None:
    layout = layout_of(name)
    seen: set[int] = set()
    for column in COMMITTED:
        rows = set()
        for tensor in layout.columns[column].tensors:
            block = layout.addresses[tensor]
            assert block.base % (1 << block.log_size) == 0
            addresses = {block.base + i for i in padded_indices(layout.tensors[tensor])}
            assert not addresses & seen
            seen |= addresses
            rows |= {address >> layout.c for address in addresses}
        assert layout.committed_rows(column) == sorted(rows)
        assert layout.committed_row_count(column) == len(rows)
        assert all(row < 1 << layout.row_variables for row in rows)


@pytest.mark.parametrize(
    ("c", "axes"),
    [
        (4, [(1 << 23,), (1 << 23,)] * 5),  # 10 * 2^19 rows of 2^4
        (16, [(1 << 18, 1 << 18)] * 257),  # 257 * 2^36 addresses
    ],
)
def test_a_column_beyond_its_limits_is_refused(c: int, axes: list[tuple[int, ...]]) -> None:
    with pytest.raises(InvalidParameters):
        only_tensors(c, *(Tensor(Column.WITNESS, own, 0, 1) for own in axes))


def test_the_rows_of_a_column_are_counted_tensor_by_tensor() -> None:
    most = [Tensor(Column.WITNESS, (1 << 24,), 0, 1)] * 16  # 2^18 rows each
    assert only_tensors(6, *most).committed_row_count(Column.WITNESS) == 1 << 22
    with pytest.raises(InvalidParameters):
        only_tensors(6, *most, Tensor(Column.WITNESS, (1,), 0, 1))


def test_a_huge_column_is_counted_without_a_list() -> None:
    layout = only_tensors(16, Tensor(Column.WITNESS, ((1 << 30) + 1, 3), 0, 1))
    assert layout.committed_row_count(Column.WITNESS) == (1 << 16) + 1


@pytest.mark.parametrize("name", SKETCHES)
def test_lookup_blocks_are_aligned_and_disjoint(name: str) -> None:
    layout = layout_of(name)
    taken: set[int] = set()
    for placed in layout.lookup_blocks:
        assert placed.block.log_size == sum(bits(size) for size in placed.sizes)
        assert placed.block.base % (1 << placed.block.log_size) == 0
        block = set(range(placed.block.base, placed.block.base + (1 << placed.block.log_size)))
        assert not block & taken
        taken |= block
    assert layout.n == (bits(max(taken) + 1) if taken else 0)


def test_lookup_domain_by_hand() -> None:
    blocks = [(p.block.base, p.block.log_size, p.table, p.lookup is None) for p in layout_of("tiny").lookup_blocks]
    # lookups of 2 in tables 0 and 1, then the tables of 4 and of 16
    assert blocks == [(20, 1, 0, False), (22, 1, 1, False), (16, 2, 0, True), (0, 4, 1, True)]
    assert layout_of("tiny").n == 5


def with_lanes(name: str, lanes: int) -> Layout:
    sketch = SKETCHES[name]()
    return Layout(sketch.relation(), Parameters(sketch.c, LookupArgument.HELPER, lanes))


def test_lanes_by_hand() -> None:
    def blocks(layout: Layout) -> list[tuple[int, int, int]]:
        return [(p.lane, p.block.base, p.block.log_size) for p in layout.lookup_blocks]

    # lookups of 2 and 2, tables of 4 and of 16
    assert blocks(with_lanes("tiny", 1)) == [(0, 20, 1), (0, 22, 1), (0, 16, 2), (0, 0, 4)]
    assert blocks(with_lanes("tiny", 2)) == [(1, 0, 1), (1, 2, 1), (0, 16, 2), (0, 0, 4)]
    assert blocks(with_lanes("tiny", 3)) == [(1, 0, 1), (2, 0, 1), (0, 16, 2), (0, 0, 4)]
    for lanes, longest in ((1, 24), (2, 20), (3, 20)):
        layout = with_lanes("tiny", lanes)
        assert layout.n == 5
        assert layout.tensors[layout.helper] == Tensor(Column.HELPER, (longest,), 0, 0)
        assert layout.columns[Column.HELPER].tensors == (layout.helper,)
        assert layout.committed_row_count(Column.HELPER) == 1


def test_lane_0_is_loaded_with_its_tables_from_the_start() -> None:
    """Four lookups of 4 and a table of 8 in two lanes: the first two fill lane 1 up to 8, then the lanes take turns."""
    loops = (4,)
    column = Tensor(Column.PROGRESSION, (8,), 0, 7)
    lookup = Lookup(0, 0, (0,), ((Term(1, 0, (), ()),),))
    relation = Relation(b"", (column,), loops, (), (Table(0, (0,)),), (lookup,) * 4, ())
    layout = Layout(relation, Parameters(6, LookupArgument.HELPER, 2))
    assert [(p.lane, p.block.base) for p in layout.lookup_blocks] == [(1, 0), (1, 4), (0, 8), (1, 8), (0, 0)]
    assert (layout.n, layout.tensors[layout.helper].axes) == (4, (12,))


def test_the_domain_of_one_lookup_in_a_table_of_one_row_has_a_variable() -> None:
    column = Tensor(Column.PROGRESSION, (1,), 0, 0)
    lookup = Lookup(0, 0, (), ((Term(1, 0, (), ()),),))
    relation = Relation(b"", (column,), (), (), (Table(0, (0,)),), (lookup,), ())
    layout = Layout(relation, Parameters(6, LookupArgument.HELPER, 2))
    assert (layout.n, layout.tensors[layout.helper].axes) == (1, (2,))


def test_a_lane_of_2_to_the_32_entries_is_refused() -> None:
    column = Tensor(Column.PROGRESSION, (1,), 0, 0)
    lookup = Lookup(0, 0, (0, 1), ((Term(1, 0, (), ()),),))
    relation = Relation(b"", (column,), (1 << 16, 1 << 16), (), (Table(0, (0,)),), (lookup,), ())
    assert Layout(relation, Parameters(16)).n == 33
    with pytest.raises(InvalidParameters):
        Layout(relation, Parameters(16, LookupArgument.HELPER, 1))


def test_without_lookups_there_is_no_helper_column() -> None:
    layout = Layout(only_tensors(4).relation, Parameters(4, LookupArgument.HELPER, 3))
    assert (layout.has_helper, layout.n, layout.tensors, layout.mask.length) == (False, 0, (), 2 + 2 * layout.n2)


def test_slots_by_hand() -> None:
    layout = layout_of("tiny")  # W x over i (4), y y over o (2), then Lin, padU, padV
    assert [(s.block.base, s.block.log_size) for s in layout.slots.values()] == [(0, 2), (4, 1)]
    assert (layout.lin_slot, layout.pad_u_slot, layout.pad_v_slot, layout.n2, layout.nz) == (6, 7, 8, 4, 1)
    shared = [tuple(list(mlp().loops)[loop] for loop in slot.shared) for slot in layout_of("mlp").slots.values()]
    assert shared == [("i",), ("o",), ("ic", "kh", "kw"), ("b", "p")]
    assert [s.block.base for s in layout_of("mlp").slots.values()] == [56, 48, 0, 32]


def test_products_merge_within_a_kind_of_constraint() -> None:
    layout = Layout(merged().relation(), Parameters(6))
    # lookups: one product over i and k; zeros over i: the same accesses; zero without loops: another access
    assert [slot.shared for slot in layout.slots.values()] == [(1,), (1,), (1,)]
    assert [key[4] for key in layout.slots] == [True, False, False]


@pytest.mark.parametrize(("n", "n2", "row_variables"), [(0, 2, 0), (3, 4, 2), (5, 2, 1)])
def test_mask_positions_are_a_permutation_in_the_order_of_the_book(n: int, n2: int, row_variables: int) -> None:
    mask = MaskIndex(n, n2, row_variables)
    order = [mask.u, mask.v]
    order += [mask.pad(kind, j, b) for j in range(1, n + 1) for kind, b in product("pq", (0, 1))]
    order += [mask.tree(j, i, d) for j in range(n) for i in range(j + 1) for d in (1, 2)]
    order += [mask.g2(i, d) for i in range(n2) for d in (1, 2)]
    order += [mask.g3(i, d) for i in range(row_variables) for d in (1, 2)]
    assert order == list(range(mask.length))
    assert mask.length == 2 + 4 * n + n * (n + 1) + 2 * n2 + 2 * row_variables


@pytest.mark.parametrize(("n", "n2", "row_variables", "lanes"), [(1, 2, 0, 1), (3, 4, 2, 2), (5, 2, 1, 8)])
def test_mask_positions_of_the_helper_argument(n: int, n2: int, row_variables: int, lanes: int) -> None:
    mask = MaskIndex(n, n2, row_variables, lanes)
    order = [mask.u, mask.v, *(mask.key_pad(lane) for lane in range(lanes)), mask.helper_pad, mask.multiplicity_pad]
    order += [mask.g1(i, d) for i in range(n + 1) for d in range(1, lanes + 3)]
    order += [mask.g2(i, d) for i in range(n2) for d in (1, 2)]
    order += [mask.g3(i, d) for i in range(row_variables) for d in (1, 2)]
    assert order == list(range(mask.length))
    assert mask.length == 2 + lanes + 2 + (n + 1) * (lanes + 2) + 2 * n2 + 2 * row_variables


def test_a_mask_longer_than_a_row_is_refused() -> None:
    assert Layout(tiny().relation(), Parameters(6)).mask.length == 64
    with pytest.raises(InvalidParameters):
        Layout(tiny().relation(), Parameters(5))
