"""DepthToSpace and SpaceToDepth against onnx's reference: entries are only moved."""

from __future__ import annotations

import pytest

from zkseal.graph.decompose.harness_test import check, normal

MOVES = {"Reshape": 2, "Transpose": 1}


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(mode: str) -> None:
    graph = check("DepthToSpace", {"x": normal(1, 2, 8, 3, 2)}, blocksize=2, mode=mode)
    assert graph.ops() == MOVES


def test_space_to_depth() -> None:
    graph = check("SpaceToDepth", {"x": normal(1, 1, 2, 4, 6)}, blocksize=2)
    assert graph.ops() == MOVES
