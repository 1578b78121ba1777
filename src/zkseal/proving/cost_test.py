"""The cost model: exact where it can be, monotone where it predicts, and a choice within its limits."""

import numpy as np
import pytest

from zkseal.errors import InvalidParameters
from zkseal.proving import cost
from zkseal.relation import Column, Relation, RelationBuilder

pytestmark = pytest.mark.native


def squares(count: int, bits: int = 8) -> Relation:
    """y[i] = x[i]^2 for `count` private integers of some bits."""
    b = RelationBuilder()
    i = b.loop(count)
    x = b.tensor("x", (count,), Column.INPUT, lo=0, hi=2**bits - 1)
    y = b.tensor("y", (count,), Column.OUTPUT, lo=0, hi=2 ** (2 * bits) - 1)
    b.range([i], x[i] + 0, bits=bits)
    b.zero([i], x[i] * x[i] - y[i])
    return b.finish(annotation=b"")


def test_longer_rows_are_fewer() -> None:
    encoded = squares(5000).encode()
    layouts = [cost.lay_out(encoded, bits) for bits in (9, 11, 13)]
    assert [sum(layout.rows.values()) for layout in layouts] == sorted(
        (sum(layout.rows.values()) for layout in layouts), reverse=True
    )
    assert all(layout.lookups == 5000 for layout in layouts)
    assert all(layout.model_proof_bytes == 0 for layout in layouts)


def test_more_work_costs_more() -> None:
    small, large = squares(100), squares(10_000)
    predictions = [cost.predict(r, cost.lay_out(r.encode(), 10)) for r in (small, large)]
    assert predictions[0].prove_ms < predictions[1].prove_ms
    assert predictions[0].memory_bytes < predictions[1].memory_bytes
    assert predictions[0].proof_bytes < predictions[1].proof_bytes


def test_rows_too_short_for_the_mask_are_refused() -> None:
    with pytest.raises(InvalidParameters):
        cost.lay_out(squares(1000).encode(), 4)


@pytest.mark.parametrize("count", [1, 50, 3000, 100_000])
def test_the_choice_keeps_the_limits(count: int) -> None:
    relation = squares(count)
    encoded = relation.encode()
    chosen = cost.choose_row_bits(relation, encoded)
    prediction = cost.predict(relation, cost.lay_out(encoded, chosen))
    assert prediction.proof_bytes <= cost.PROOF_BYTES_LIMIT
    assert prediction.verify_ms <= cost.VERIFY_MS_LIMIT


def test_predictions_are_json_of_few_digits() -> None:
    relation = squares(10)
    described = cost.predict(relation, cost.lay_out(relation.encode(), 8)).to_dict()
    assert set(described) == {"prove_ms", "verify_ms", "memory_bytes", "setup_memory_bytes", "proof_bytes", "cores"}
    assert described["prove_ms"] == float(np.format_float_positional(described["prove_ms"], 3, fractional=False))


def test_more_cores_prove_sooner_but_choose_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    relation = squares(20_000)
    encoded = relation.encode()
    layout = cost.lay_out(encoded, 10)
    one, two, many = (cost.predict(relation, layout, cores=cores) for cores in (1, 2, 1000))
    assert one.prove_ms > two.prove_ms > many.prove_ms > cost.COSTS.prove_fixed_ms
    assert one.prove_ms < 2 * two.prove_ms
    chosen = set()
    for threads in ("1", "2", "64"):
        monkeypatch.setenv("RAYON_NUM_THREADS", threads)
        assert cost.usable_cores() == int(threads) == cost.predict(relation, layout).cores
        chosen.add(cost.choose_row_bits(relation, encoded))
    assert len(chosen) == 1
    monkeypatch.setenv("RAYON_NUM_THREADS", "all")
    assert cost.usable_cores() >= 1
