"""BLAS threads while a program runs."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info

from zkseal.pipeline.threads import blas_threads
from zkseal.relation import Column, RelationBuilder


def blas() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_small_programs_run_on_one_thread_and_leave_the_rest_as_it_was() -> None:
    builder = RelationBuilder()
    i = builder.loop(4, "i")
    x = builder.tensor("x", (4,), Column.INPUT, lo=0, hi=3, origin="input")
    builder.zero([i], x[i] * x[i] - x[i], origin="bits")
    before = blas()
    np.ones((8, 8)) @ np.ones((8, 8))
    with blas_threads(builder.finish(b"")):
        assert set(blas()) == {1}
    assert blas() == before
