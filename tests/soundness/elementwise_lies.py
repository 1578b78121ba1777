"""Small elementwise programs, and lies about what they hint: cells, comparisons, roundings, turns, digits."""

from __future__ import annotations

import numpy as np

from zkseal.lowering.blocks.piecewise import Piecewise

from .forging import Forced, Forge, add, put
from .programs import PROGRAMS, Arrays, Lowered, lowered

EXP = [[0.3, -0.4, 1.7]]
HALVES = [[2.5, -1.5, 0.75, 3.0]]
BYTES = [[200, 7, 90]]
SMALL = {"c": np.float32(0.5)}

PROGRAMS |= {
    "exp": lambda: lowered([("Exp", ["x"], ["y"])], EXP, [[3, -6, 1]]),
    "greater": lambda: lowered([("Greater", ["x", "c"], ["y"])], [[1, -1, 0.5]], constants=SMALL),
    "equal": lambda: lowered([("Equal", ["x", "c"], ["y"])], [[1, -1, 0.5]], constants=SMALL),
    "round": lambda: lowered([("Round", ["x"], ["y"])], HALVES),
    "floor": lambda: lowered([("Floor", ["x"], ["y"])], HALVES),
    "wrap": lambda: lowered([("Add", ["x", "x"], ["y"])], BYTES, dtype="uint8"),
    "divide": lambda: lowered(
        [("Div", ["x", "c"], ["y"])], [[-7, 9, 3]], constants={"c": np.asarray([2, -4, 3])}, dtype="int64"
    ),
    "and": lambda: lowered([("BitwiseAnd", ["x", "c"], ["y"])], BYTES, constants={"c": np.uint8(60)}, dtype="uint8"),
}


def other_cell(step: int) -> Forge:
    """The first entry from a neighbouring cell of the table, with the value that its chord has there."""

    def forge(found: Lowered, honest: Arrays) -> Forced:
        own = next(s for s in found.program.steps if isinstance(s, Piecewise))
        v = honest[own.argument.name].reshape(-1)[:1]
        cell = own.cells.find(v) + step
        y = honest["y"]
        y.flat[0] = own.cells.apply(v, cell)[0]
        forced = {"y": y}
        for name, rows in own.columns():
            forced[f"y/{name}"] = honest[f"y/{name}"]
            forced[f"y/{name}"].flat[0] = rows[cell[0]]
        return forced

    return forge


ELEMENTWISE_LIES: tuple[tuple[str, str, str, Forge], ...] = (
    # Exp by chords over cells
    ("exp", "chord that is not in the table", "n0/lookup_0", add(y__base=(0, 32), y=(0, 2))),
    ("exp", "cell above: negative offset", "n0/range_0/top", other_cell(1)),
    ("exp", "cell below: offset beyond its end", "n0/range_0/top", other_cell(-1)),
    ("exp", "value beside the chord", "n0/range_1/top", add(y=(2, 1))),
    # Comparisons: (1, -1, 0.5) with 0.5
    ("greater", "a smaller number is greater", "n0/range_0", put(y=[1, 1, 0])),
    ("greater", "a greater number is not", "n0/range_0", put(y=[0, 0, 0])),
    ("greater", "an equal number is greater", "n0/range_0", put(y=[1, 0, 1])),
    ("greater", "no bit", "n0/zero_0", put(y=[2, 0, 0])),
    ("equal", "unequal numbers are equal", "n0/zero_3", put(y=[1, 0, 1], y__greater=[0, 0, 0])),
    ("equal", "equal numbers are not", "n0/range_0", put(y=[0, 0, 0], y__greater=[1, 0, 0])),
    ("equal", "the other order", "n0/range_0", put(y__greater=[0, 0, 0])),
    ("equal", "equal and greater", "n0/zero_2", put(y__greater=[1, 0, 1])),
    # Rounding of (2.5, -1.5, 0.75, 3)
    ("round", "tie to the odd neighbour", "n0/range_1", put(y=[3, -2, 1, 3])),
    ("round", "half that leaves no bit", "n0/zero_0", put(y__half=[1, -1, 1, 1])),
    ("floor", "rounded up", "n0/range_0/top", put(y=[3, -2, 0, 3])),
    ("floor", "rounded twice", "n0/range_0/top", put(y=[1, -2, 0, 3])),
    # Modulo 2^8, integer division
    ("wrap", "a turn too few", "n0/range_1/top", put(y=[400, 14, 180], y__turns=[0, 0, 0])),
    ("wrap", "part of a turn", "n0/zero_0", add(y=(0, 1))),
    ("divide", "quotient too small", "n0/range_2", add(y__quotient=(0, -1), y=(0, 1))),
    ("divide", "quotient too large", "n0/range_1", add(y__quotient=(0, 1), y=(0, -1))),
    # Digits of 200 and 60
    ("and", "a digit of another row", "n0/lookup_0", add(y__digits=(0, 1), y=(0, 1))),
    ("and", "digits that are not those of the number", "n0/zero_2", add(y=(1, 1))),
)
