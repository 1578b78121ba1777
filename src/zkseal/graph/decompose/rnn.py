"""RNN: H_t = f(X_t W^T + H_{t-1} R^T + Wb + Rb)."""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.recurrent import (
    Direction,
    Step,
    bias_of,
    clipped,
    run_recurrent,
    times_recurrence,
    weights_of,
)
from zkseal.graph.decompose.registry import decomposition


@decomposition("RNN")
def write_rnn(x: Expansion) -> None:
    """Writes an RNN."""
    hidden = x.shape(x.input(2))[-1]

    def prepare(direction: Direction) -> tuple[str, Step]:
        recurrence = weights_of(x, 2, direction.number)

        def step(row: str, states: list[str]) -> list[str]:
            total = times_recurrence(x, states[0], recurrence, row)
            return [direction.functions[0](clipped(x, total))]

        return bias_of(x, direction.number, 1, hidden), step

    run_recurrent(x, ("Tanh",), (5,), prepare)
