"""CenterCropPad, Col2Im, AffineGrid, ReverseSequence against onnx's reference."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal


@pytest.mark.parametrize("sizes", [(3, 8), (7, 2), (4, 5)])
def test_center_crop_pad(sizes: tuple[int, int]) -> None:
    inputs = {"x": normal(1, 4, 5, 3), "s": np.asarray(sizes)}
    check("CenterCropPad", inputs, constants=("s",), axes=(0, 1), proved=sizes == (3, 8))


def test_overlapping_columns() -> None:
    inputs = {"x": normal(1, 2, 3 * 4, 9), "i": np.asarray([4, 4]), "b": np.asarray([2, 2])}
    check("Col2Im", inputs, constants=("i", "b"))


def test_columns_with_strides_pads_and_dilations() -> None:
    inputs = {"x": normal(1, 1, 2 * 6, 9), "i": np.asarray([5, 8]), "b": np.asarray([2, 3])}
    check("Col2Im", inputs, constants=("i", "b"), strides=(2, 2), pads=(1, 0, 1, 1), dilations=(2, 2), proved=False)


@pytest.mark.parametrize("align_corners", [0, 1])
@pytest.mark.parametrize("sizes", [(2, 3, 4, 5), (2, 1, 3, 2, 4)])
def test_affine_grid(align_corners: int, sizes: tuple[int, ...]) -> None:
    rank = len(sizes) - 2
    inputs = {"t": normal(1, 2, rank, rank + 1), "s": np.asarray(sizes)}
    check("AffineGrid", inputs, constants=("s",), align_corners=align_corners, proved=rank == 2)


@pytest.mark.parametrize("constants", [(), ("n",)])
@pytest.mark.parametrize(("batch", "time"), [(1, 0), (0, 1)])
def test_reverse_sequence(constants: tuple[str, ...], batch: int, time: int) -> None:
    inputs = {"x": normal(1, *((4, 3, 2) if time == 0 else (3, 4, 2))), "n": np.asarray([4, 1, 2])}
    check("ReverseSequence", inputs, constants=constants, batch_axis=batch, time_axis=time, proved=batch == 1)
