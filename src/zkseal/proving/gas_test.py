"""The row length of keys for chains."""

import pytest

from zkseal.errors import InvalidParameters, TooFewPowers
from zkseal.pipeline import CompiledModel
from zkseal.proving import Layout, Scheme, lay_out
from zkseal.proving.gas import choose_row_bits_by_gas, estimate_gas
from zkseal.relation import Column, RelationBuilder

pytestmark = pytest.mark.native

ON_CHAIN = Scheme("helper", 1, "kzg")


def layout(scheme: Scheme, leaf_bits: int) -> Layout:
    rows = {"model": 2, "input": 1, "witness": 3, "helper": 1}
    return Layout(10, leaf_bits, 7, 3, 100, rows, 0, 0, 3_000, 3_000, scheme)


def test_gas_is_that_of_rows_rounds_and_the_opening() -> None:
    rounds_after = 7 + 3 + 11
    assert estimate_gas(layout(ON_CHAIN, 9)) == 7_000 * 7 + 2_500 * (10 + rounds_after) + 320 * 10
    assert estimate_gas(layout(Scheme("tree", 1, "kzg"), 9)) == 7_000 * 7 + 2_500 * (45 + rounds_after) + 320 * 10
    assert estimate_gas(layout(ON_CHAIN, 0)) == 7_000 * 7 + 2_500 * rounds_after + 320 * 10


def test_the_choice_is_the_cheapest_that_the_powers_allow(tiny: CompiledModel) -> None:
    encoded = tiny.relation.encode()
    for powers, allowed in ((1 << 15, range(8, 16)), (1_500, range(8, 11)), (256, range(8, 9))):
        gas = {bits: estimate_gas(lay_out(encoded, bits, ON_CHAIN)) for bits in allowed}
        assert gas[choose_row_bits_by_gas(encoded, ON_CHAIN, powers)] == min(gas.values())


def test_what_the_powers_do_not_allow_is_said_with_what_it_takes(tiny: CompiledModel) -> None:
    with pytest.raises(TooFewPowers) as caught:
        choose_row_bits_by_gas(tiny.relation.encode(), ON_CHAIN, 255)
    assert (caught.value.expected, caught.value.got) == (256, 255)


def test_a_relation_that_fits_no_row_is_refused() -> None:
    """A column has at most 2^22 rows: five tensors of 2^36 entries need more, however long these are."""
    b = RelationBuilder()
    i, j, k = (b.loop(1 << 12) for _ in range(3))
    for index in range(5):
        w = b.tensor(f"w{index}", (1 << 12,) * 3, Column.MODEL, lo=-8, hi=7)
        b.zero([i, j, k], w[i, j, k])
    with pytest.raises(InvalidParameters):
        choose_row_bits_by_gas(b.finish(annotation=b"").encode(), ON_CHAIN, 1 << 15)
