"""A record as `subject` makes it, small and made up, for the tests of what is done with records."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

_TIME = {"wall_s": [0.02, 0.01, 0.03], "cpu_s": [0.03, 0.02, 0.04], "waited_s": [0.0, 0.0, 0.0]}

_STAGES: dict[str, Any] = {
    "prove": {
        "time": _TIME,
        "first": {"wall_s": 0.05},
        "load": {"wall_s": 0.001},
        "phases": [{"cpu_s": {"commit": 0.01, "lookups": 0.01, "opening": 0.002}}] * 3,
        "memory": {"peak_rss_bytes": 90_000_000, "added_bytes": 20_000_000},
        "proof_bytes": 9000,
    },
    "verify": {"time": {"wall_s": [0.004], "cpu_s": [0.006], "waited_s": [0.0]}},
}

_RECORD: dict[str, Any] = {
    "title": "a model",
    "batch": 1,
    "compile": {
        "time": {"wall_s": 0.5},
        "sizes": {
            "lookups": 200_000,
            "table_rows": 256,
            "product_slots": 1000,
            "constraints": 9,
            "committed": {"model": 2_000_000, "table": 0, "input": 10, "output": 0, "witness": 300_000},
        },
        "accuracy": {"agreement": 1.0, "mean_relative_error": 0.001},
    },
    "setup": {
        "time": {"wall_s": 1.0},
        "memory": {"peak_rss_bytes": 200_000_000},
        "layout": {"row_bits": 9, "rows": {"model": 8, "witness": 2}, "mask_length": 100},
        "predicted": {"prove_ms": 25.0},
        "proving_key_bytes": 2_100_000,
        "verifying_key_bytes": 30_000,
        "weight_bytes": 2_000_000,
    },
    **_STAGES,
    "portable": copy.deepcopy(_STAGES),
}


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    """Makes records; `changes` are by dotted path: `record(**{"prove.proof_bytes": 7})`."""

    def make(**changes: Any) -> dict[str, Any]:
        made = copy.deepcopy(_RECORD)
        for path, value in changes.items():
            *folders, last = path.split(".")
            place = made
            for name in folders:
                place = place[name]
            place[last] = value
        return made

    return make
