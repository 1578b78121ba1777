from __future__ import annotations

import pytest

from bench.costs import fit


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
