from __future__ import annotations

from bench.machine import describe_machine, slug
from bench.quoted import QUOTED
from bench.run import MODELS
from bench.tables import seconds, size, text_table


def test_columns_are_as_wide_as_their_contents() -> None:
    assert text_table(("a", "figure"), [("model", "1")]) == "a      figure\n-----  ------\nmodel       1"


def test_units_suit_the_value() -> None:
    assert [seconds(value) for value in (0.0016, 0.25, 3.0, 61.2)] == ["1.6 ms", "250 ms", "3.00 s", "61 s"]
    assert [size(value) for value in (12, 7200, 138_479_371, 6.2e9)] == ["12 B", "7.2 kB", "138 MB", "6.2 GB"]


def test_quoted_figures_are_about_measured_models() -> None:
    assert {quoted.model for quoted in QUOTED} <= set(MODELS)


def test_the_machine_names_the_file() -> None:
    name = slug({"cpu": "Intel(R) Xeon(R) CPU E5 @ 2.20GHz", "cpu_family_model_stepping": "6-1-2", "cores": 2})
    assert name == "intel-xeon-e5-6-1-2-2-cores"
    assert describe_machine()["memory_gib"] > 0
