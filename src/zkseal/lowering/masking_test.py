"""Masks as exporters write them, read from whole models: they are recognized, and masked tokens count for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from zkseal.frontends.onnx import FloatSession, load
from zkseal.graph.masking import MASKED_SOFTMAX, mark_masks
from zkseal.lowering.harness_test import calibrated, rng_of

LOWEST = float(np.finfo(np.float32).min)
LENGTH = 4

BERT = """
    wide = Unsqueeze (mask, axes)
    number = Cast <to = 1> (wide)
    masked = Sub (one, number)
    bias = Mul (masked, never)
    t = Add (s, bias)
"""

BERT_MASKED_FILL = """
    wide = Unsqueeze (mask, axes)
    shape = Constant <value = int64[4] {1, 1, 4, 4}> ()
    all = Expand (wide, shape)
    number = Cast <to = 1> (all)
    masked = Sub (one, number)
    flag = Cast <to = 9> (masked)
    bias = Where (flag, never, masked)
    t = Add (s, bias)
"""

LLAMA = """
    wide = Unsqueeze (mask, axes)
    none = Constant <value = int64 {0}> ()
    unseen = Equal (wide, none)
    ones = Constant <value = float[4,4] {0,-1e9,-1e9,-1e9, 0,0,-1e9,-1e9, 0,0,0,-1e9, 0,0,0,0}> ()
    bias = Where (unseen, never, ones)
    t = Add (s, bias)
"""

GPT2 = """
    seen = Constant <value = bool[4,4] {1,0,0,0, 1,1,0,0, 1,1,1,0, 1,1,1,1}> ()
    causal = Where (seen, s, never)
    wide = Unsqueeze (mask, axes)
    number = Cast <to = 1> (wide)
    masked = Sub (one, number)
    bias = Mul (never, masked)
    t = Add (bias, causal)
"""

SDPA = """
    wide = Unsqueeze (mask, axes)
    seen = Cast <to = 9> (wide)
    zero = Constant <value = float {0.0}> ()
    bias = Where (seen, zero, never)
    t = Add (s, bias)
"""


def _model(body: str) -> onnx.ModelProto:
    text = f"""
    <ir_version: 8, opset_import: ["" : 17]>
    case (float[1,2,4,3] q, float[1,2,3,4] k, int64[1,4] mask) => (float[1,2,4,4] y) {{
        one = Constant <value = float {{1.0}}> ()
        never = Constant <value = float {{{LOWEST!r}}}> ()
        axes = Constant <value = int64[2] {{1, 2}}> ()
        s = MatMul (q, k)
        {body}
        y = Softmax <axis = -1> (t)
    }}
    """
    return onnx.parser.parse_model(text)


def _sample(seed: int, mask: list[int]) -> dict[str, Any]:
    rng = rng_of(seed)
    q, k = (rng.normal(size=shape).astype(np.float32) for shape in ((1, 2, 4, 3), (1, 2, 3, 4)))
    return {"q": q, "k": k, "mask": np.array([mask], np.int64)}


@pytest.mark.parametrize("body", [BERT, BERT_MASKED_FILL, LLAMA, GPT2, SDPA])
def test_masks_of_exporters(body: str) -> None:
    graph = load(_model(body))
    assert MASKED_SOFTMAX in mark_masks(graph).ops()
    samples = [_sample(0, [1, 1, 1, 1]), _sample(1, [1, 1, 0, 0])]
    program = calibrated(graph, samples)
    session = FloatSession(graph, threads=1)
    for sample in (*samples, _sample(2, [1, 0, 1, 0])):
        expected, found = session.run(sample)["y"], program.predict(sample)["y"]
        assert np.abs(found - expected).max() <= 2.0**-10
        assert (found[..., sample["mask"][0] == 0] == 0).all()


def test_relative_positions_are_no_mask() -> None:
    body = "p = Constant <value = float[4,4] {0,1,2,3, -1,0,1,2, -2,-1,0,1, -300,-2,-1,0}> () t = Add (s, p)"
    graph = load(_model(body + " unused = Identity (mask)"))
    assert MASKED_SOFTMAX not in mark_masks(graph).ops()
