from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from bench.costs import FITS
from bench.fits import fit, fit_line
from zkseal.proving.cost import Costs

Make = Callable[..., dict[str, Any]]


def test_fit_finds_the_constants_of_exact_measurements() -> None:
    counts = [
        {"leaf": float(leaf), "value": float(value), "fixed": 1.0} for leaf in (1, 50, 4000) for value in (10, 900)
    ]
    measured = [3 * each["leaf"] + 0.02 * each["value"] + 7 for each in counts]
    found = fit([str(index) for index in range(len(counts))], counts, measured)
    assert found.constants == pytest.approx({"leaf": 3.0, "value": 0.02, "fixed": 7.0})
    assert found.worst < 1e-9


def test_fit_never_gives_negative_costs() -> None:
    counts = [{"up": float(n), "down": float(n * n)} for n in range(1, 6)]
    found = fit(list("abcde"), counts, [10 * n - 0.5 * n * n for n in range(1, 6)])
    assert found.constants["down"] == 0.0
    assert found.worst > 0


def test_a_count_that_is_always_zero_costs_nothing() -> None:
    found = fit(["a", "b"], [{"x": 1.0, "none": 0.0}, {"x": 2.0, "none": 0.0}], [3.0, 6.0])
    assert found.constants == pytest.approx({"x": 3.0, "none": 0.0})


def test_the_line_of_lookups_and_weights(record: Make) -> None:
    def measured(lookups: int, weights: int) -> dict[str, Any]:
        seconds = 0.01 + 500e-9 * lookups + 5e-9 * weights
        sizes = {"compile.sizes.lookups": lookups, "compile.sizes.committed.model": weights}
        return record(**sizes, **{"prove.time.wall_s": [seconds]})

    found = fit_line({"a": measured(100, 10), "b": measured(10**6, 10**5), "c": measured(10**4, 10**8)})
    assert found.constants == pytest.approx({"a_ms": 10.0, "b_ns_per_lookup": 500.0, "c_ns_per_weight": 5.0})
    assert found.worst < 1e-6


@pytest.mark.parametrize("what", FITS)
def test_what_is_fitted_are_constants_of_the_cost_model(record: Make, what: str) -> None:
    found = FITS[what]({"one": record(), "two": record(**{"compile.sizes.lookups": 900_000})})
    assert set(found.constants) <= {field.name for field in fields(Costs)}
