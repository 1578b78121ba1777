"""Measures zkseal on one model: four stages, each in a fresh process, in a folder of its own."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from bench.stage import run_stage

PRIVACY = "zero-knowledge; input and weights private, output public"

_MODULE = "bench.zkseal_stage"
_LIMIT_S = 900.0


def measure_zkseal(
    model: str, *, threads: int, repeat: int, rows: int | None = None, row_bits: int | None = None
) -> dict[str, Any]:
    """Everything about one model of the zoo. `rows` limits the held-out rows for accuracy, None takes all.

    Raises:
        StageFailed: a stage ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="zkseal-bench-") as folder:
        request = {"folder": folder, "model": model, "rows": rows, "row_bits": row_bits, "repeat": repeat}
        stages = {
            stage: run_stage(sys.executable, _MODULE, stage, request, threads=threads, limit_s=_LIMIT_S)
            for stage in ("compile", "setup", "prove", "verify")
        }
    return {"privacy": PRIVACY, **stages}
