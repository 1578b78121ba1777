"""Attention and RotaryEmbedding against onnx's reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import load
from zkseal.graph.decompose.harness_test import check, model_of, normal

BATCH, HEADS, LENGTH, SIZE = 2, 2, 3, 4


def _operands(heads: int = HEADS, shared: int = HEADS, keys: int = LENGTH) -> dict[str, Any]:
    return {
        "q": normal(1, BATCH, heads, LENGTH, SIZE),
        "k": normal(2, BATCH, shared, keys, SIZE),
        "v": normal(3, BATCH, shared, keys, SIZE),
    }


def test_attention() -> None:
    check("Attention", _operands())


def test_causal_attention_with_grouped_heads_and_soft_cap() -> None:
    check("Attention", _operands(4, 2), is_causal=1, softcap=2.0, scale=0.7)


def test_attention_with_three_axes() -> None:
    inputs = {name: array.reshape(BATCH, LENGTH, -1) for name, array in _operands().items()}
    check("Attention", inputs, q_num_heads=HEADS, kv_num_heads=HEADS, is_causal=1, proved=False)
    with pytest.raises(UnsupportedOp, match="q_num_heads"):
        load(model_of("Attention", inputs, ("y",), (), q_num_heads=3, kv_num_heads=3))


def test_attention_with_caches() -> None:
    past = {"mask": None, "pk": normal(4, BATCH, HEADS, 2, SIZE), "pv": normal(5, BATCH, HEADS, 2, SIZE)}
    check("Attention", {**_operands(), **past}, ("y", "present_k", "present_v"), is_causal=1, proved=False)


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", ["bool", "float"])
def test_attention_masks(kind: str, constant: bool) -> None:
    mask = np.tril(np.ones((LENGTH, LENGTH), bool), k=0)
    given = mask if kind == "bool" else np.where(mask, normal(7, LENGTH, LENGTH), -3.0).astype(np.float32)
    constants = ("mask",) if constant else ()
    check("Attention", {**_operands(), "mask": given}, ("y",), constants, proved=not constant)
    check("Attention", {**_operands(keys=5), "mask": given}, ("y",), constants, proved=not constant)


@pytest.mark.parametrize("constant", [True, False])
def test_a_query_that_sees_no_key_gives_zeros(constant: bool) -> None:
    mask = np.array([[True, True, False], [False, False, False], [False, True, True]])
    constants = ("mask",) if constant else ()
    outputs = ("y", "", "", "shares")
    check("Attention", {**_operands(), "mask": mask}, outputs, constants, qk_matmul_output_mode=3, proved=False)


@pytest.mark.parametrize("mode", [0, 1])
def test_attention_returns_scores(mode: int) -> None:
    check("Attention", _operands(), ("y", "", "", "s"), qk_matmul_output_mode=mode, softcap=1.5 * mode, proved=False)


def test_minus_infinity_is_refused_as_a_result() -> None:
    with pytest.raises(UnsupportedOp, match="qk_matmul_output"):
        load(model_of("Attention", _operands(), ("y", "", "", "s"), (), qk_matmul_output_mode=2, is_causal=1))


@pytest.mark.parametrize("constant", [True, False])
def test_attention_over_a_padded_cache(constant: bool) -> None:
    operands = _operands(keys=6)
    inputs = {**operands, "mask": None, "pk": None, "pv": None, "lengths": np.array([4, 6], np.int64)}
    check("Attention", inputs, ("y",), ("lengths",) if constant else (), is_causal=1, proved=False)


def _rotary(interleaved: int, size: int, positions: bool) -> dict[str, Any]:
    count = 8
    angles = normal(1, count, size // 2)
    ids = np.array([[0, 3, 5], [7, 1, 2]], np.int64)
    caches = [np.cos(angles), np.sin(angles)] if positions else [np.cos(angles)[ids], np.sin(angles)[ids]]
    return {
        "x": normal(2, BATCH, HEADS, LENGTH, 8),
        "cos": caches[0].astype(np.float32),
        "sin": caches[1].astype(np.float32),
        "ids": ids if positions else None,
    }


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize(("size", "positions"), [(8, True), (4, True), (8, False)])
def test_rotary_embedding(interleaved: int, size: int, positions: bool) -> None:
    options: dict[str, Any] = {"rotary_embedding_dim": size, "proved": True} if size < 8 else {"proved": False}
    inputs = _rotary(interleaved, size, positions)
    check("RotaryEmbedding", inputs, ("y",), ("cos", "sin", "ids"), interleaved=interleaved, **options)


def test_rotary_embedding_with_three_axes() -> None:
    inputs = _rotary(0, 8, True)
    inputs["x"] = inputs["x"].transpose(0, 2, 1, 3).reshape(BATCH, LENGTH, -1)
    check("RotaryEmbedding", inputs, ("y",), ("cos", "sin", "ids"), num_heads=HEADS, proved=False)
