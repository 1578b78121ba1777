from __future__ import annotations

import copy
from typing import Any

import pytest

from bench.checks import check, ezkl_prove_s
from bench.results import MissingFigure


def _ours(prove_s: float = 0.1) -> dict[str, Any]:
    return {
        "compile": {"accuracy": {"agreement": 1.0, "mean_relative_error": 0.001}},
        "prove": {"time": {"wall_s": [prove_s]}, "proof_bytes": 40_000},
        "verify": {"time": {"wall_s": [0.05]}},
    }


def _ezkl(prove_s: float, logged_s: float | None) -> dict[str, Any]:
    return {"prove": {"time": {"wall_s": [prove_s]}, "logged_proof_s": [logged_s]}}


def test_every_limit_holds_at_its_edge() -> None:
    ezkl = {"mlp_credit": {"fixed": _ezkl(2.5, 2.01), "hashed": _ezkl(60.0, 59.0)}}
    checks = check({"mlp_credit": _ours(), "cifar": _ours(9.9)}, ezkl)
    assert all(each.holds for each in checks)
    assert [each.model for each in checks if "ezkl" in each.limit] == ["mlp_credit"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("prove", "proof_bytes"), 40_001),
        (("verify", "time", "wall_s"), [0.051]),
        (("prove", "time", "wall_s"), [10.0]),
        (("compile", "accuracy", "agreement"), 0.989),
        (("compile", "accuracy", "mean_relative_error"), 0.005),
    ],
)
def test_each_limit_fails_alone(path: tuple[str, ...], value: Any) -> None:
    record = copy.deepcopy(_ours())
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert sum(not each.holds for each in check({"dense": record}, {})) == 1


def test_speed_is_measured_against_the_faster_setting_of_ezkl() -> None:
    ezkl = {"mlp_credit": {"fixed": _ezkl(2.5, 1.99), "hashed": _ezkl(60.0, 59.0)}}
    failed = [each for each in check({"mlp_credit": _ours()}, ezkl) if not each.holds]
    assert [each.figure for each in failed] == ["20 times"]


def test_ezkl_is_charged_the_bare_proof_where_it_logs_it() -> None:
    assert ezkl_prove_s(_ezkl(2.5, 2.0)) == 2.0
    assert ezkl_prove_s(_ezkl(2.5, None)) == 2.5


def test_a_missing_figure_is_an_error() -> None:
    record = _ours()
    del record["verify"]
    with pytest.raises(MissingFigure, match="verify"):
        check({"lenet": record}, {})
