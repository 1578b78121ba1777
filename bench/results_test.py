from __future__ import annotations

import math
from typing import Any

import pytest

from bench.results import MissingFigure, contention, figure, least, phase_least, phase_medians


def test_figure_takes_the_median_of_repetitions() -> None:
    record = {"prove": {"time": {"wall_s": [3.0, 1.0, 100.0]}, "proof_bytes": 7}}
    assert figure(record, "prove", "time", "wall_s") == 3.0
    assert figure(record, "prove", "proof_bytes") == 7.0
    assert least(record, "prove", "time", "wall_s") == 1.0


@pytest.mark.parametrize("value", [None, 0, 0.0, -1.0, math.nan, math.inf, "3", True, [], [1.0, None], [1.0, 0.0]])
def test_figure_refuses_what_no_measurement_gives(value: Any) -> None:
    with pytest.raises(MissingFigure, match=r"prove\.wall_s"):
        figure({"prove": {"wall_s": value}}, "prove", "wall_s")


def test_figure_refuses_a_missing_path() -> None:
    with pytest.raises(MissingFigure, match=r"prove\.cpu_s was not measured"):
        figure({"prove": {"wall_s": 1.0}}, "prove", "cpu_s")


def test_figure_takes_zero_only_where_it_can_be_one() -> None:
    assert figure({"error": 0.0}, "error", zero=True) == 0.0


def test_phases_have_to_be_the_same_in_all_repetitions() -> None:
    phases = [{"cpu_s": {"commit": 1.0}}, {"cpu_s": {"commit": 3.0}}, {"cpu_s": {"commit": 2.0}}]
    assert phase_medians({"prove": {"phases": phases}}) == {"commit": 2.0}
    assert phase_least({"prove": {"phases": phases}}) == {"commit": 1.0}
    with pytest.raises(MissingFigure):
        phase_medians({"prove": {"phases": [*phases, {"cpu_s": {"opening": 1.0}}]}})


def test_contention_is_waiting_over_running() -> None:
    assert contention({"time": {"waited_s": [1.0], "cpu_s": [4.0]}}, "time") == 0.25
