"""LSTM: gates i, o, f, c in ONNX's order; peepholes, coupled input and forget gates, clipping.

i = f(x Wi + H Ri + Pi * C + bi), f = f(x Wf + H Rf + Pf * C + bf), c = g(x Wc + H Rc + bc),
C' = f * C + i * c, o = f(x Wo + H Ro + Po * C' + bo), H' = o * h(C').
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


@decomposition("LSTM")
def write_lstm(x: Expansion) -> None:
    """Writes an LSTM."""
    hidden = x.shape(x.input(2))[-1]
    coupled = bool(x.attribute("input_forget", 0))

    def prepare(direction: Direction) -> tuple[str, Step]:
        f, g, h = direction.functions
        recurrence = weights_of(x, 2, direction.number)
        peepholes = ["", "", ""]
        if x.has_input(7):
            peepholes = [vector_of(x, 7, direction.number, k * hidden, (k + 1) * hidden) for k in range(3)]

        def gate(total: str, number: int, peephole: str, cell: str) -> str:
            own = gate_columns(x, total, number, hidden)
            if peephole and cell:
                own = x.apply("Add", own, x.apply("Mul", cell, peephole))
            return clipped(x, own)

        def without_peepholes(total: str, cell: str) -> list[str]:
            """All three gates at once: they stand behind each other, so one table serves them."""
            gates = f(clipped(x, x.slice(total, 1, 0, 3 * hidden)))
            update, output, forget = (gate_columns(x, gates, k, hidden) for k in range(3))
            fresh = next_cell(total, update, forget, cell)
            return [hidden_state(output, fresh), fresh]

        def next_cell(total: str, update: str, forget: str, cell: str) -> str:
            with x.within("cell/"):
                fresh = x.apply("Mul", update, g(gate(total, 3, "", "")))
            with x.within("kept/"):
                return x.apply("Add", x.apply("Mul", forget, cell), fresh) if cell else fresh

        def hidden_state(output: str, cell: str) -> str:
            with x.within("hidden/"):
                return x.apply("Mul", output, h(cell))

        def step(row: str, states: list[str]) -> list[str]:
            state, cell = states
            total = times_recurrence(x, state, recurrence, row)
            if not coupled and not any(peepholes):
                return without_peepholes(total, cell)
            with x.within("update/"):
                update = f(gate(total, 0, peepholes[0], cell))
            with x.within("forget/"):
                if not cell:
                    forget = ""
                elif coupled:
                    forget = x.apply("Sub", x.number(1.0, update), update)
                else:
                    forget = f(gate(total, 2, peepholes[2], cell))
            fresh = next_cell(total, update, forget, cell)
            with x.within("output/"):
                output = f(gate(total, 1, peepholes[1], fresh))
            return [hidden_state(output, fresh), fresh]

        return bias_of(x, direction.number, 4, hidden), step

    run_recurrent(x, ("Sigmoid", "Tanh", "Tanh"), (5, 6), prepare)
