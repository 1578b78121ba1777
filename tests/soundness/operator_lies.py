"""Every place where a prover lies about an operator: one table.

A lie forces some integers of a small lowered program (`programs`); the steps behind them, limbs and multiplicities
follow honestly, so that one constraint alone is broken: the defence. `test_operator_lies` shows that both verifiers
reject the proof, and that both accept it under the same relation without that constraint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.blocks.function import Interpolated
from zkseal.lowering.blocks.staircase import Staircase
from zkseal.quantize.integers import round_shift

from .elementwise_lies import ELEMENTWISE_LIES
from .forging import Forced, add, put
from .programs import Arrays, Lowered, program
from .tree_lies import TREE_LIES


@dataclass(frozen=True)
class OperatorLie:
    """`forge` names the forced values, given the program and its honest values; `limbs` are forced after completion."""

    program: str
    what: str
    defence: str
    forge: Callable[[Lowered, Arrays], Forced]
    limbs: bool = False

    def values(self) -> Arrays:
        """The forged values of all tensors."""
        found = program(self.program)
        forced = self.forge(found, {name: array.copy() for name, array in found.honest.items()})
        inputs = {value.name: forced.get(value.name, found.honest[value.name]) for value in found.program.inputs}
        if not self.limbs:
            return found.run(inputs, forced)
        return {**found.honest, **{name: np.asarray(array) for name, array in forced.items()}}


def carry(limb: str, amount: int) -> Callable[[Lowered, Arrays], Forced]:
    """Moves 16 between the lowest limb and what stands above it."""
    return lambda _found, honest: {limb: honest[limb] + np.eye(1, honest[limb].size, dtype=np.int64)[0] * amount}


def other_cell(step: int) -> Callable[[Lowered, Arrays], Forced]:
    """The first entry of a function taken from a neighbouring cell of its table, with the value that follows."""

    def forge(found: Lowered, honest: Arrays) -> Forced:
        own = next(s for s in found.program.steps if isinstance(s, Interpolated))
        forced = {name: honest[f"{own.value.name}/{name}"] for name in ("cell", "base", "slope")}
        cell = int(forced["cell"].flat[0]) + step
        row = cell - own.first_cell
        base, slope = int(own.bases[row]), int(own.slopes[row])
        low = int(honest[own.argument.name].flat[0]) - (cell << own.low_bits)
        for name, value in (("cell", cell), ("base", base), ("slope", slope)):
            forced[name].flat[0] = value
        y = honest[own.value.name]
        y.flat[0] = int(round_shift(np.array((base << own.shift) + slope * low), own.shift))
        return {own.value.name: y, **{f"{own.value.name}/{name}": array for name, array in forced.items()}}

    return forge


def other_step(amount: int) -> Callable[[Lowered, Arrays], Forced]:
    """The first entry of a step function taken from another step, with the interval of that step."""

    def forge(found: Lowered, honest: Arrays) -> Forced:
        own = next(s for s in found.program.steps if isinstance(s, Staircase))
        name = own.value.name
        row = int(np.flatnonzero(own.firsts == honest[f"{name}/first"].flat[0])[0]) + amount
        forced = {key: honest[key].copy() for key in (name, f"{name}/first", f"{name}/last")}
        for key, column in zip(forced, (own.values, own.firsts, own.lasts), strict=True):
            forced[key].flat[0] = column[row]
        return forced

    return forge


def other_dynamic_step(amount: int) -> Callable[[Lowered, Arrays], Forced]:
    """The first entry of what is quantized dynamically taken from another step, with the bounds of that step."""

    def forge(_found: Lowered, honest: Arrays) -> Forced:
        step = int(honest["y/step"].flat[0]) + amount
        forced = {key: honest[key].copy() for key in ("y/step", "y/step_lower", "y/step_upper")}
        forced["y/step"].flat[0] = step
        for side in ("lower", "upper"):
            forced[f"y/step_{side}"].flat[0] = honest[f"y/{side}"].flat[step + 255]
        return forced

    return forge


def half_power(_found: Lowered, honest: Arrays) -> Forced:
    """A scale of 23 bits."""
    return {"y/power": honest["y/power"] // 2}


def other_curve(found: Lowered, honest: Arrays) -> Forced:
    """The first entry beyond its type, with the row that the second entry's function has for the same argument."""
    own = next(s for s in found.program.steps if isinstance(s, Staircase))
    start, end = own.starts[1:3]
    argument = int(honest["x"].flat[0])
    row = start + int(np.searchsorted(own.firsts[start:end], argument, side="right")) - 1
    forced = {key: honest[key].copy() for key in ("y", "y/first", "y/last")}
    span = own.value.hi - own.value.lo + 1
    for array, value in zip(forced.values(), (own.values[row] + span, own.firsts[row], own.lasts[row]), strict=True):
        array.flat[0] = value
    return forced


LIES = (
    # Rounding, ranges, limbs
    OperatorLie("gemm", "rounding off by one, up: negative remainder", "n0/range_0/top", add(y=(0, 1))),
    OperatorLie("gemm", "rounding off by one, down: remainder too large", "n0/range_0/top", add(y=(1, -1))),
    OperatorLie("gemm", "limb above its range", "n0/range_0/limb_0", carry("n0/range_0/limb_0", 16), limbs=True),
    OperatorLie("gemm", "negative limb", "n0/range_0/limb_0", carry("n0/range_0/limb_0", -16), limbs=True),
    OperatorLie("gemm", "output wider than its bits", "n0/range_1/top", put(x=[0, -100, 100])),
    OperatorLie("gemm", "input out of its bounds", "input/range_0/top", put(x=[128, 0, 60])),
    OperatorLie("uint16", "input beyond its type", "input/range_0/top", put(x=[65536, 3])),
    # Relu: positive and negative part
    OperatorLie("relu", "both parts of the split", "n0/zero_0", add(y=(0, 1), y__negative=(0, 1))),
    OperatorLie("relu", "negative value passed on", "n0/range_1/top", put(y=[34, -27], y__negative=[0, 0])),
    OperatorLie("relu", "positive value cut off", "n0/range_1/top", put(y=[0, 0], y__negative=[-34, 27])),
    OperatorLie("relu", "rounding off by one behind the split", "n0/range_0/top", add(y=(0, 1))),
    # ArgMax of (1, 3, 3, -2): first maximum at 1
    OperatorLie("argmax", "the later one of two maxima", "n0/range_0/top", put(y__chosen=[0, 0, 1, 0], y__index=2)),
    OperatorLie("argmax", "no maximum", "n0/range_0/top", put(y__chosen=[1, 0, 0, 0], y__extreme=1, y__index=0)),
    OperatorLie("argmax", "maximum above all entries", "n0/zero_2", put(y__extreme=5)),
    OperatorLie("argmax", "two entries chosen", "n0/zero_1", put(y__chosen=[0, 1, 1, 0], y__extreme=6, y__index=3)),
    OperatorLie(
        "argmax", "selector that is no bit", "n0/zero_0", put(y__chosen=[0, 2, -1, 0], y__extreme=3, y__index=0)
    ),
    OperatorLie("argmax", "index of an earlier entry", "n0/zero_3", put(y__index=0)),
    # ReduceMin of (1, 3, -2, -2)
    OperatorLie("reducemin", "no minimum", "n0/range_0", put(y__chosen=[1, 0, 0, 0], y__extreme=1)),
    OperatorLie("reducemin", "minimum below all entries", "n0/zero_2", put(y__extreme=-3)),
    # TopK of (1, 3, 3, -2), k = 2: entries 1 and 2
    OperatorLie("topk", "an entry twice", "n0/range_0/top", put(y__indices=[[2, 2]])),
    OperatorLie("topk", "value that does not stand there", "n0/lookup_0", put(y__values=[[4, 3]])),
    OperatorLie(
        "topk",
        "an entry left out",
        "n0/range_1/top",
        put(y__values=[[3, 1]], y__indices=[[1, 0]], y__values__picked=[[1, 1, 0, 0]]),
    ),
    OperatorLie(
        "topk",
        "an entry left out, one more picked",
        "n0/zero_1",
        put(y__values=[[3, 1]], y__indices=[[1, 0]], y__values__picked=[[1, 1, 1, 0]]),
    ),
    OperatorLie(
        "topk",
        "an entry left out, picked that is no bit",
        "n0/zero_0",
        put(y__values=[[3, 1]], y__indices=[[1, 0]], y__values__picked=[[1, 1, 1, -1]]),
    ),
    # Gather of (5, 9, -3, 7) at 1 and -1 by one-hot vectors
    OperatorLie(
        "gather", "entry of another index", "n0/zero_3", put(y__chosen=[[0, 0, 1, 0], [0, 0, 0, 1]], y=[-3, 7])
    ),
    OperatorLie("gather", "sum of two entries", "n0/zero_2", put(y__chosen=[[1, 1, 0, 0], [0, 0, 0, 1]], y=[14, 7])),
    OperatorLie(
        "gather", "selector that is no bit", "n0/zero_1", put(y__chosen=[[1, -1, 1, 0], [0, 0, 0, 1]], y=[-7, 7])
    ),
    OperatorLie(
        "gather",
        "index that does not exist, counted from the end twice",
        "n0/zero_0",
        put(x=[1, -5], y__position__negative=[0, 2], y__chosen=[[0, 1, 0, 0], [0, 0, 0, 1]], y=[9, 7]),
    ),
    # GatherElements of ((2, 0, 1), (1, 2, 0)) at itself, by a table
    OperatorLie("gatherelements", "entry of another place", "n0/lookup_0", add(y=(0, 1))),
    OperatorLie("gatherelements", "index that reads the next row", "n0/range_1", put(x=[[3, 0, 1], [1, 2, 0]])),
    # OneHot of 1 and -1, depth 3, in the range -8 .. 7
    OperatorLie("onehot", "entry of another index", "n0/zero_2", put(y__chosen=np.eye(16)[[8, 7]])),
    OperatorLie(
        "onehot", "an index that is nowhere", "n0/zero_1", put(x=[-8, -1], y__chosen=np.eye(16)[[8, 7]] * [[0], [1]])
    ),
    # ScatterElements of (2, 1) to 1 and -1 of (5, 9, -3, 7)
    OperatorLie("scatter", "update of another place", "n0/zero_3", put(y__chosen=[[0, 0, 1, 0], [0, 0, 0, 1]])),
    OperatorLie("scatter", "two updates of one place", "n0/zero_5", put(x=[1, 1])),
    OperatorLie("scatter", "entry not cleared", "n0/zero_4", put(y__touched=[0, 0, 0, 1])),
    OperatorLie("cumsum", "sum beside the entries", "n0/zero_0", add(y=(2, 1))),
    # MaxPool: a chain of maxima; taps 3, -3, -13, 10 and 16, 3, 32, 22
    OperatorLie("maxpool", "a maximum above both", "n0/zero_1", add(y__up=(2, 1), y__down=(2, 1), y=(0, 1))),
    OperatorLie(
        "maxpool", "the largest entry left out", "n0/range_0/top", add(y__up=(2, -7), y__down=(2, -7), y=(0, -7))
    ),
    OperatorLie("maxpool", "output beside the chain", "n0/zero_2", add(y=(1, 1))),
    OperatorLie("maxpool", "broken chain", "n0/zero_0", add(y__down=(0, 1))),
    # Softmax of (6, -13, 58): a tree of maxima, comparing 6 with 58, then 58 with -13
    OperatorLie(
        "softmax",
        "maximum above all entries",
        "n0/zero_2",
        add(y__maximum__up=(2, 1), y__maximum__down=(2, 1), y__maximum=(0, 1)),
    ),
    OperatorLie("softmax", "maximum beside its tree", "n0/zero_4", add(y__maximum=(0, 1))),
    OperatorLie("softmax", "broken comparison", "n0/zero_1", add(y__maximum__down=(2, 1))),
    OperatorLie(
        "softmax",
        "entry without a partner raised",
        "n0/zero_3",
        put(y__maximum__up=[52, 100, 29, 0], y__maximum__down=[0, 0, 0, 0], y__maximum=87),
    ),
    OperatorLie("softmax", "exponential of a cell not in its table", "n0/lookup_0", add(y__exponential__coarse=(1, 1))),
    OperatorLie(
        "softmax", "exponential of a low part not in its table", "n0/lookup_1", add(y__exponential__fine=(1, 1))
    ),
    OperatorLie(
        "softmax",
        "cell below: low part that the table has not",
        "n0/lookup_1",
        put(y__exponential__cell=[0, 0, 0], y__exponential__coarse=[512, 512, 512]),
    ),
    OperatorLie("softmax", "exponential that is not the product", "n0/zero_5", add(y__exponential=(1, 5))),
    OperatorLie("softmax", "sum that is not the sum", "n0/zero_6", add(y__sum=(0, 1))),
    OperatorLie("softmax", "reciprocal rounded up", "n0/range_2/top", add(y__reciprocal=(0, 1))),
    OperatorLie("softmax", "reciprocal rounded down", "n0/range_3/top", add(y__reciprocal=(0, -1))),
    OperatorLie("softmax", "share rounded up", "n0/range_5/top", add(y=(0, 1))),
    OperatorLie("softmax", "share rounded down", "n0/range_5/top", add(y=(0, -1))),
    # MaxPool with indices: 1, 3, 3, -2, the first maximum at 1
    OperatorLie("maxpool_indices", "the later one of two maxima", "n0/range_0/top", put(y__chosen=[0, 0, 1, 0], i=2)),
    OperatorLie("maxpool_indices", "no maximum", "n0/range_0/top", put(y__chosen=[1, 0, 0, 0], y=1, i=0)),
    OperatorLie("maxpool_indices", "maximum above all entries", "n0/zero_2", put(y=5)),
    OperatorLie("maxpool_indices", "two taps chosen", "n0/zero_1", put(y__chosen=[0, 1, 1, 0], y=6, i=3)),
    OperatorLie("maxpool_indices", "index of another entry", "n0/zero_3", put(i=3)),
    # DynamicQuantizeLinear of (0.5, -1, 2)
    OperatorLie("dynamic", "step above", "n0/range_19/top", other_dynamic_step(1)),
    OperatorLie("dynamic", "step below", "n0/range_20/top", other_dynamic_step(-1)),
    OperatorLie("dynamic", "step of another row", "n0/lookup_2", add(y__step_lower=(0, 1))),
    OperatorLie("dynamic", "scale beside its width", "n0/range_6/top", add(y__sigma=(0, 1))),
    OperatorLie("dynamic", "scale of too few bits", "n0/range_4/top", half_power),
    OperatorLie("dynamic", "width beside the extremes", "n0/zero_10", add(y__width=(0, 1))),
    OperatorLie("dynamic", "scale of zeros for what is not zero", "n0/zero_12", put(y__empty=1)),
    OperatorLie("dynamic", "integer beside its step", "n0/zero_15", add(y=(0, 1))),
    # Step functions of quantized models: 0.25 is 3, as all of [-0.5, 0.5]
    OperatorLie("quantize", "step above: before its interval", "n0/range_0", other_step(1)),
    OperatorLie("quantize", "step below: behind its interval", "n0/range_1", other_step(-1)),
    OperatorLie("quantize", "value of another row", "n0/lookup_0", add(y=(0, 1))),
    OperatorLie("quantize", "interval wider than its step", "n0/lookup_0", add(y__last=(1, 1))),
    OperatorLie("quantize_axis", "value beyond the type, by the row of another scale", "n0/lookup_0", other_curve),
    OperatorLie("integers", "integers less another zero point", "n1/zero_0", add(y__centered_0=(1, 1))),
    OperatorLie("integers", "sum beside its products", "n1/zero_1", add(y=(0, 1))),
    # Reciprocal and square root
    OperatorLie("reciprocal", "quotient rounded up: negative remainder", "n0/range_0/top", add(y=(0, 1))),
    OperatorLie("reciprocal", "quotient rounded down: remainder too large", "n0/range_1/top", add(y=(1, -1))),
    OperatorLie("reciprocal", "quotient wider than its bits", "n0/range_2/top", put(x=[2, 14, 27])),
    OperatorLie("sqrt", "root rounded up: negative remainder", "n0/range_0/top", add(y=(0, 1))),
    OperatorLie("sqrt", "root one too small: remainder too large", "n0/range_1/top", add(y=(1, -1))),
    # Softmax under a mask
    OperatorLie("masked", "mask that is neither 0 nor 1", "n5/zero_0", put(x=[0, -2, 3, 1, 2, 1])),
    OperatorLie(
        "masked",
        "exponential of a masked entry",
        "n5/zero_6",
        put(x=[0, -2, 3, 1, 0, 1], y__exponential=[1536, 9, 32768]),
    ),
    # LayerNormalization
    OperatorLie("layer_normalization", "sum of a row that is not its sum", "n0/zero_0", add(y__total=(0, 1))),
    OperatorLie("layer_normalization", "root above", "n0/range_1/top", add(y__root=(0, 1))),
    OperatorLie("layer_normalization", "root below", "n0/range_2/top", add(y__root=(0, -1))),
    OperatorLie("layer_normalization", "reciprocal rounded up", "n0/range_4/top", add(y__reciprocal=(0, 1))),
    # Sigmoid by interpolation
    OperatorLie("sigmoid", "value not in the table", "n0/lookup_0", add(y__base=(0, 1), y=(0, 1))),
    OperatorLie("sigmoid", "cell above: negative offset", "n0/range_0", other_cell(1)),
    OperatorLie("sigmoid", "cell below: offset that only another table has", "n0/range_0", other_cell(-1)),
    OperatorLie("sigmoid", "argument beside the input", "n0/zero_0", add(y__argument=(2, 1))),
    # Saturate: 24, -48, 128, -128, 40, 336 clamped to -127 .. 127
    OperatorLie("saturate", "clamped below the end", "n0/zero_0", add(y=(5, -1), y__above=(5, 1))),
    OperatorLie("saturate", "lowered inside the range", "n0/zero_0", add(y=(0, -9), y__above=(0, 9))),
    OperatorLie("saturate", "raised inside the range", "n0/zero_1", add(y=(0, 9), y__below=(0, 9))),
    OperatorLie("saturate", "rounding off by one", "n0/range_0/top", add(y=(0, 1))),
    OperatorLie("saturate", "less above than there is", "n0/range_0/top", add(y__above=(5, -1))),
    OperatorLie("saturate", "not clamped above", "n0/range_2/top", add(y=(2, 1), y__above=(2, -1))),
    OperatorLie("saturate", "not clamped below", "n0/range_1/top", add(y=(3, -1), y__below=(3, -1))),
    OperatorLie("saturate", "the upper end by a negative excess", "n0/range_3/top", add(y=(4, 87), y__above=(4, -87))),
    OperatorLie(
        "saturate", "the lower end by a negative excess", "n0/range_3/top", add(y=(4, -167), y__below=(4, -167))
    ),
    # Elementwise operators
    *(OperatorLie(*lie) for lie in ELEMENTWISE_LIES),
    # Trees
    *(OperatorLie(*lie) for lie in TREE_LIES),
)
