"""What RNN, GRU and LSTM share: sequences, directions, initial states and activation functions.

A recurrent node becomes, for each direction, one product of the whole sequence with W, and for each time one step with
R.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.steps import step_scope

__all__ = [
    "Direction",
    "Step",
    "bias_of",
    "clipped",
    "gate_columns",
    "run_recurrent",
    "times_recurrence",
    "vector_of",
    "weights_of",
]

_DEFAULT_ALPHA = {"LeakyRelu": 0.01, "ThresholdedRelu": 1.0, "Elu": 1.0, "HardSigmoid": 0.2}
_DEFAULT_BETA = {"HardSigmoid": 0.5}
_KNOWN = {
    name.lower(): name
    for name in (
        "Relu",
        "Tanh",
        "Sigmoid",
        "LeakyRelu",
        "ThresholdedRelu",
        "HardSigmoid",
        "Elu",
        "Softsign",
        "Softplus",
    )
}


@dataclass(frozen=True)
class Direction:
    """One direction of a recurrent node: its number, whether it reads backwards, and its activation functions."""

    number: int
    reverse: bool
    functions: tuple[Callable[[str], str], ...]


def activation(x: Expansion, name: str, alpha: float | None, beta: float | None) -> Callable[[str], str]:
    """The activation function `name` of the ONNX document of RNN."""
    op = _KNOWN.get(name.lower())
    if name.lower() in ("affine", "scaledtanh"):
        a, b = 1.0 if alpha is None else alpha, (0.0 if name.lower() == "affine" else 1.0) if beta is None else beta

        def affine(value: str) -> str:
            return x.apply("Add", x.apply("Mul", value, x.number(a, value)), x.number(b, value))

        def scaled_tanh(value: str) -> str:
            inner = x.apply("Tanh", x.apply("Mul", value, x.number(b, value)))
            return x.apply("Mul", inner, x.number(a, value))

        return affine if name.lower() == "affine" else scaled_tanh
    if op is None:
        raise x.unsupported(f"activation {name!r} is unknown. Use one of {', '.join(_KNOWN.values())}")
    attributes: dict[str, Any] = {}
    if op in _DEFAULT_ALPHA:
        attributes["alpha"] = _DEFAULT_ALPHA[op] if alpha is None else alpha
    if op in _DEFAULT_BETA:
        attributes["beta"] = _DEFAULT_BETA[op] if beta is None else beta
    return lambda value: x.apply(op, value, shape=x.shape(value), **attributes)


def _directions(x: Expansion, defaults: Sequence[str]) -> list[Direction]:
    direction = str(x.attribute("direction", "forward"))
    backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}.get(direction)
    if backwards is None:
        raise x.unsupported(f"direction {direction!r} is unknown. Use forward, reverse or bidirectional")
    names = list(x.attribute("activations", ())) or list(defaults) * len(backwards)
    alphas, betas = list(x.attribute("activation_alpha", ())), list(x.attribute("activation_beta", ()))
    per = len(defaults)
    if len(names) != per * len(backwards):
        raise x.unsupported(f"it has {len(names)} activations. Give {per} for each direction")
    functions = []
    for name in names:
        # Parameters are consumed in order by the functions that take them.
        takes_alpha = name.lower() in ("affine", "scaledtanh") or _KNOWN.get(name.lower()) in _DEFAULT_ALPHA
        takes_beta = name.lower() in ("affine", "scaledtanh") or _KNOWN.get(name.lower()) in _DEFAULT_BETA
        alpha = float(alphas.pop(0)) if takes_alpha and alphas else None
        beta = float(betas.pop(0)) if takes_beta and betas else None
        functions.append(activation(x, name, alpha, beta))
    return [Direction(d, reverse, tuple(functions[d * per : (d + 1) * per])) for d, reverse in enumerate(backwards)]


def _running(x: Expansion, time: int, dtype: str) -> tuple[str, str] | None:
    """Which sequences have an entry at `time`, as 1 and 0 for each, and the opposite; None if all have."""
    if not x.has_input(4):
        return None
    lengths = x.array(x.input(4))
    if lengths is None:
        lasting = x.apply("Greater", x.input(4), x.constant("time", time, x.dtype(x.input(4))))
        running = x.reshape(x.cast(lasting, dtype), (x.shape(lasting)[0], 1))
        return running, x.apply("Sub", x.number(1.0, running), running)
    numbers = (time < np.asarray(lengths)).astype(np.float64)[:, np.newaxis]
    if numbers.all():
        return None
    return x.constant("running", numbers, dtype), x.constant("ended", 1.0 - numbers, dtype)


def clipped(x: Expansion, value: str) -> str:
    """`value` cut off at the attribute `clip`, if it is given."""
    clip = x.attribute("clip", None)
    if clip is None:
        return value
    ends = [x.number(end, value) for end in (-float(clip), float(clip))]
    return x.apply("Clip", value, *ends, shape=x.shape(value))


def weights_of(x: Expansion, position: int, number: int) -> str:
    """The matrix of one direction of input `position`, (directions, gates * hidden, columns), transposed."""
    name = x.input(position)
    part = x.slice(name, 0, number, number + 1)
    return x.transpose(x.reshape(part, x.shape(name)[1:]), (1, 0))


def vector_of(x: Expansion, position: int, number: int, start: int, end: int) -> str:
    """Entries start .. end - 1 of one direction of input `position`, (directions, entries)."""
    part = x.slice(x.slice(x.input(position), 0, number, number + 1), 1, start, end)
    return x.reshape(part, (end - start,))


def bias_of(x: Expansion, number: int, gates: int, hidden: int) -> str:
    """Wb + Rb of one direction, (gates * hidden); "" without biases."""
    if not x.has_input(3):
        return ""
    size = gates * hidden
    return x.apply("Add", vector_of(x, 3, number, 0, size), vector_of(x, 3, number, size, 2 * size))


def times_recurrence(x: Expansion, state: str, matrix: str, total: str) -> str:
    """state R^T + total; `matrix` is R^T."""
    return x.apply("Add", x.apply("MatMul", state, matrix), total) if state else total


def gate_columns(x: Expansion, row: str, gate: int, hidden: int) -> str:
    """The columns of one gate of (batch, gates * hidden)."""
    return x.slice(row, 1, gate * hidden, (gate + 1) * hidden)


Step: TypeAlias = "Callable[[str, list[str]], list[str]]"
"""(row, states) -> new states, each (batch, hidden). `row` is x_t W^T of this time, (batch, gates * hidden); a state
that is "" is zero. The first new state is the output Y of that time."""


def run_recurrent(
    x: Expansion,
    defaults: Sequence[str],
    state_inputs: Sequence[int],
    prepare: Callable[[Direction], tuple[str, Step]],
) -> None:
    """Defines Y and the last states of a recurrent node.

    `state_inputs` are the positions of the initial states. `prepare` emits what all times of a direction share and
    returns the bias that is added to x_t W^T for all times, (gates * hidden) or "", and the function of one step.
    """
    batch_first = bool(x.attribute("layout", 0))
    sequence = x.transpose(x.input(0), (1, 0, 2)) if batch_first else x.input(0)
    steps, batch, _ = x.shape(sequence)
    hidden = x.shape(x.input(2))[-1]
    rows: list[str] = []
    last: list[list[str]] = [[] for _ in state_inputs]
    for direction in _directions(x, defaults):
        states = [_initial(x, p, direction.number, (batch, hidden), batch_first) for p in state_inputs]
        bias, step = prepare(direction)
        inputs = x.apply("MatMul", sequence, weights_of(x, 1, direction.number))
        inputs = x.apply("Add", inputs, bias) if bias else inputs
        times = [x.reshape(x.slice(inputs, 0, t, t + 1), (batch, x.shape(inputs)[-1])) for t in range(steps)]
        outputs, states = _run_direction(x, direction, states, step, times)
        rows.append(x.concat([x.reshape(y, (1, 1, batch, hidden)) for y in outputs], 0))
        for found, state in zip(last, states, strict=True):
            found.append(x.reshape(state or _zeros(x, (batch, hidden)), (1, batch, hidden)))
    if x.wants_output(0):
        y = x.concat(rows, 1)
        x.define(0, x.transpose(y, (2, 0, 1, 3)) if batch_first else y)
    for position, found in enumerate(last, start=1):
        if x.wants_output(position):
            state = x.concat(found, 0)
            x.define(position, x.transpose(state, (1, 0, 2)) if batch_first else state)


def _zeros(x: Expansion, shape: tuple[int, int]) -> str:
    return x.constant("zero_state", np.zeros(shape), x.dtype(x.input(0)))


def _initial(x: Expansion, position: int, number: int, shape: tuple[int, int], batch_first: bool) -> str:
    name = x.input(position)
    contents = x.array(name)
    if not name or (contents is not None and not contents.any()):
        return ""
    axis = 1 if batch_first else 0
    return x.reshape(x.slice(name, axis, number, number + 1), shape)


def _run_direction(
    x: Expansion, direction: Direction, states: list[str], step: Step, times: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Y for every time, in order of time, and the last states.

    Beyond the length of a sequence Y is 0 and its states stay; a reversed one starts at its own last entry, which is
    the same as keeping the initial state until that time.
    """
    outputs = [""] * len(times)
    for time in reversed(range(len(times))) if direction.reverse else range(len(times)):
        with x.within(f"direction_{direction.number}/{step_scope(time)}"):
            new = step(times[time], states)
            outputs[time], states = _where_running(x, time, new, states)
    return outputs, states


def _where_running(x: Expansion, time: int, new: list[str], old: list[str]) -> tuple[str, list[str]]:
    """Y of a time and the states after it, given the new states."""
    masks = _running(x, time, x.dtype(new[0]))
    if masks is None:
        return new[0], new
    running, ended = masks
    masked = [x.apply("Mul", fresh, running) for fresh in new]
    states = [
        x.apply("Add", fresh, x.apply("Mul", state, ended)) if state else fresh
        for fresh, state in zip(masked, old, strict=True)
    ]
    return masked[0], states
