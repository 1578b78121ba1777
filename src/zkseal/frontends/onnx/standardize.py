"""Brings a checked model into the one form that `convert` reads: one opset, static shapes, folded constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import onnx
import onnx.inliner
import onnx.version_converter
import onnxscript.optimizer
from onnx import numpy_helper

from zkseal.errors import InvalidModel, ZksealError
from zkseal.frontends.onnx import inference
from zkseal.frontends.onnx.compress import write_compress_as_gather
from zkseal.frontends.onnx.control_flow import write_out_control_flow
from zkseal.frontends.onnx.fold import LIMIT, fold_constants, omit_unread_outputs
from zkseal.frontends.onnx.infinities import drop_infinite_operands
from zkseal.frontends.onnx.inputs import fix_inputs
from zkseal.frontends.onnx.ml_ops import rewrite_ml_ops
from zkseal.frontends.onnx.outputs import select_outputs
from zkseal.frontends.onnx.read import tensors
from zkseal.frontends.onnx.widen import widen_bfloat16, widen_small_integers
from zkseal.graph.spec import check_finite

# The operator set of every graph: the newest that onnx defines and onnxruntime loads.
OPSET = 28

# The first IR version whose initializers need not be inputs, as the version converter wants them.
_IR_VERSION = 10

# Each round folds one more layer of shapes that are computed from folded shapes; models have one or two.
_MAX_ROUNDS = 8

_T = TypeVar("_T")


def standardize(
    model: onnx.ModelProto, *, batch: int, input_shapes: Mapping[str, Sequence[int]], outputs: Sequence[str] | None
) -> tuple[onnx.ModelProto, list[str]]:
    """The model at `OPSET` with static inputs and only `outputs`; and notes for people.

    Steps: inline functions, static inputs, control flow written out, bfloat16 to float32, plain operators for
    `ai.onnx.ml`, cut, version, then shapes with data propagation and constant folding until nothing changes, finite
    weights. Raises their errors.
    """
    if model.functions:
        model = _guarded("function inlining", lambda: onnx.inliner.inline_local_functions(model, convert_version=True))
    model.ir_version = max(model.ir_version, _IR_VERSION)
    if not any(entry.domain == "" for entry in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("", OPSET))  # All its operators are of other domains.
    fix_inputs(model, batch, input_shapes)
    model = _guarded("writing out control flow", partial(write_out_control_flow, model))
    widen_small_integers(model)
    notes = widen_bfloat16(model) + rewrite_ml_ops(model)
    notes += select_outputs(model, outputs)
    if next(entry.version for entry in model.opset_import if entry.domain == "") != OPSET:
        model = _guarded("version conversion", lambda: onnx.version_converter.convert_version(model, OPSET))
    model = infer_shapes(model)
    for _ in range(_MAX_ROUNDS):
        model = infer_shapes(_guarded("constant folding", partial(_fold, model)))
        rewritten = write_compress_as_gather(model)
        if not _guarded("constant folding", partial(fold_constants, model)) and not rewritten:
            break
        model = infer_shapes(model)
    drop_infinite_operands(model)
    check_weights(model)
    return model, notes


def _guarded(step: str, work: Callable[[], _T]) -> _T:
    """Runs one step of a library; whatever it raises becomes InvalidModel naming the step."""
    try:
        return work()
    except ZksealError:
        raise
    except Exception as error:
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise InvalidModel(f"The model fails at {step}: {text[0]}", step=step) from error


def infer_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with types and shapes of all values."""
    return _guarded("shape inference", lambda: inference.infer_shapes(model))


def check_weights(model: onnx.ModelProto) -> None:
    """Raises NonFiniteWeight for the first NaN or infinite weight; Clip bounds may be infinite."""
    bounds = {name for node in model.graph.node if node.op_type == "Clip" for name in node.input[1:]}
    for tensor in tensors(model.graph):
        if tensor.name not in bounds and tensor.data_type in _FLOAT_TYPES:
            check_finite(tensor.name, numpy_helper.to_array(tensor))


_FLOAT_TYPES = frozenset({onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16})


def _fold(model: onnx.ModelProto) -> onnx.ModelProto:
    folded: onnx.ModelProto = onnxscript.optimizer.optimize(model, input_size_limit=LIMIT, output_size_limit=LIMIT)
    omit_unread_outputs(folded.graph)
    return folded
