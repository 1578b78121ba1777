from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.fits import fit_line
from bench.machine import describe_machine, slug
from bench.models import SUBJECTS
from bench.quoted import QUOTED
from bench.tables import all_tables, cost_table, memory_table, own_table, seconds, size, target_table, text_table

Make = Callable[..., dict[str, Any]]


def _cells(table: str) -> dict[str, list[str]]:
    """Cells of the first row by header; a header may stand there more than once."""
    header, _, cells, *_ = ([cell.strip() for cell in line.split("  ") if cell.strip()] for line in table.splitlines())
    found: dict[str, list[str]] = {}
    for name, cell in zip(header, cells, strict=True):
        found.setdefault(name, []).append(cell)
    return found


def test_columns_are_as_wide_as_their_contents() -> None:
    assert text_table(("a", "figure"), [("model", "1")]) == "a      figure\n-----  ------\nmodel       1"


def test_units_suit_the_value() -> None:
    assert [seconds(value) for value in (0.0016, 0.25, 3.0, 61.2)] == ["1.6 ms", "250 ms", "3.00 s", "61 s"]
    assert [size(value) for value in (12, 7200, 138_479_371, 6.2e9)] == ["12 B", "7.2 kB", "138 MB", "6.2 GB"]


def test_every_table_is_made_of_a_record(record: Make) -> None:
    records = {"dense": record(), "digits": record()}
    assert len(list(all_tables(records, {}, fit_line(records)))) == 6
    # The line is drawn through the rows with targets only, if there are enough of them.
    aimed = {name: record() for name in ("dense", "cifar", "lenet", "trees")}
    assert len(list(all_tables(aimed | {"digits": record()}, {}, fit_line(aimed)))) == 6
    alone = {"digits": record()}
    assert len(list(all_tables(alone, {}, fit_line(alone)))) == 4


def test_portable_stands_beside_each_time(record: Make) -> None:
    found = _cells(own_table({"dense": record(**{"portable.prove.time.wall_s": [0.5]})}))
    assert (found["prove"], found["portable"]) == (["20.0 ms"], ["500 ms", "4.0 ms"])
    without = record()
    del without["portable"]
    assert _cells(own_table({"dense": without}))["portable"] == ["not run", "not run"]


def test_a_busy_machine_is_marked(record: Make) -> None:
    busy = record(**{"prove.time.waited_s": [0.02, 0.02, 0.02]})
    assert _cells(own_table({"dense": busy}))["prove"] == ["20.0 ms*"]


def test_memory_is_said_by_lookup_and_keys_by_weight(record: Make) -> None:
    found = _cells(memory_table({"dense": record()}))
    assert (found["key/weights"], found["per lookup"]) == (["1.05"], ["100 B"])


def test_targets_stand_beside_figures(record: Make) -> None:
    records = {"digits": record(), "dense": record(**{"prove.time.wall_s": [0.24]})}
    assert len(target_table(records).splitlines()) == 3
    found = _cells(target_table(records))
    assert found["target"] == ["dense", "120 ms", "40.0 ms", "30 kB"]
    assert found["missed"] == ["prove 2.0x"]


def test_predictions_stand_beside_what_was_measured(record: Make) -> None:
    records = {"dense": record()}
    found = _cells(cost_table(records, fit_line(records)))
    assert found["error"] == ["+25%", "+0%"]


def test_quoted_figures_are_about_measured_models() -> None:
    assert {quoted.model for quoted in QUOTED} <= set(SUBJECTS)


def test_the_machine_names_the_file() -> None:
    name = slug({"cpu": "Intel(R) Xeon(R) CPU E5 @ 2.20GHz", "cpu_family_model_stepping": "6-1-2", "cores": 2})
    assert name == "intel-xeon-e5-6-1-2-2-cores"
    assert describe_machine()["memory_gib"] > 0
