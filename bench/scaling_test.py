from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import scaling
from bench.families import FAMILIES
from bench.growth import all_tables, draw_phases
from bench.plot import PHASE_COLOURS
from bench.stage import ROOT, StageFailed

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def run(record: Make) -> dict[str, Any]:
    """A run as it is written, with two made-up points a family and two numbers of threads."""
    times = [
        {unit: dict.fromkeys(PHASE_COLOURS, 0.001 * (1 + turn)) for unit in ("cpu_s", "wall_s")} for turn in (2, 0)
    ]
    families = {
        family.name: [
            {"at": point.at, "activations": 10, "weights": 20, "layers": 2, **record(**{"prove.phases": times})}
            for point in family.chosen(small=True)
        ]
        for family in FAMILIES
    }
    one, two = record(**{"prove.phases": times}), record(**{"prove.phases": times})
    one["prove"]["time"] = {"wall_s": [0.03, 0.02], "cpu_s": [0.02] * 2, "waited_s": [0.0] * 2}
    return {
        "format": scaling.FORMAT,
        "date": "2026-11-29T02:00:00+00:00",
        "machine": {"cpu": "Some", "cores": 2, "cpu_family_model_stepping": "1-2-3"},
        "settings": {"threads": 1, "repeat": 2, "small": True, "privacy": "zero-knowledge"},
        "families": families,
        "threads": {"model": "nanogpt", "title": "a decoder", "proofs": {"1": one, "2": two}},
        "errors": {},
    }


def test_threads_double_up_to_all_cores() -> None:
    assert [scaling.thread_counts(cores) for cores in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]


def test_files_are_named_by_date_and_machine(run: dict[str, Any]) -> None:
    name = "scaling-2026-11-29-some-1-2-3-2-cores.json"
    assert scaling.default_path(run) == ROOT / "bench" / "out" / name
    run["settings"]["small"] = False
    assert scaling.default_path(run) == ROOT / "bench" / "results" / name


def test_tables_show_the_least_of_the_repetitions(run: dict[str, Any]) -> None:
    activations, weights, depth, threads = all_tables(run)
    for table in (activations, weights, depth):
        cells = " ".join(table.splitlines()[2].split())
        assert cells.endswith(" 10 20 2 200,000 256 2^9 20.0" + " 1.0" * 7 + " 6.0 9 kB 20 MB")
    assert [line.split()[3] for line in threads.splitlines()[2:]] == ["1.00", "2.00"]


def test_a_gain_on_a_busy_machine_is_marked(run: dict[str, Any]) -> None:
    run["threads"]["proofs"]["2"]["prove"]["time"] |= {"waited_s": [0.5] * 3}
    *_, threads = all_tables(run)
    assert [line.split()[3] for line in threads.splitlines()[2:]] == ["1.00", "2.00*"]


def test_what_was_not_measured_has_no_table_and_is_drawn_empty(run: dict[str, Any], tmp_path: Path) -> None:
    run["families"]["weights"], run["threads"] = [], None
    assert len(list(all_tables(run))) == 2
    assert scaling.pictures(run, tmp_path)[0].read_bytes().startswith(b"\x89PNG")


def test_pictures_are_drawn_again_from_a_file(
    run: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text(json.dumps(run))
    code = scaling.main(["--again", str(tmp_path / "run.json"), "--pictures", str(tmp_path / "pictures")])
    assert code == 0
    assert (tmp_path / "pictures" / "growth.png").read_bytes().startswith(b"\x89PNG")
    assert "threads, nanogpt" in capsys.readouterr().out


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": "zkseal bench v2"}')
    with pytest.raises(SystemExit, match="zkseal scaling v1"):
        scaling.main(["--again", str(tmp_path / "run.json")])


def test_the_newest_run_of_make_bench_is_found_by_its_date(tmp_path: Path, record: Make, run: dict[str, Any]) -> None:
    assert scaling.last_bench(tmp_path) is None
    for name, date in (("a", "2026-11-24T01:00"), ("b", "2026-11-20T01:00")):
        bench = {"format": "zkseal bench v2", "date": date, "zkseal": {name: record()}}
        (tmp_path / f"{name}.json").write_text(json.dumps(bench))
    (tmp_path / "scaling.json").write_text(json.dumps(run))
    found = scaling.last_bench(tmp_path)
    assert found is not None
    assert (found[0], list(found[1])) == ("2026-11-24", ["a"])


def test_shares_of_a_run_of_make_bench_are_drawn(tmp_path: Path, record: Make) -> None:
    draw_phases(tmp_path / "phases.png", "title", {"one": record(), "two": copy.deepcopy(record())})
    assert (tmp_path / "phases.png").read_bytes().startswith(b"\x89PNG")


def test_a_point_that_fails_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(name: str, **_: Any) -> dict[str, Any]:
        if name.startswith("weights"):
            raise StageFailed("no memory")
        return {}

    def threads(model: str, repeat: int) -> dict[str, Any]:
        return {"model": model}

    monkeypatch.setattr(scaling, "measure_zkseal", measured)
    monkeypatch.setattr(scaling, "_threads", threads)
    run = scaling.measure(small=True, repeat=1)
    assert [len(points) for points in run["families"].values()] == [2, 0, 2]
    assert set(run["errors"].values()) == {"no memory"}
