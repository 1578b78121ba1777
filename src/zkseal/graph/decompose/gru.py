"""GRU: gates z, r, h in ONNX's order.

z = f(x Wz + H Rz + bz), r = f(x Wr + H Rr + br), H' = (1 - z) * n + z * H, where
n = g(x Wh + (r * H) Rh + Rbh + Wbh), or g(x Wh + r * (H Rh + Rbh) + Wbh) if `linear_before_reset` is set.
"""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.recurrent import (
    Direction,
    Step,
    bias_of,
    clipped,
    gate_columns,
    run_recurrent,
    times_recurrence,
    vector_of,
    weights_of,
)
from zkseal.graph.decompose.registry import decomposition


@decomposition("GRU")
def write_gru(x: Expansion) -> None:
    """Writes a GRU."""
    hidden = x.shape(x.input(2))[-1]
    linear_before_reset = bool(x.attribute("linear_before_reset", 0))

    def prepare(direction: Direction) -> tuple[str, Step]:
        f, g = direction.functions
        recurrence = weights_of(x, 2, direction.number)
        of_gates = x.slice(recurrence, 1, 0, 2 * hidden)
        of_candidate = x.slice(recurrence, 1, 2 * hidden, 3 * hidden)
        bias, inner_bias = bias_of(x, direction.number, 3, hidden), ""
        if bias and linear_before_reset:
            # The recurrent bias of the candidate is multiplied by the reset gate: it does not join the others.
            inner_bias = vector_of(x, 3, direction.number, 5 * hidden, 6 * hidden)
            gates = x.slice(bias, 0, 0, 2 * hidden)
            bias = x.concat([gates, vector_of(x, 3, direction.number, 2 * hidden, 3 * hidden)], 0)

        def candidate(row: str, state: str, reset: str) -> str:
            own = gate_columns(x, row, 2, hidden)
            with x.within("candidate/"):
                return activated(own, state, reset)

        def activated(own: str, state: str, reset: str) -> str:
            if linear_before_reset:
                inner = x.apply("MatMul", state, of_candidate) if state else ""
                if inner and inner_bias:
                    inner = x.apply("Add", inner, inner_bias)
                inner = inner or inner_bias
                return g(clipped(x, x.apply("Add", x.apply("Mul", reset, inner), own) if inner else own))
            gated = x.apply("Mul", reset, state) if state else ""
            return g(clipped(x, times_recurrence(x, gated, of_candidate, own)))

        def step(row: str, states: list[str]) -> list[str]:
            state = states[0]
            total = times_recurrence(x, state, of_gates, x.slice(row, 1, 0, 2 * hidden))
            both = f(clipped(x, total))
            update, reset = (gate_columns(x, both, k, hidden) for k in (0, 1))
            fresh = candidate(row, state, reset)
            with x.within("state/"):
                # (1 - z) n + z H = n + z (H - n)
                if state:
                    return [x.apply("Add", fresh, x.apply("Mul", update, x.apply("Sub", state, fresh)))]
                return [x.apply("Sub", fresh, x.apply("Mul", update, fresh))]

        return bias, step

    run_recurrent(x, ("Sigmoid", "Tanh"), (5,), prepare)
