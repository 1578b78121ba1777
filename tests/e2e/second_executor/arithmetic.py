"""Integer arithmetic of the second executor: int64 only, no BLAS, every sum bounded before it is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def half_up(reals: npt.ArrayLike, exponents: npt.ArrayLike) -> Integers:
    """floor(reals * 2^exponents + 1/2)."""
    scaled = np.asarray(reals, np.float64) * np.exp2(np.asarray(exponents, np.float64))
    return np.floor(scaled + 0.5).astype(np.int64)


def require_exact(x: Integers, weights: Integers, rest: int) -> None:
    """Refuses sums that could leave 62 bits: sum |w| over the inputs of each output (first axis), times max |x|."""
    largest = max(abs(int(x.min())), abs(int(x.max())))
    heaviest = int(np.abs(weights).reshape(len(weights), -1).sum(axis=1).max())
    if largest * heaviest + rest >= 1 << 62:
        raise OverflowError("an accumulator does not fit 62 bits")


def contract(x: Integers, weights: Integers) -> Integers:
    """x (rows, K), weights (outputs, K): the sums over K, one output at a time."""
    columns = [(x * row).sum(axis=1) for row in weights] if len(weights) <= len(x) else []
    return np.stack(columns, axis=1) if columns else np.stack([(weights * row).sum(axis=1) for row in x])


def convolve(x: Integers, weights: Integers, pads: Sequence[int], strides: Sequence[int]) -> Integers:
    """x (rows, C, H, W), weights (outputs, C, kh, kw), zero padding (top, left, bottom, right): one tap at a time."""
    top, left, bottom, right = pads
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    rows, _, height, width = padded.shape
    outputs, _, kh, kw = weights.shape
    h, w = (height - kh) // strides[0] + 1, (width - kw) // strides[1] + 1
    total = np.zeros((rows, outputs, h * w), np.int64)
    for i in range(kh):
        for j in range(kw):
            tap = padded[:, :, i:, j:][:, :, : strides[0] * h : strides[0], : strides[1] * w : strides[1]]
            total += np.matmul(weights[:, :, i, j], tap.reshape(rows, -1, h * w))
    return total.reshape(rows, outputs, h, w)


def pool(x: Integers, kernel: Sequence[int], strides: Sequence[int]) -> Integers:
    """The largest of each window, without padding."""
    h, w = ((size - k) // s + 1 for size, k, s in zip(x.shape[2:], kernel, strides, strict=True))
    entries = [
        x[:, :, i:, j:][:, :, : strides[0] * h : strides[0], : strides[1] * w : strides[1]]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    largest: Integers = np.stack(entries).max(axis=0)
    return largest


def divide(accumulator: Integers, shift: int) -> Integers:
    """floor((accumulator + 2^(shift-1)) / 2^shift); the accumulator itself for shift 0."""
    return np.floor_divide(accumulator + ((1 << shift) >> 1), 1 << shift)
