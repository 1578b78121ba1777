"""Random chains of operators that move entries, behind and before such that compute: every view meets every reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify

Array = np.ndarray[Any, Any]
MAX_ENTRIES = 200


@dataclass
class Chain:
    """A model that grows: nodes, constants, and the name and shape of its last value."""

    rng: np.random.Generator
    shape: list[int]
    nodes: list[tuple[Any, ...]] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    last: str = "x"

    def add(self, op: str, *constants: Array, shape: list[int], **attributes: Any) -> None:
        """One more node, which reads the last value and these constants."""
        names = [f"c{len(self.constants) + k}" for k in range(len(constants))]
        self.constants.update(zip(names, constants, strict=True))
        result = f"v{len(self.nodes)}"
        self.nodes.append((op, [self.last, *names], [result], attributes))
        self.last, self.shape = result, shape

    def integer(self, low: int, high: int) -> int:
        """low .. high - 1."""
        return int(self.rng.integers(low, high))

    def resized(self, axis: int, size: int) -> list[int]:
        """The shape with another size of one axis."""
        return [size if k == axis else old for k, old in enumerate(self.shape)]


def ints(*values: int) -> Array:
    return np.asarray(values, dtype=np.int64)


def transpose(c: Chain, axis: int) -> None:
    order = [int(k) for k in c.rng.permutation(len(c.shape))]
    c.add("Transpose", shape=[c.shape[k] for k in order], perm=order)


def reshape(c: Chain, axis: int) -> None:
    rest = int(np.prod(c.shape))
    shape: list[int] = []
    while rest > 1 and len(shape) < 3:
        shape.append(int(c.rng.choice([k for k in range(1, rest + 1) if rest % k == 0])))
        rest //= shape[-1]
    c.add("Reshape", ints(*shape, rest), shape=[*shape, rest])


def slices(c: Chain, axis: int) -> None:
    size, step = c.shape[axis], int(c.rng.choice([1, 2, -1]))
    low = c.integer(0, size)
    high = c.integer(low + 1, size + 1)
    start, stop = (low, high) if step > 0 else (high - 1, low - 1 - size if low == 0 else low - 1)
    count = len(range(low, high, abs(step)))
    c.add("Slice", ints(start), ints(stop), ints(axis), ints(step), shape=c.resized(axis, count))


def gather(c: Chain, axis: int) -> None:
    size = c.shape[axis]
    entries = [c.integer(-size, size) for _ in range(c.integer(1, 4))]
    c.add("Gather", ints(*entries), shape=c.resized(axis, len(entries)), axis=axis)


def tile(c: Chain, axis: int) -> None:
    repeats = [c.integer(1, 3) for _ in c.shape]
    c.add("Tile", ints(*repeats), shape=[size * count for size, count in zip(c.shape, repeats, strict=True)])


def expand(c: Chain, axis: int) -> None:
    target = [2, *(size if size > 1 else c.integer(1, 4) for size in c.shape)][c.integer(0, 2) :]
    c.add("Expand", ints(*target), shape=target)


def pad(c: Chain, axis: int) -> None:
    mode = str(c.rng.choice(["constant", "edge", "wrap", "reflect"]))
    widths = [c.integer(0, 2) if mode != "reflect" or size > 1 else 0 for size in c.shape * 2]
    fill = [f32(-0.7)] if mode == "constant" and c.integer(0, 2) else []
    rank = len(c.shape)
    c.add(
        "Pad", ints(*widths), *fill, shape=[s + widths[k] + widths[k + rank] for k, s in enumerate(c.shape)], mode=mode
    )


def reduce(c: Chain, axis: int) -> None:
    op, keep = str(c.rng.choice(["ReduceMax", "ReduceMin", "ReduceSum", "ReduceMean"])), c.integer(0, 2)
    c.add(op, ints(axis), shape=c.resized(axis, 1) if keep else c.shape[:axis] + c.shape[axis + 1 :], keepdims=keep)


def cum_sum(c: Chain, axis: int) -> None:
    c.add("CumSum", np.asarray(axis), shape=c.shape, reverse=c.integer(0, 2), exclusive=c.integer(0, 2))


def matmul(c: Chain, axis: int) -> None:
    c.add("MatMul", f32(c.rng.normal(size=(c.shape[-1], 3))), shape=[*c.shape[:-1], 3])


def relu(c: Chain, axis: int) -> None:
    c.add("Relu", shape=c.shape)


def softmax(c: Chain, axis: int) -> None:
    c.add("Softmax", shape=c.shape, axis=axis)


def top_k(c: Chain, axis: int) -> None:
    count = c.integer(1, c.shape[axis] + 1)
    c.nodes.append(("TopK", [c.last, f"c{len(c.constants)}"], [f"v{len(c.nodes)}", f"i{len(c.nodes)}"], {"axis": axis}))
    c.constants[f"c{len(c.constants)}"] = ints(count)
    c.last, c.shape = f"v{len(c.nodes) - 1}", c.resized(axis, count)


MOVES: list[Callable[[Chain, int], None]] = [
    *(transpose, reshape, slices, gather, tile, expand, pad),
    *(reduce, cum_sum, matmul, relu, softmax, top_k),
]


@pytest.mark.parametrize("seed", range(25))
def test_chain(seed: int) -> None:
    rng = rng_of(seed)
    chain = Chain(rng, [int(size) for size in rng.integers(1, 5, size=rng.integers(1, 5))])
    shape = tuple(chain.shape)
    while len(chain.nodes) < 5 and chain.shape and np.prod(chain.shape) < MAX_ENTRIES:
        MOVES[int(rng.integers(len(MOVES)))](chain, int(rng.integers(len(chain.shape))))
    samples = [{"x": f32(rng.normal(size=shape))} for _ in range(3)]
    graph = graph_of(chain.nodes, {"x": shape}, [chain.last], chain.constants)
    verify(graph, samples=samples, tolerance=2.0**-9, outputs="private" if seed % 2 else "public")
