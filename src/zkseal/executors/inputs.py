"""The caller's numbers as the integers that a receipt has to be about, from nothing but the public interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import WrongInput
from zkseal.lowering import Quantized
from zkseal.lowering.inputs import quantize_input
from zkseal.pipeline import Interface, Port, Samples
from zkseal.pipeline.compile import named

__all__ = ["batch_size", "input_integers", "input_rows", "named_inputs", "stacked"]

Array = npt.NDArray[Any]


def named_inputs(interface: Interface, inputs: Samples) -> dict[str, Array]:
    """One input of the model by name. Raises `WrongInput`: one is missing, unknown or misshapen."""
    arrays = named(tuple(_quantized(port) for port in interface.inputs), inputs)
    return {port.name: _shaped(port, arrays[port.name], port.shape) for port in interface.inputs}


def input_integers(interface: Interface, arrays: Mapping[str, Array]) -> dict[int, Array]:
    """The integers of `named_inputs`, flat, by tensor index. Raises `WrongInput`, `RangeExceeded`."""
    return {port.tensor: quantize_input(_quantized(port), arrays[port.name]).reshape(-1) for port in interface.inputs}


def batch_size(interface: Interface) -> int:
    """How many inputs one proof takes: the first axis of everything that goes in and comes out.

    Raises:
        WrongInput: inputs or outputs have no such axis in common.
    """
    sizes = {port.shape[0] if port.shape else 0 for port in (*interface.inputs, *interface.outputs)}
    if len(sizes) != 1 or 0 in sizes:
        raise WrongInput(
            "The inputs and outputs of the model have no first axis in common: it proves one input at a time.",
            name=interface.inputs[0].name,
            expected="one first axis",
            got=sorted(sizes),
        )
    return sizes.pop()


def stacked(interface: Interface, inputs: list[Samples]) -> dict[str, Array]:
    """Single inputs as one full batch: places that are left over hold the last one again.

    Raises:
        WrongInput: too many or none, or one that is missing, unknown or misshapen.
    """
    size = batch_size(interface)
    if not 1 <= len(inputs) <= size:
        raise WrongInput(
            f"The model proves 1 to {size} inputs at once; {len(inputs)} were given. Take them apart, or compile the "
            "model for another batch.",
            name=interface.inputs[0].name,
            expected=size,
            got=len(inputs),
        )
    single = [_single(interface, one) for one in inputs]
    single += [single[-1]] * (size - len(single))
    return {name: np.concatenate([one[name] for one in single]) for name in single[0]}


def input_rows(interface: Interface, samples: Samples) -> tuple[list[Samples], int]:
    """Samples along a first axis as single inputs, and how many of them one proof takes.

    An array with one axis more than its input holds whole inputs; one with as many, rows of batches.

    Raises:
        WrongInput: there are none, or more samples of one input than of another.
    """
    if not isinstance(samples, Mapping):
        samples = {interface.inputs[0].name: samples}
    given = {name: np.asarray(array) for name, array in samples.items()}
    counts = sorted({array.shape[0] if array.ndim else 0 for array in given.values()})
    if len(counts) != 1 or 0 in counts:
        raise WrongInput(
            f"There are {counts} samples of the inputs {list(given)}: give as many of each.",
            name=next(iter(given), ""),
            expected="one number of samples",
            got=counts,
        )
    rows: list[Samples] = [{name: array[k] for name, array in given.items()} for k in range(counts[0])]
    axes = {port.name: len(port.shape) for port in interface.inputs}
    whole = all(array.ndim == axes.get(name, 0) + 1 for name, array in given.items())
    single = whole or all(port.shape[:1] == (1,) for port in interface.inputs)
    return rows, 1 if single else batch_size(interface)


def _single(interface: Interface, inputs: Samples) -> dict[str, Array]:
    """One input of a batch, its first axis of size 1, which may be left out."""
    ports = [(port, (1, *port.shape[1:])) for port in interface.inputs]
    arrays = named(tuple(_quantized(port, shape) for port, shape in ports), inputs)
    return {port.name: _shaped(port, arrays[port.name], shape) for port, shape in ports}


def _shaped(port: Port, array: Array, shape: tuple[int, ...]) -> Array:
    if array.shape != shape:
        raise WrongInput(
            f"Input '{port.name}' has shape {array.shape}; one proof takes one input of shape {shape}.",
            name=port.name,
            expected=shape,
            got=array.shape,
        )
    return array


def _quantized(port: Port, shape: tuple[int, ...] | None = None) -> Quantized:
    """The port as programs know it. Whether NaN has a meaning only the program knows: here it is let through."""
    sizes = shape or port.shape
    scales = (port.exponent, port.lo, port.hi, port.feature_exponents)
    return Quantized(port.name, sizes, *scales, order=port.order, missing=True)
