"""Tables of gas, from figures that are made up."""

from __future__ import annotations

from typing import Any

import pytest

from bench.gas import CHECK, CHECK_LIMIT, FORKS, LIMITS, MARGINAL, over_limits, page, tables
from bench.gas_attested import REGISTER


@pytest.fixture
def run() -> dict[str, Any]:
    def model(inputs: int, verify: int) -> dict[str, Any]:
        predicted = {"calldata": 100, "pairing": verify - 200, "total": verify - 100}
        used = {
            "verify": verify,
            "model_proof": 300,
            "store_program": 5_000,
            "store_model_program": 4_000,
            "predicted": predicted,
            "predicted_model_proof": predicted,
        }
        sizes = {
            "row_bits": 13,
            "rows": 4,
            "calldata_bytes": 4_292,
            "program_bytes": 4_902,
            "model_program_bytes": 4_146,
        }
        return {"title": "a model", "inputs": inputs, **sizes, "forks": {fork: dict(used) for fork in FORKS}}

    return {
        "date": "2026-11-29T12:00:00",
        "software": {"commit": "0123"},
        "models": {MARGINAL: model(1, 1_000), f"{MARGINAL} x 3": model(3, 1_500)},
        "together": {fork: {"1": 1_100, "2": 1_800, "10": 7_400} for fork in FORKS},
        "attested": {fork: {REGISTER: 140_000, CHECK: 27_000} for fork in FORKS},
    }


def test_a_further_inference_costs_the_difference(run: dict[str, Any]) -> None:
    rows = tables(run)["A second inference"]
    assert [row[1] for row in rows] == ["cancun", "1,000", "250", "700", "700"]


def test_what_is_predicted_stands_beside_what_was_used(run: dict[str, Any]) -> None:
    head, row, _ = tables(run)["One verification"]
    cells = dict(zip(head, row, strict=True))
    assert (cells["osaka"], cells["predicted"], cells["off by"]) == ("1,000", "900", "-10.0 %")


def test_every_table_is_rectangular_and_on_the_page(run: dict[str, Any]) -> None:
    text = page(run)
    for heading, rows in tables(run).items():
        assert f"## {heading}\n" in text
        assert len({len(row) for row in rows}) == 1
        assert all(f"| {' | '.join(row)} |" in text for row in rows)


def test_a_model_over_its_limit_is_named(run: dict[str, Any]) -> None:
    assert over_limits(run) == []
    run["models"][MARGINAL]["forks"]["osaka"] = {"verify": LIMITS[MARGINAL] + 1}
    run["models"][MARGINAL]["forks"]["cancun"] = {"verify": LIMITS[MARGINAL]}
    assert [MARGINAL in what and "osaka" in what for what in over_limits(run)] == [True]


def test_an_attested_answer_over_its_limit_is_named(run: dict[str, Any]) -> None:
    run["attested"]["prague"][CHECK] = CHECK_LIMIT + 1
    assert [CHECK in what and "prague" in what for what in over_limits(run)] == [True]
