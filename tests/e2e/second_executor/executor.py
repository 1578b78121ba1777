"""The ONNX graph, node by node, on integers.

A linear node is not computed where it stands: the Relu behind it, or the end of the graph, says into which tensor of
the relation it is rounded. Constant affine maps of features (scalers) are folded into the linear node behind them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from tests.e2e.second_executor import arithmetic
from tests.e2e.second_executor.arithmetic import Floats, Integers
from tests.e2e.second_executor.published import Published, Rounding


@dataclass(frozen=True)
class Quantized:
    """Numbers as integers: number = integer * 2^-exponents, with one exponent, or one for each feature."""

    integers: Integers
    exponents: Integers


@dataclass(frozen=True)
class Affine:
    """source * factor + addend along the last axis, not computed."""

    source: Quantized
    factor: Floats
    addend: Floats


@dataclass(frozen=True)
class Linear:
    """A linear map of `source`, not computed. `weights`: one output for each entry of the first axis."""

    source: Quantized
    weights: Floats
    bias: Floats
    layout: Callable[[Integers], Integers]
    """Brings stored weights into the order of `weights`."""
    apply: Callable[[Integers, Integers], Integers]


Value = Quantized | Affine | Linear


class Executor:
    """Runs one model; `output` is the graph's value that the compiled model returns (by whatever name)."""

    def __init__(self, model: onnx.ModelProto, published: Published, output: str) -> None:
        self.nodes = list(model.graph.node)
        self.constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        self.input = next(item.name for item in model.graph.input if item.name not in self.constants)
        self.output = output
        self.published = published
        self.exponents: dict[str, int] = {}
        """Exponents of activations, as they follow from input, weights and shifts."""

    def run(self, x: Any) -> Integers:
        """Integers of the output for float inputs, samples along the first axis."""
        (port,) = self.published.inputs
        (out,) = self.published.outputs
        integers = arithmetic.half_up(x, port.exponents)
        self._require_bounds(port.name, integers, port.lo, port.hi)
        values: dict[str, Value] = {self.input: Quantized(integers, port.exponents)}
        for node in self.nodes:
            if node.input and node.input[0] in values and self.output not in values:
                values[node.output[0]] = self._node(node, values)
        result = values[self.output]
        rounded = self._round(result, out.name, relu=False) if isinstance(result, Linear) else result
        if not isinstance(rounded, Quantized) or not np.array_equal(rounded.exponents, out.exponents):
            raise ValueError(f"the scales of the layers do not lead to that of '{out.name}'")
        return rounded.integers

    def _node(self, node: onnx.NodeProto, values: Mapping[str, Value]) -> Value:
        attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        value = values[node.input[0]]
        match node.op_type:
            case "Cast" | "Identity":
                return value
            case "Scaler":
                scale = np.asarray(attributes["scale"], np.float64)
                return Affine(_quantized(value), scale, -np.asarray(attributes["offset"], np.float64) * scale)
            case "Mul":
                return Affine(_quantized(value), self._constant(node, 1).reshape(-1), np.zeros(1))
            case "Add" if isinstance(value, Linear):
                return replace(value, bias=value.bias + self._constant(node, 1).reshape(-1))
            case "Add" if isinstance(value, Affine):
                return replace(value, addend=value.addend + self._constant(node, 1).reshape(-1))
            case "MatMul":
                return _matrix(value, self._constant(node, 1), np.zeros(1))
            case "Gemm" if set(attributes) <= {"transB"}:
                weights = self._constant(node, 1)
                return _matrix(value, weights.T if attributes.get("transB") else weights, self._constant(node, 2))
            case "Conv" if attributes.get("group", 1) == 1 and set(attributes.get("dilations", [1])) == {1}:
                return self._convolution(node, _quantized(value), attributes["pads"], attributes["strides"])
            case "Relu" if isinstance(value, Linear):
                return self._round(value, node.output[0], relu=True)
            case "MaxPool" if not any(attributes.get("pads", [0])):
                source = _quantized(value)
                pooled = arithmetic.pool(source.integers, attributes["kernel_shape"], attributes["strides"])
                return replace(source, integers=pooled)
            case "Flatten" if attributes.get("axis", 1) == 1:
                source = _quantized(value)
                return replace(source, integers=source.integers.reshape(len(source.integers), -1))
        raise ValueError(f"the second executor has no {node.op_type} with {sorted(attributes)}")

    def _constant(self, node: onnx.NodeProto, position: int) -> Floats:
        return np.asarray(self.constants[node.input[position]], np.float64)

    def _convolution(
        self, node: onnx.NodeProto, source: Quantized, pads: Sequence[int], strides: Sequence[int]
    ) -> Linear:
        weights = self._constant(node, 1)
        return Linear(
            source,
            weights,
            self._constant(node, 2),
            lambda stored: stored.reshape(weights.shape),
            lambda x, w: arithmetic.convolve(x, w, pads, strides),
        )

    # Rounding ------------------------------------------------------------------------------------------------------

    def _round(self, linear: Linear, name: str, *, relu: bool) -> Quantized:
        """The layer rounded into the relation's tensor `name`."""
        how = self.published.rounding(name)
        weights = linear.layout(self.published.integers[how.weights])
        bias = self.published.integers[how.addend].reshape(-1) if how.addend else np.zeros(1, np.int64)
        exponent = self._exponent(linear, how, weights, bias)
        arithmetic.require_exact(
            linear.source.integers, weights * how.product_factor, int(np.abs(bias).max()) * how.addend_factor
        )
        product = linear.apply(linear.source.integers, weights)
        spatial = (1,) * (product.ndim - 2)
        accumulator = how.product_factor * product + how.addend_factor * bias.reshape(-1, *spatial)
        rounded = arithmetic.divide(accumulator, how.shift)
        self.exponents[name] = exponent
        integers = np.maximum(rounded, 0) if relu else rounded
        self._require_bounds(name, integers, *self.published.bounds(name))
        return Quantized(integers, np.asarray(exponent))

    def _exponent(self, linear: Linear, how: Rounding, weights: Integers, bias: Integers) -> int:
        """The exponent of the rounded layer, if its integer weights and biases are the float ones, rounded half up."""
        source = linear.source.exponents
        base = int(source.min())
        features = (source - base).reshape(1, -1) if source.ndim else np.zeros(1, np.int64)
        shape = (1,) * (linear.weights.ndim - features.ndim) + features.shape
        of_weights = _common_exponent(linear.weights, weights, features.reshape(shape))
        of_accumulator = base + of_weights + _log2(how.product_factor)
        if how.addend is not None:
            expected = arithmetic.half_up(linear.bias, of_accumulator - _log2(how.addend_factor))
            if not np.array_equal(np.broadcast_to(expected, bias.shape), bias):
                raise ValueError(f"'{how.addend}' is not the graph's bias, rounded half up")
        elif linear.bias.any():
            raise ValueError("the graph has a bias that the relation has not")
        return of_accumulator - how.shift

    @staticmethod
    def _require_bounds(name: str, integers: Integers, lo: int, hi: int) -> None:
        if integers.min() < lo or integers.max() > hi:
            raise OverflowError(f"'{name}' leaves [{lo}, {hi}]")


def _quantized(value: Value) -> Quantized:
    if not isinstance(value, Quantized):
        raise ValueError("the second executor has no such operator behind a value that is not rounded")
    return value


def _matrix(value: Value, weights: Floats, bias: Floats) -> Linear:
    """value @ weights + bias, weights (K, outputs); an affine map before it is folded in."""
    if isinstance(value, Affine):
        addends = np.broadcast_to(value.addend, weights.shape[:1])
        carried = [math.fsum(a * w for a, w in zip(addends, column, strict=True)) for column in weights.T]
        bias = np.broadcast_to(bias, weights.shape[1:]) + np.asarray(carried)
        weights, value = value.factor.reshape(-1, 1) * weights, value.source
    rows = weights.T
    return Linear(
        _quantized(value),
        rows,
        bias,
        lambda stored: stored.reshape(len(rows.T), len(rows)).T,
        arithmetic.contract,
    )


def _common_exponent(reals: Floats, integers: Integers, features: Integers) -> int:
    """The one e for which integers = round half up(reals * 2^(e - features))."""
    guess = round(math.log2(np.abs(integers).max() / np.abs(np.ldexp(reals, -features)).max()))
    fitting = [
        e for e in range(guess - 2, guess + 3) if np.array_equal(arithmetic.half_up(reals, e - features), integers)
    ]
    if len(fitting) != 1:
        raise ValueError(f"{len(fitting)} powers of two turn the graph's weights into the compiled ones")
    return fitting[0]


def _log2(number: int) -> int:
    if number <= 0 or number & (number - 1):
        raise ValueError(f"{number} is no power of two")
    return number.bit_length() - 1
