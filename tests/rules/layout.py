"""What moves entries: by shape, by constant indices and by computed ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from tests.rules.drawn import Drawn, Rng, draws, graph_with, operand, shape

from zkseal.lowering.harness_test import f32

Indices = npt.NDArray[np.int64]


def _moved(rng: Rng, nodes: list[tuple[Any, ...]], source: tuple[int, ...], **constants: npt.ArrayLike) -> Drawn:
    """`nodes` make m of r; a Relu stands in front and behind, so that entries are read and written elsewhere."""
    whole = [("Relu", ["x"], ["r"]), *nodes, ("Neg", ["m"], ["y"])]
    return graph_with(rng, whole, {"x": lambda: f32(rng.normal(size=source))}, constants=constants)


@draws("Identity", "Dropout", "Flatten")
def plain(op: str, rng: Rng) -> Drawn:
    """Nothing but the name or the shape changes."""
    source = shape(rng)
    attributes = {"axis": int(rng.integers(0, len(source) + 1))} if op == "Flatten" else {}
    return _moved(rng, [(op, ["r"], ["m"], attributes)], source)


@draws("Reshape")
def reshape(op: str, rng: Rng) -> Drawn:
    """Axes merged, and split at another place."""
    source = shape(rng, 2, 4)
    target = np.asarray([-1, source[-1]] if rng.random() < 0.5 else [*source[:-2], 1, source[-1] * source[-2]])
    return _moved(rng, [(op, ["r", "s"], ["m"])], source, s=target.astype(np.int64))


@draws("Squeeze")
def squeeze(op: str, rng: Rng) -> Drawn:
    """Axes of one entry go away."""
    return _moved(rng, [(op, ["r", "a"], ["m"])], (1, *shape(rng, 1, 2), 1), a=np.asarray([0, -1]))


@draws("Unsqueeze")
def unsqueeze(op: str, rng: Rng) -> Drawn:
    """Axes of one entry come in."""
    return _moved(rng, [(op, ["r", "a"], ["m"])], shape(rng, 1, 3), a=np.asarray([1, -1]))


@draws("Transpose")
def transpose(op: str, rng: Rng) -> Drawn:
    """Any order of axes."""
    source = shape(rng, 2, 4)
    return _moved(rng, [(op, ["r"], ["m"], {"perm": [int(k) for k in rng.permutation(len(source))]})], source)


@draws("Expand", "Tile")
def repeated(op: str, rng: Rng) -> Drawn:
    """Entries that are read more than once."""
    whole = shape(rng, 1, 4)
    source = operand(rng, whole) or (1,)
    target = whole if op == "Expand" else tuple(int(v) for v in rng.integers(1, 4, size=len(source)))
    return _moved(rng, [(op, ["r", "s"], ["m"])], source, s=np.asarray(target, np.int64))


@draws("Concat")
def concat(op: str, rng: Rng) -> Drawn:
    """Along any axis, of values and of a constant."""
    source = shape(rng, 1, 3)
    axis = int(rng.integers(len(source)))
    other = (*source[:axis], 3, *source[axis + 1 :])
    entries = {"a": lambda: f32(rng.normal(size=source)), "b": lambda: f32(rng.normal(size=other))}
    return graph_with(rng, [(op, ["a", "b", "a"], ["y"], {"axis": axis})], entries, sometimes_constant=["b"])


@draws("Split")
def split(op: str, rng: Rng) -> Drawn:
    """Into parts of given sizes."""
    sizes = rng.integers(1, 4, size=2)
    source = (*shape(rng, 0, 2), int(sizes.sum()))
    nodes = [(op, ["x", "s"], ["p", "q"], {"axis": -1}), ("Relu", ["p"], ["y"]), ("Neg", ["q"], ["z"])]
    entries = {"x": lambda: f32(rng.normal(size=source))}
    return graph_with(rng, nodes, entries, ["y", "z"], constants={"s": sizes.astype(np.int64)})


@draws("Slice")
def slices(op: str, rng: Rng) -> Drawn:
    """Forwards and backwards, by steps."""
    source = shape(rng, 1, 3, largest=6)
    axis, step = int(rng.integers(len(source))), int(rng.choice([1, 2, -1, -2]))
    start, end = (0, 99) if step > 0 else (99, -99)
    constants = {"b": start, "e": end, "a": axis, "t": step}
    nodes = [(op, ["r", *constants], ["m"])]
    return _moved(rng, nodes, source, **{name: np.asarray([value]) for name, value in constants.items()})


@draws("Pad")
def pad(op: str, rng: Rng) -> Drawn:
    """With zeros, another constant, or what is there."""
    source = tuple(int(v) for v in rng.integers(2, 5, size=int(rng.integers(1, 4))))
    mode = str(rng.choice(["constant", "edge", "reflect"]))
    pads = rng.integers(0, 2, size=2 * len(source))
    names = ["r", "p", "v"] if mode == "constant" else ["r", "p"]
    constants = {"p": pads.astype(np.int64), "v": f32(rng.normal())}
    return _moved(rng, [(op, names, ["m"], {"mode": mode})], source, **{n: constants[n] for n in names[1:]})


@draws("Trilu")
def triangle(op: str, rng: Rng) -> Drawn:
    """Either triangle of a batch of matrices."""
    node = (op, ["r", "k"], ["m"], {"upper": int(rng.integers(2))})
    return _moved(rng, [node], shape(rng, 2, 4), k=np.asarray(rng.integers(-2, 3), np.int64))


@draws("Gather", "GatherElements")
def gather(op: str, rng: Rng) -> Drawn:
    """Along any axis; data and indices constant or computed."""
    source = shape(rng, 1, 3)
    axis = int(rng.integers(len(source)))
    size = source[axis]
    if op == "Gather":
        own = shape(rng, 0, 2, largest=3)
    else:
        own = (*source[:axis], int(rng.integers(1, 5)), *source[axis + 1 :])
    entries = {"d": lambda: f32(rng.normal(size=source)), "i": lambda: _indices(rng, size, own)}
    return graph_with(rng, [(op, ["d", "i"], ["y"], {"axis": axis})], entries, sometimes_constant=["d", "i"])


@draws("GatherND")
def gather_nd(op: str, rng: Rng) -> Drawn:
    """Entries and slices."""
    source = shape(rng, 2, 3)
    depth = int(rng.integers(1, len(source) + 1))
    sizes, own = np.asarray(source[:depth]), (int(rng.integers(1, 4)), depth)
    entries = {"d": lambda: f32(rng.normal(size=source)), "i": lambda: rng.integers(-sizes, sizes, size=own)}
    return graph_with(rng, [(op, ["d", "i"], ["y"])], entries, sometimes_constant=["d", "i"])


@draws("ScatterElements")
def scatter_elements(op: str, rng: Rng) -> Drawn:
    """Written to places that differ, or added."""
    source = shape(rng, 1, 2)
    axis = int(rng.integers(len(source)))
    own = (*source[:axis], int(rng.integers(1, source[axis] + 1)), *source[axis + 1 :])

    def places() -> Indices:
        order = np.argsort(rng.random(source), axis=axis)
        return np.take(order, np.arange(own[axis]), axis=axis).astype(np.int64)

    entries = {"d": lambda: f32(rng.normal(size=source)), "i": places, "u": lambda: f32(rng.normal(size=own))}
    attributes = {"axis": axis, "reduction": str(rng.choice(["none", "add"]))}
    return graph_with(rng, [(op, ["d", "i", "u"], ["y"], attributes)], entries, sometimes_constant=["d", "u"])


@draws("ScatterND")
def scatter_nd(op: str, rng: Rng) -> Drawn:
    """Whole slices, written or added."""
    source = shape(rng, 1, 3)
    count = int(rng.integers(1, source[0] + 1))
    entries = {
        "d": lambda: f32(rng.normal(size=source)),
        "i": lambda: rng.permutation(source[0])[:count, np.newaxis].astype(np.int64),
        "u": lambda: f32(rng.normal(size=(count, *source[1:]))),
    }
    attributes = {"reduction": str(rng.choice(["none", "add"]))}
    return graph_with(rng, [(op, ["d", "i", "u"], ["y"], attributes)], entries, sometimes_constant=["d", "u"])


@draws("OneHot")
def one_hot(op: str, rng: Rng) -> Drawn:
    """A new axis anywhere; indices out of range give a row of the first value."""
    own, depth = shape(rng, 1, 2), int(rng.integers(2, 6))
    entries = {"i": lambda: rng.integers(-depth - 2, depth + 2, size=own), "v": lambda: f32(rng.normal(size=2))}
    node = (op, ["i", "d", "v"], ["y"], {"axis": int(rng.integers(-1, len(own) + 1))})
    return graph_with(rng, [node], entries, constants={"d": np.asarray([depth])}, sometimes_constant=["v"])


def _indices(rng: Rng, size: int, own: tuple[int, ...]) -> Indices:
    return np.asarray(rng.integers(-size, size, size=own), dtype=np.int64)
