"""Compress with constant conditions, along an axis and over all entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_constant_condition(axis: int | None) -> None:
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    inputs = {"x": normal(1, 3, 4), "c": np.asarray([False, True, True])}
    graph = check("Compress", inputs, constants=("c",), proved=axis != 1, **attributes)
    assert set(graph.ops()) <= {"Gather", "Reshape"}
