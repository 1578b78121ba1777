"""Makes input shapes static."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from zkseal.errors import DynamicShape, InvalidModel


def fix_inputs(model: onnx.ModelProto, batch: int, input_shapes: Mapping[str, Sequence[int]]) -> None:
    """Writes a positive number into every dimension of every input, in place.

    `input_shapes` comes first. An unknown first dimension is the batch axis; a symbol that is bound so once has the
    same size wherever it occurs. Raises DynamicShape naming input and axis for any other unknown dimension, and
    InvalidModel for an input that is no tensor or a shape that contradicts the model.
    """
    if batch < 1:
        raise InvalidModel(f"batch is {batch}; it has to be at least 1.", batch=batch)
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    for value in model.graph.input:
        _forget_unknown_symbols(value)
    names = {value.name for value in inputs}
    for name in input_shapes:
        if name not in names:
            raise InvalidModel(f"input_shapes names {name!r}; the inputs are {sorted(names)}.", name=name)
    bound: dict[str, int] = {}
    for value in model.graph.input:
        _declare_rank(value, input_shapes.get(value.name))
        _bind(value, batch, input_shapes.get(value.name), bound)
    for value in model.graph.input:
        _write(value, bound)


def _forget_unknown_symbols(value: onnx.ValueInfoProto) -> None:
    """Exporters write "?" for sizes that they do not know: such a symbol does not say that two sizes are equal."""
    for dim in value.type.tensor_type.shape.dim if value.type.HasField("tensor_type") else ():
        if dim.dim_param and not any(letter.isalnum() for letter in dim.dim_param):
            dim.ClearField("dim_param")


def _declare_rank(value: onnx.ValueInfoProto, given: Sequence[int] | None) -> None:
    if not value.type.HasField("tensor_type"):
        raise InvalidModel(
            f"Input {value.name!r} is not a tensor. Export the model with tensor inputs.", name=value.name
        )
    kind = value.type.tensor_type
    if kind.HasField("shape"):
        if given is not None and len(given) != len(kind.shape.dim):
            raise InvalidModel(
                f"input_shapes gives {value.name!r} {len(given)} axes; the model has {len(kind.shape.dim)}.",
                name=value.name,
            )
    elif given is None:
        raise DynamicShape(
            f"Input {value.name!r} has no shape. Give one: input_shapes={{{value.name!r}: (...)}}.",
            tensor=value.name,
            axis=0,
        )
    else:
        for _ in given:
            kind.shape.dim.add()


def _bind(value: onnx.ValueInfoProto, batch: int, given: Sequence[int] | None, bound: dict[str, int]) -> None:
    for axis, dim in enumerate(value.type.tensor_type.shape.dim):
        known = dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
        size = known
        if given is not None:
            size = int(given[axis])
            if size < 1 or (known is not None and size != known):
                raise InvalidModel(
                    f"input_shapes gives axis {axis} of {value.name!r} size {size}; "
                    f"the model says {known or 'positive'}.",
                    name=value.name,
                )
        elif known is None and axis == 0:
            size = bound.get(dim.dim_param, batch) if dim.dim_param else batch
        if size is None:
            continue
        symbol = dim.dim_param
        if symbol and bound.setdefault(symbol, size) != size:
            raise InvalidModel(
                f"Dimension {symbol!r} is both {bound[symbol]} and {size} (input {value.name!r}, axis {axis}).",
                name=value.name,
            )
        dim.dim_value = size


def _write(value: onnx.ValueInfoProto, bound: Mapping[str, int]) -> None:
    for axis, dim in enumerate(value.type.tensor_type.shape.dim):
        if dim.dim_param in bound:
            dim.dim_value = bound[dim.dim_param]
        if dim.HasField("dim_value") and dim.dim_value == 0:
            raise DynamicShape(
                f"Axis {axis} of input {value.name!r} has size 0: there is nothing to prove about it. Give it a size.",
                tensor=value.name,
                axis=axis,
            )
        if not dim.HasField("dim_value") or dim.dim_value < 1:
            raise DynamicShape(
                f"Axis {axis} ({dim.dim_param or 'unnamed'}) of input {value.name!r} is not a number. "
                f"Fix it with input_shapes={{{value.name!r}: (...)}} (zkseal compile: --input-shape {value.name}=...).",
                tensor=value.name,
                axis=axis,
            )
