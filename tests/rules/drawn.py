"""The table of operators with a rule, and for each how a graph with it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph import Graph
from zkseal.lowering.harness_test import Arrays, f32, graph_of
from zkseal.quantize import QuantizationOptions

__all__ = ["DRAWS", "SAMPLES", "Drawn", "Rng", "Shape", "draws", "eighths", "graph_with", "operand", "shape"]

Rng = np.random.Generator
Shape = tuple[int, ...]

SAMPLES = 3


@dataclass(frozen=True)
class Drawn:
    """A graph and samples of its inputs.

    - `seen`: more samples, which calibration sees and nothing is compared on.
    - `tolerance`: of the largest |y|; integers are always exact.
    """

    graph: Graph
    samples: Sequence[Arrays]
    tolerance: float = 2.0**-10
    options: QuantizationOptions | None = None
    seen: Sequence[Arrays] = ()


Draw = Callable[[str, Rng], Drawn]

DRAWS: dict[str, Draw] = {}
"""By operator; `test_rules` fails where one with a rule is missing."""


def draws(*ops: str) -> Callable[[Draw], Draw]:
    """Registers what draws graphs with these operators."""

    def register(draw: Draw) -> Draw:
        for op in ops:
            assert op not in DRAWS, op
            DRAWS[op] = draw
        return draw

    return register


def shape(rng: Rng, low: int = 1, high: int = 4, *, largest: int = 4) -> Shape:
    """A shape of `low` to `high` axes of one to `largest` entries."""
    return tuple(int(size) for size in rng.integers(1, largest + 1, size=int(rng.integers(low, high + 1))))


def operand(rng: Rng, whole: Shape) -> Shape:
    """A shape that broadcasts to `whole`."""
    return tuple(size if rng.random() < 0.6 else 1 for size in whole[int(rng.integers(len(whole) + 1)) :])


def eighths(rng: Rng, low: int, high: int, size: Shape) -> npt.NDArray[np.float32]:
    """Multiples of 1/8 in [low, high]: exact, so that comparisons and steps are exact, too."""
    return f32(rng.integers(8 * low, 8 * high + 1, size=size) / 8)


def graph_with(
    rng: Rng,
    nodes: Sequence[tuple[Any, ...]],
    entries: Mapping[str, Callable[[], Any]],
    outputs: Sequence[str] = ("y",),
    *,
    constants: Mapping[str, npt.ArrayLike] | None = None,
    sometimes_constant: Sequence[str] = (),
    **fields: Any,
) -> Drawn:
    """A graph whose inputs are drawn by `entries`; half of the time, one of `sometimes_constant` becomes a constant."""
    fixed = dict(constants or {})
    if sometimes_constant and rng.random() < 0.5:
        name = sometimes_constant[int(rng.integers(len(sometimes_constant)))]
        fixed[name] = entries[name]()
        entries = {key: draw for key, draw in entries.items() if key != name}
    samples = [{name: draw() for name, draw in entries.items()} for _ in range(SAMPLES)]
    inputs = {name: (str(array.dtype), array.shape) for name, array in samples[0].items()}
    domain = "ai.onnx.ml" if nodes[0][0] == "Scaler" else ""
    return Drawn(graph_of(nodes, inputs, outputs, fixed, domain=domain), samples, **fields)
