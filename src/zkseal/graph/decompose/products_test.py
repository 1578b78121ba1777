"""CumProd, Det and EyeLike against onnx's reference."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.graph.decompose.harness_test import check, normal


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_cumulative_products(exclusive: int, reverse: int) -> None:
    inputs = {"x": 1 + 0.3 * normal(1, 2, 5), "a": np.asarray(1)}
    check("CumProd", inputs, constants=("a",), exclusive=exclusive, reverse=reverse, proved=bool(reverse))


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_determinants(rows: int) -> None:
    check("Det", {"x": normal(rows, 2, rows, rows)}, proved=rows == 3, tolerance=2.0**-9)


def test_large_determinants_are_refused() -> None:
    with pytest.raises(UnsupportedOp, match="Use at most 4"):
        check("Det", {"x": normal(1, 5, 5)})
