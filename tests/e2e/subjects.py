"""The five models of the acceptance run, each with its float model as ONNX made without zkseal."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import skl2onnx
from onnx import TensorProto, helper
from tests.e2e.second_executor import Executor, Published

import zkseal
from zkseal.zoo import MODELS, ZooModel

NAMES = ("breast_cancer", "digits", "lenet", "dense", "cifar")
CHUNK = 50
"""Rows that the second executor works on at a time."""


@dataclass(frozen=True)
class Subject:
    """A model of the zoo, compiled with default options.

    - `float_model`, `logits`: the ONNX model that onnxruntime runs, and the name of its last value before any softmax.
    """

    zoo: ZooModel
    compiled: zkseal.CompiledModel
    float_model: onnx.ModelProto
    logits: str

    @property
    def input(self) -> str:
        return self.compiled.graph.inputs[0].name

    @functools.cached_property
    def float_logits(self) -> npt.NDArray[Any]:
        """Logits of the float model for all held-out rows."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(self.float_model.SerializeToString(), options)
        (result,) = session.run([self.logits], {session.get_inputs()[0].name: self.zoo.held_out})
        return np.asarray(result)

    @functools.cached_property
    def integers(self) -> npt.NDArray[np.int64]:
        """Output integers of zkseal's executor for all held-out rows."""
        (name,) = self.compiled.graph.outputs
        program, rows = self.compiled.program, self.zoo.held_out
        runs = [program.execute({self.input: rows[k : k + 1]})[name] for k in range(len(rows))]
        return np.concatenate(runs).reshape(len(rows), -1)

    @functools.cached_property
    def decoded(self) -> npt.NDArray[np.float64]:
        """The numbers that `integers` stand for."""
        return np.ldexp(self.integers.astype(np.float64), -self.compiled.interface.outputs[0].exponent)

    def labels(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Classes: the largest logit, or the sign of a single one."""
        wide = logits.shape[1] > 1
        return np.asarray(logits.argmax(axis=1) if wide else logits[:, 0] > 0, np.int64)

    def second_executor(self) -> Executor:
        """The other executor, given what the compiled model publishes and its integer weights."""
        relation = self.compiled.relation
        published = Published(relation.encode(), relation.names.tensors, self.compiled.weights())
        return Executor(self.float_model, published, self.logits)


@functools.cache
def subject(name: str) -> Subject:
    """A subject by name; made once for a test run."""
    zoo = MODELS[name]()
    compiled = zkseal.compile(zoo.model, zoo.calibration, select="logits")
    if isinstance(zoo.model, onnx.ModelProto):
        return Subject(zoo, compiled, zoo.model, "logits")
    return Subject(zoo, compiled, *_converted(zoo))


def _converted(zoo: ZooModel) -> tuple[onnx.ModelProto, str]:
    """A scikit-learn model as skl2onnx writes it, with the value before its softmax or sigmoid as an output."""
    model = skl2onnx.to_onnx(zoo.model, zoo.held_out[:1], options={"zipmap": False})
    logits = next(node.input[0] for node in model.graph.node if node.op_type in ("Sigmoid", "Softmax"))
    model.graph.output.append(helper.make_tensor_value_info(logits, TensorProto.FLOAT, [None, None]))
    return model, str(logits)
