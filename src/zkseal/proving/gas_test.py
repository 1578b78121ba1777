"""The row length of keys for chains."""

import pytest

from zkseal.errors import InvalidParameters, NotForChain, TooFewPowers
from zkseal.pipeline import CompiledModel
from zkseal.proving import Scheme, lay_out
from zkseal.proving.gas import choose_row_bits_by_gas, predicted_gas
from zkseal.relation import Column, RelationBuilder

pytestmark = pytest.mark.native

ON_CHAIN = Scheme("helper", 1, "kzg")


OFF_CHAIN = Scheme("tree", 1, "kzg")


def test_lanes_that_are_not_needed_cost_gas(tiny: CompiledModel) -> None:
    one, eight = (predicted_gas(tiny.relation.encode(), 9, Scheme("helper", lanes, "kzg")) for lanes in (1, 8))
    assert 250_000 < one < eight < 500_000


@pytest.mark.parametrize("scheme", [OFF_CHAIN, Scheme("helper", 1, "ipa"), Scheme()])
def test_schemes_that_no_chain_verifies_cost_no_gas(tiny: CompiledModel, scheme: Scheme) -> None:
    with pytest.raises(NotForChain):
        predicted_gas(tiny.relation.encode(), 12, scheme)


def test_the_choice_is_the_cheapest_that_the_powers_allow(tiny: CompiledModel) -> None:
    encoded = tiny.relation.encode()
    for powers, allowed in ((1 << 15, range(8, 16)), (1_500, range(8, 11)), (256, range(8, 9))):
        gas = {bits: predicted_gas(encoded, bits, ON_CHAIN) for bits in allowed}
        assert gas[choose_row_bits_by_gas(encoded, ON_CHAIN, powers)] == min(gas.values())


def test_where_no_chain_verifies_the_shortest_proof_is_taken(tiny: CompiledModel) -> None:
    encoded = tiny.relation.encode()
    lengths = {bits: lay_out(encoded, bits, OFF_CHAIN).proof_bytes for bits in range(8, 16)}
    assert lengths[choose_row_bits_by_gas(encoded, OFF_CHAIN, 1 << 15)] == min(lengths.values())


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
