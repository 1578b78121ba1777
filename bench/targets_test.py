from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.results import MissingFigure
from bench.targets import added_per_lookup, key_ratio, misses

Make = Callable[..., dict[str, Any]]


def test_what_is_met_misses_nothing(record: Make) -> None:
    assert list(misses("dense", record())) == []


@pytest.mark.parametrize(
    ("path", "value", "missed"),
    [
        ("prove.time.wall_s", [0.24], "prove 2.0x"),
        ("verify.time.wall_s", [0.06], "verify 1.5x"),
        ("prove.proof_bytes", 33_000, "proof 1.1x"),
        ("prove.memory.added_bytes", 40_000_000, "memory"),
        ("setup.proving_key_bytes", 2_300_000, "key"),
        ("prove.load.wall_s", 0.6, "load"),
        ("setup.time.wall_s", 3.0, "setup"),
    ],
)
def test_each_target_is_missed_alone(record: Make, path: str, value: Any, missed: str) -> None:
    assert list(misses("dense", record(**{path: value}))) == [missed]


def test_small_models_are_not_asked_for_memory_and_keys(record: Make) -> None:
    small = record(**{"compile.sizes.lookups": 400, "compile.sizes.committed.model": 3000})
    assert added_per_lookup(small) == 50_000
    assert list(misses("dense", small)) == []


def test_a_missing_figure_is_an_error(record: Make) -> None:
    with pytest.raises(MissingFigure, match="weight_bytes"):
        key_ratio(record(**{"setup.weight_bytes": None}))
