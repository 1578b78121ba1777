"""NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: the scores of the targets, picked by comparison.

Targets may be private: score c of an entry counts where its target equals c. A target that is ignored equals none.
"""

from __future__ import annotations

from math import prod

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("NegativeLogLikelihoodLoss")
def write_negative_log_likelihood(x: Expansion) -> None:
    """Writes a NegativeLogLikelihoodLoss."""
    x.define(0, _loss(x, x.input(0)))


@decomposition("SoftmaxCrossEntropyLoss")
def write_softmax_cross_entropy(x: Expansion) -> None:
    """Writes a SoftmaxCrossEntropyLoss; its second output are the logarithms of the shares."""
    logarithms = x.apply("LogSoftmax", x.input(0), axis=1)
    x.define(0, _loss(x, logarithms))
    x.define(1, logarithms)


def _loss(x: Expansion, logarithms: str) -> str:
    shape, targets = x.shape(logarithms), x.input(1)
    count = shape[1]
    classes = x.constant("classes", np.arange(count).reshape(-1, *([1] * (len(shape) - 2))), x.dtype(targets))
    column = x.reshape(targets, (shape[0], 1, *shape[2:]))
    chosen = x.cast(x.apply("Equal", column, classes), x.dtype(logarithms))
    ignored = x.attribute("ignore_index", None)
    weights = _weights(x, count, None if ignored is None else int(ignored), logarithms)
    if weights:
        chosen = x.apply("Mul", chosen, x.reshape(weights, (count, *([1] * (len(shape) - 2)))))
    picked = _summed(x, x.apply("Mul", x.apply("Neg", logarithms), chosen), (1,))
    reduction = str(x.attribute("reduction", "mean"))
    if reduction == "none":
        return picked
    everything = tuple(range(len(shape) - 1))
    total = _summed(x, picked, everything)
    if reduction == "sum":
        return total
    if not weights and ignored is None:
        return x.apply("Mul", total, x.number(1.0 / prod((shape[0], *shape[2:])), total))
    return x.apply("Div", total, _summed(x, _summed(x, chosen, (1,)), everything))


def _weights(x: Expansion, count: int, ignored: int | None, like: str) -> str:
    """The weight of each class, that of an ignored one 0; "" if all are 1."""
    if ignored is None or not 0 <= ignored < count:
        return x.input(2)
    kept = x.constant("kept", (np.arange(count) != ignored).astype(np.float64), x.dtype(like))
    return x.apply("Mul", x.input(2), kept) if x.has_input(2) else kept


def _summed(x: Expansion, value: str, axes: tuple[int, ...]) -> str:
    shape = [size for axis, size in enumerate(x.shape(value)) if axis not in axes]
    return x.apply("ReduceSum", value, x.constant("axes", list(axes)), shape=shape, keepdims=0)
