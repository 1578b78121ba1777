"""ReverseSequence: a Gather of elements at places that follow from the lengths, constant or computed."""

from __future__ import annotations

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("ReverseSequence")
def reverse_sequence(x: Expansion) -> None:
    """Entry t of a sequence of length n comes from n - 1 - t for t < n, else from t."""
    value = x.input(0)
    batch, time = int(x.attribute("batch_axis", 1)), int(x.attribute("time_axis", 0))
    order = [batch, time, *(k for k in range(len(x.shape(value))) if k not in (batch, time))]
    moved = x.transpose(value, order)
    shape = x.shape(moved)
    rows, steps = shape[:2]
    lengths = x.array(x.input(1))
    if lengths is not None:
        t, n = np.arange(steps), np.asarray(lengths, dtype=np.int64).reshape(-1, 1)
        places = np.where(t < n, n - 1 - t, t) + steps * np.arange(rows)[:, np.newaxis]
        flat = x.reshape(moved, [rows * steps, *shape[2:]])
        gathered = x.apply("Gather", flat, x.constant("places", places.reshape(-1)), axis=0)
    else:
        given = x.reshape(x.input(1), [rows, 1])
        t_row = x.constant("steps", np.arange(steps), x.dtype(given))
        backwards = x.apply("Sub", given, x.constant("behind", np.arange(steps) + 1, x.dtype(given)))
        inside = x.apply("Less", t_row, given, shape=(rows, steps))
        index = x.apply("Where", inside, backwards, t_row, shape=(rows, steps), dtype=x.dtype(given))
        column = x.reshape(x.cast(index, "int64"), [rows, steps, 1])
        gathered = x.apply("GatherND", moved, column, shape=shape, batch_dims=1)
    x.define(0, x.transpose(x.reshape(gathered, shape), np.argsort(order).tolist()))
