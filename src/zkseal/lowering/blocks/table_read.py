"""Reading entries of a committed tensor at computed places: a lookup in a table whose rows are (place, entry).

Constraints: for each entry read, (place, y) is a row of the table of all (p, data[p]), row-major. The table holds one
row for each place, so the place is one of them and y is fixed.
Cost: one lookup for each entry read, one table row for each entry of the data, and a copy of data with several axes.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Parameter, Quantized
from zkseal.quantize.integers import widen

__all__ = ["TableRead"]


@dataclass(frozen=True)
class TableRead:
    """`value` = the entries of `data`, counted row-major, at `place`, which has the shape of `value`."""

    data: Quantized | Parameter
    place: Accumulator
    value: Quantized

    def execute(self, environment: Environment) -> None:
        data = environment[self.data.name] if isinstance(self.data, Quantized) else self.data.stored
        environment[self.value.name] = widen(data.reshape(-1)[self.place.compute(environment)])

    def constrain(self, emitter: Emitter) -> None:
        b, node = emitter.builder, self.place.node
        column = emitter.flat_parameter(self.data) if isinstance(self.data, Parameter) else emitter.flat(self.data.name)
        table = b.table(f"{self.value.name}/entries", [range(column.shape[0]), column])
        sizes = emitter.sizes_for(self.place)
        index = emitter.loops(sizes)
        y = emitter.declare(self.value, sizes, node).at(b, index)
        b.lookup(table, flat_loops(index), [self.place.expression(emitter, index), y], origin=node)
