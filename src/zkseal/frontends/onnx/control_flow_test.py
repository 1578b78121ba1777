"""Control flow and sequences that are known beforehand, against onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import FloatSession, load

Array = np.ndarray[Any, Any]


def _model(body: str, inputs: str, outputs: str, opset: int = 17) -> onnx.ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : {opset}]> case ({inputs}) => ({outputs}) {{ {body} }}'
    return onnx.parser.parse_model(text)


def _same(model: onnx.ModelProto, feeds: Mapping[str, Array]) -> None:
    graph = load(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, dict(feeds))
    found = FloatSession(graph, threads=1).run(dict(feeds))
    for name, y in zip((value.name for value in model.graph.output), expected, strict=True):
        assert found[name].shape == y.shape
        np.testing.assert_allclose(found[name], y, rtol=1e-6)


X = np.arange(6, dtype=np.float32).reshape(3, 2)

LOOP = """
    cond = Constant <value = bool {1}> ()
    trips = Constant <value = int64 {3}> ()
    y, z = Loop (trips, cond, x) <body = step (int64 i, bool c, float[3,2] a) => (bool d, float[3,2] b, float[2] row) {
        d = Identity (c)
        picked = Gather <axis = 0> (a, i)
        b = Add (a, picked)
        row = Mul (picked, picked)
    }>
"""


def test_loop_with_a_fixed_count() -> None:
    _same(_model(LOOP, "float[3,2] x", "float[3,2] y, float[3,2] z"), {"x": X})


def test_loop_in_an_old_opset_has_its_body_converted() -> None:
    body = """
        cond = Constant <value = bool {1}> ()
        trips = Constant <value = int64 {3}> ()
        y = Loop (trips, cond, x) <body = step (int64 i, bool c, float[3,2] a) => (bool d, float[3,2] b) {
            d = Identity (c)
            wide = Unsqueeze <axes = [0]> (a)
            b = Squeeze <axes = [0]> (wide)
        }>
    """
    _same(_model(body, "float[3,2] x", "float[3,2] y", opset=11), {"x": X})


def test_loop_whose_condition_can_be_computed() -> None:
    body = """
        start = Constant <value = int64 {0}> ()
        one = Constant <value = int64 {1}> ()
        end = Constant <value = int64 {4}> ()
        cond = Constant <value = bool {1}> ()
        n, y = Loop ("", cond, start, x) <body = step (int64 i, bool c, int64 m, float[3,2] a)
            => (bool d, int64 k, float[3,2] b) {
            k = Add (m, one)
            d = Less (k, end)
            b = Add (a, a)
        }>
    """
    _same(_model(body, "float[3,2] x", "float[3,2] y"), {"x": X})


def test_loop_whose_condition_ends_it_long_before_its_limit() -> None:
    body = """
        cond = Constant <value = bool {1}> ()
        trips = Constant <value = int64 {9223372036854775807}> ()
        start = Constant <value = int64 {0}> ()
        n, y = Loop (trips, cond, start, x) <body = step (int64 i, bool c, int64 m, float[3,2] a)
                => (bool d, int64 k, float[3,2] b) {
            one = Constant <value = int64 {1}> ()
            three = Constant <value = int64 {3}> ()
            k = Add (m, one)
            d = Less (k, three)
            b = Add (a, x)
        }>
    """
    _same(_model(body, "float[3,2] x", "float[3,2] y"), {"x": X})


def test_loop_that_does_nothing_for_ever_is_refused() -> None:
    body = """
        cond = Constant <value = bool {1}> ()
        y = Loop ("", cond, x) <body = step (int64 i, bool c, float[3,2] a) => (bool c, float[3,2] a) {}>
    """
    with pytest.raises(UnsupportedOp, match="Use fewer iterations"):
        load(_model(body, "float[3,2] x", "float[3,2] y"))


def test_loop_that_ends_by_data_is_refused() -> None:
    body = """
        cond = Constant <value = bool {1}> ()
        big = Constant <value = float {100.0}> ()
        y = Loop ("", cond, x) <body = step (int64 i, bool c, float a) => (bool d, float b) {
            b = Add (a, a)
            d = Less (b, big)
        }>
    """
    with pytest.raises(UnsupportedOp, match="ends when computed data says so"):
        load(_model(body, "float x", "float y"))


def test_loop_without_an_end_that_fits_is_refused() -> None:
    body = LOOP.replace("{3}", "{1000000}")
    with pytest.raises(UnsupportedOp, match="more than"):
        load(_model(body, "float[3,2] x", "float[3,2] y"))


@pytest.mark.parametrize("backwards", [0, 1])
def test_scan(backwards: int) -> None:
    body = f"""
        y, z = Scan <num_scan_inputs = 1, scan_input_directions = [{backwards}], scan_output_axes = [1],
            body = step (float[2] s, float[2] row) => (float[2] t, float[2] out) {{
            t = Add (s, row)
            out = Mul (t, row)
        }}> (s0, x)
    """
    feeds = {"s0": np.array([0.5, -1.0], np.float32), "x": X}
    _same(_model(body, "float[2] s0, float[3,2] x", "float[2] y, float[2,3] z"), feeds)


BRANCHES = """
    zero = Constant <value = float {0.0}> ()
    total = ReduceSum <keepdims = 0> (x)
    cond = Greater (total, zero)
    y = If (cond) <then_branch = yes () => (float[3,2] a) { a = Add (x, x) },
                   else_branch = no () => (float[3,2] b) { b = Sub (x, one) }>
"""


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_if_that_depends_on_data_computes_both_branches(sign: float) -> None:
    body = "one = Constant <value = float {1.0}> () " + BRANCHES
    _same(_model(body, "float[3,2] x", "float[3,2] y"), {"x": np.float32(sign) * (X + 1)})


def test_if_that_depends_on_shapes_is_resolved() -> None:
    body = """
        sizes = Shape (x)
        first = Constant <value = int64 {0}> ()
        rows = Gather (sizes, first)
        three = Constant <value = int64 {3}> ()
        cond = Equal (rows, three)
        y = If (cond) <then_branch = yes () => (float[3,2] a) { a = Add (x, x) },
                       else_branch = no () => (float[1,2] b) { b = ReduceSum <keepdims = 1> (x, zero) }>
    """
    model = _model(body + "zero = Constant <value = int64[1] {0}> ()", "float[n,2] x", "float[p,2] y")
    model.graph.node.insert(0, model.graph.node[-1])
    del model.graph.node[-1]
    assert set(load(model, input_shapes={"x": (3, 2)}).ops()) == {"Add"}


def test_if_with_results_of_different_shapes_is_refused() -> None:
    body = BRANCHES.replace("float[3,2] b) { b = Sub (x, one) }", "float b) { b = Identity (zero) }")
    with pytest.raises(UnsupportedOp, match="control flow"):
        load(_model(body, "float[3,2] x", "float[..] y".replace("[..]", "[p,q]")))


def test_sequences_and_optionals_vanish() -> None:
    body = """
        one = Constant <value = int64 {1}> ()
        parts = SplitToSequence <axis = 0, keepdims = 0> (x)
        more = SequenceInsert (parts, w, one)
        fewer = SequenceErase (more)
        second = SequenceAt (fewer, one)
        wrapped = Optional (second)
        element = OptionalGetElement (wrapped)
        y = ConcatFromSequence <axis = 0, new_axis = 1> (fewer)
        z = Add (element, element)
        n = SequenceLength (fewer)
        k = Cast <to = 1> (n)
        s = Mul (z, k)
    """
    model = _model(body, "float[3,2] x, float[2] w", "float[3,2] y, float[2] s", opset=18)
    _same(model, {"x": X, "w": np.array([7.0, 8.0], np.float32)})


def test_sequences_that_loops_carry() -> None:
    body = """
        cond = Constant <value = bool {1}> ()
        trips = Constant <value = int64 {3}> ()
        empty = SequenceEmpty <dtype = 1> ()
        all = Loop (trips, cond, empty) <body = step (int64 i, bool c, seq(float[2]) s) => (bool d, seq(float[2]) t) {
            d = Identity (c)
            row = Gather <axis = 0> (x, i)
            t = SequenceInsert (s, row)
        }>
        y = ConcatFromSequence <axis = 0> (all)
    """
    _same(_model(body, "float[3,2] x", "float[6] y"), {"x": X})
