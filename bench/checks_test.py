from __future__ import annotations

import copy
from typing import Any

import pytest

from bench.checks import Check, check, ezkl_prove_s
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


def test_larger_models_have_targets_instead() -> None:
    record = _ours()
    record["prove"]["proof_bytes"], record["verify"]["time"]["wall_s"] = 90_000, [0.3]
    assert all(each.holds for each in check({"gpt2": record}, {}))
    assert not all(each.holds for each in check({"trees": record}, {}))


def test_a_batch_is_compared_by_cpu_time() -> None:
    def timed(cpu_s: float, batch: int) -> dict[str, Any]:
        time = {"wall_s": [0.1], "cpu_s": [cpu_s, 2 * cpu_s], "waited_s": [0.0, 0.0]}
        return _ours() | {"prove": {"time": time, "proof_bytes": 1}, "batch": batch}

    def verdict(cpu_s: float) -> Check:
        records = {"mlp_credit": timed(0.01, 1), "mlp_credit_64": timed(cpu_s, 64)}
        return next(each for each in check(records, {}) if "times cheaper" in each.limit)

    assert verdict(0.032).holds
    assert verdict(0.033).failed
    assert verdict(0.032).figure == "20.0 times (wall 64.0)"


@pytest.mark.parametrize(
    ("one_s", "waited_s", "verdict"), [(1.8, 0.0, "ok"), (1.7, 0.0, "FAILED"), (1.7, 0.5, "busy"), (1.9, 0.5, "ok")]
)
def test_threads_are_not_judged_on_a_busy_machine(one_s: float, waited_s: float, verdict: str) -> None:
    def stage(wall_s: float, waited_s: float) -> dict[str, Any]:
        return {"time": {"wall_s": [wall_s], "cpu_s": [1.9], "waited_s": [waited_s]}, "proof_bytes": 1}

    one, more = stage(one_s, 0.0)["time"], stage(1.0, waited_s)["time"]
    slow = stage(3.0, 0.0)["time"]
    record = _ours() | {"turns": {"one_thread": [slow, one], "all_threads": [more, slow]}}
    found = [each for each in check({"nanogpt": record}, {}) if "threads" in each.limit]
    assert [each.verdict for each in found] == [verdict]


@pytest.mark.parametrize(("predicted_ms", "holds"), [(74.0, False), (75.1, True), (124.9, True), (126.0, False)])
def test_predictions_are_held_against_the_clock(predicted_ms: float, holds: bool) -> None:
    record = _ours(0.1)
    record["prove"]["time"] |= {"cpu_s": [0.19], "waited_s": [0.0]}
    record["setup"] = {"predicted": {"prove_ms": predicted_ms}}
    (found,) = (each for each in check({"lenet": record}, {}) if "predicted" in each.limit)
    assert found.holds is holds
    assert found.timed


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
