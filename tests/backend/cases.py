"""ONNX's own node tests: models of one operator (or of its function body), with inputs and expected outputs.

Package `onnx` generates them (onnx.backend.test.case.node); nothing is downloaded. A case belongs to the operator that
it was written for, also where it runs that operator's function body (`.._expanded`).
"""

from __future__ import annotations

import functools
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, numpy_helper

Array = npt.NDArray[Any]

_STRANGE_TYPES = {
    TensorProto.STRING: "strings",
    TensorProto.COMPLEX64: "complex numbers",
    TensorProto.COMPLEX128: "complex numbers",
}

_DATA_DEPENDENT = frozenset({"NonMaxSuppression", "NonZero", "Unique"})
"""The size of their result depends on the numbers that go in."""

_RANDOM = frozenset(
    {"Bernoulli", "Multinomial"} | {f"Random{k}{like}" for k in ("Normal", "Uniform") for like in ("", "Like")}
)

_TRAINING = "ai.onnx.preview.training"


@dataclass(frozen=True)
class Case:
    """One node test. `inputs` and `outputs` are by name; `out_of_scope` says why it is not run, or is empty."""

    name: str
    op: str
    model: onnx.ModelProto = field(repr=False)
    inputs: dict[str, Array] = field(repr=False)
    outputs: dict[str, Array] = field(repr=False)
    out_of_scope: str = ""


@functools.cache
def all_cases() -> tuple[Case, ...]:
    """Every node test of the installed onnx, by operator and name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The tests of casts overflow on purpose.
        from onnx.backend.test.case.node import collect_testcases

        found = collect_testcases(None)
    operators = {
        case.name: case.model.graph.node[0].op_type for case in found if case.model and len(case.model.graph.node) == 1
    }
    made = [_case(case, _operator(case, operators)) for case in found]
    return tuple(sorted(made, key=lambda case: (case.op, case.name)))


def _operator(case: Any, operators: dict[str, str]) -> str:
    """The operator that a case tests: its only node, or that of the case whose function body it runs."""
    plain = re.sub(r"_expanded(_ver\d+)?(_function)?$", "", case.name)
    for name in (case.name, plain, re.sub(r"_ver\d+$", "", plain)):
        if name in operators:
            return operators[name]
    ops: list[str] = [node.op_type for node in case.model.graph.node]
    return next((op for op in ops if op != "Constant"), ops[-1])


def _case(case: Any, op: str) -> Case:
    graph = case.model.graph
    reason = _out_of_scope(case.model, op)
    if reason:
        return Case(case.name, op, case.model, {}, {}, reason)
    given, expected = case.data_sets[0]
    if len(given) != len(graph.input) or len(expected) != len(graph.output):
        return Case(case.name, op, case.model, {}, {}, "other inputs than the model has")
    inputs = {value.name: _array(array) for value, array in zip(graph.input, given, strict=True)}
    outputs = {value.name: _array(array) for value, array in zip(graph.output, expected, strict=True)}
    return Case(case.name, op, case.model, inputs, outputs)


def _array(given: Any) -> Array:
    return numpy_helper.to_array(given) if isinstance(given, TensorProto) else np.asarray(given)


def _out_of_scope(model: onnx.ModelProto, op: str) -> str:
    for value in (*model.graph.input, *model.graph.output):
        if not value.type.HasField("tensor_type"):
            kind = str(value.type.WhichOneof("value")).removesuffix("_type")
            return f"{kind} types"
        strange: str = _STRANGE_TYPES.get(value.type.tensor_type.elem_type, "")
        if strange:
            return strange
    ops = {node.op_type for node in model.graph.node}
    if op in _DATA_DEPENDENT or ops & _DATA_DEPENDENT:
        return "shapes that depend on data"
    if ops & _RANDOM or _drops_at_random(model):
        return "random results"
    if any(node.domain == _TRAINING for node in model.graph.node):
        return "training"
    return ""


def _drops_at_random(model: onnx.ModelProto) -> bool:
    return any(node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] for node in model.graph.node)
