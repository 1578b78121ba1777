from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from bench.clock import Clock, Phases, memory
from bench.stage import StageFailed, StageHung, environment, run_stage


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module with stages that answer, fail, say nothing and hang."""
    (tmp_path / "sample_stages.py").write_text(
        textwrap.dedent(
            """
            import os, sys, time
            from bench.stage import serve

            def fail(request):
                raise SystemExit("the reason")

            serve({
                "answer": lambda request: request | {"threads": os.environ["RAYON_NUM_THREADS"]}
                | {"cpu": os.environ.get("ZKSEAL_CPU")},
                "fail": fail,
                "silent": lambda request: sys.exit(0),
                "hang": lambda request: time.sleep(60),
            })
            """
        )
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "sample_stages"


def test_a_stage_answers_with_its_threads(module: str) -> None:
    answer = run_stage(sys.executable, module, "answer", {"x": 1}, threads=3, limit_s=60)
    assert answer == {"x": 1, "threads": "3", "cpu": None}


def test_a_stage_sees_its_variables(module: str) -> None:
    variables = {"ZKSEAL_CPU": "portable"}
    answer = run_stage(sys.executable, module, "answer", {}, threads=1, limit_s=60, variables=variables)
    assert answer["cpu"] == "portable"


def test_a_failing_stage_says_why(module: str) -> None:
    with pytest.raises(StageFailed, match="the reason"):
        run_stage(sys.executable, module, "fail", {}, threads=1, limit_s=60)


def test_a_stage_without_a_result_has_failed(module: str) -> None:
    with pytest.raises(StageFailed, match="ended with 0"):
        run_stage(sys.executable, module, "silent", {}, threads=1, limit_s=60)


def test_a_hanging_stage_is_stopped(module: str) -> None:
    with pytest.raises(StageHung):
        run_stage(sys.executable, module, "hang", {}, threads=1, limit_s=2)


def test_every_thread_pool_is_held() -> None:
    held = environment(2)
    assert {held[name] for name in held if name.endswith("_NUM_THREADS")} == {"2"}


def test_phases_last_until_the_next_one() -> None:
    phases = Phases()
    for stage in ("commit", "opening", "commit"):
        phases(stage, 0.0)
    phases.finish()
    assert list(phases.wall_s) == ["commit", "opening"]
    assert all(value >= 0 for value in phases.wall_s.values())


def test_clock_counts_work_and_memory_is_resident() -> None:
    with Clock() as clock:
        sum(range(200_000))
    assert clock.cpu_s > 0
    assert clock.wall_s > 0
    assert 0 < memory()["rss_bytes"] <= memory()["peak_rss_bytes"]
