"""The measurements of segments: stages that run, and a table with every figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import segments

ROW = {
    "segments": 2,
    "setup_peak": 4_100_000_000,
    "key_bytes": [88_000_000, 87_000_000],
    "begin_cpu_s": 2.6,
    "begin_peak": 320_000_000,
    "cpu_s": [3.0, 3.15],
    "peaks": [397_000_000, 378_000_000],
    "proof_bytes": 65920,
    "verify_ms": 234.4,
}


def test_a_row_has_a_cell_for_each_title() -> None:
    title, rule, row = segments.table([ROW])
    assert title.count("|") == rule.count("|") == row.count("|")
    assert row == "| 2 | 4100 | 6.15 | 3.15 | 397 378 | 2.60 | 320 | 88 | 65920 | 234 |"


@pytest.mark.slow
@pytest.mark.native
def test_a_small_decoder_is_measured_whole_and_in_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert segments.main(["--small", "--counts", "1", "2", "--json", str(tmp_path / "rows.json")]) == 0
    whole, two = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert (whole["segments"], two["segments"], len(two["peaks"])) == (1, 2, 2)
    assert two["proof_bytes"] > whole["proof_bytes"]
    assert len(capsys.readouterr().out.splitlines()) == 4
