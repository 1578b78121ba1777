from __future__ import annotations

import json
import shutil

import pytest

from bench import instructions
from bench.instructions import BASELINE, MODELS, TOLERANCE, WORK, CannotCount, compare, find_tool, main, table


def test_counts_are_compared_with_those_before() -> None:
    before = {"a": 1000, "b": 1000, "c": 1000, "gone": 5}
    changes = compare(before, {"a": 1029, "b": 1031, "c": 969, "d": 7})
    assert [change.verdict for change in changes] == ["ok", "MORE", "LESS: write the new counts", "new"]
    assert [change.share for change in changes] == pytest.approx([0.029, 0.031, -0.031, None])
    assert "+2.90%" in table(changes)


def test_the_baseline_holds_every_case() -> None:
    for counts in json.loads(BASELINE.read_text()).values():
        assert set(counts) == {f"{work} {model}" for work in WORK for model in MODELS}
        assert all(isinstance(count, int) and count > 0 for count in counts.values())


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (1 + 2 * TOLERANCE, 1)])
def test_a_count_that_moved_fails(monkeypatch: pytest.MonkeyPatch, factor: float, code: int) -> None:
    stored = json.loads(BASELINE.read_text())["valgrind"]
    monkeypatch.setattr(instructions, "find_tool", lambda: "valgrind")
    monkeypatch.setattr(instructions, "count", lambda tool: {case: int(n * factor) for case, n in stored.items()})
    assert main([]) == code


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--optional"], 0)])
def test_without_a_tool_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(arguments) == code
    assert "not counted: neither valgrind" in capsys.readouterr().out


def test_perf_without_counters_is_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise CannotCount("not supported")

    monkeypatch.setattr(shutil, "which", lambda name: name if name == "perf" else None)
    monkeypatch.setattr(instructions, "_counted", refuse)
    with pytest.raises(CannotCount, match="neither"):
        find_tool()
    monkeypatch.setattr(instructions, "_counted", lambda *_: 1)
    assert find_tool() == "perf"
