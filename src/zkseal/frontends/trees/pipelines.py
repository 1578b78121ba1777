"""scikit-learn pipelines of scalers, imputers and a tree model: all go into the thresholds.

A scaler s is non-decreasing in each feature, as computed in floats too. So s(x) <= t holds for all floats x up to one,
and that one, found by bisection over the floats with the scalers' own code, takes the place of t: the same leaf for
every float64 input, whatever rounding happens in between. What an imputer puts in the place of a missing entry goes one
way at each node: it becomes the way of missing entries.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.frontends.trees.graph import TreeModel
from zkseal.graph.trees import Trees

__all__ = ["SCALERS", "behind_scalers", "scalers_of"]

SCALERS = frozenset({"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"})
"""Names of the transformers that are non-decreasing in each feature alone."""

IMPUTER = "SimpleImputer"

Floats = npt.NDArray[np.float64]


def scalers_of(pipeline: Any) -> list[Any] | None:
    """The fitted scalers and imputers before the last step of a pipeline; None if there is anything else before it."""
    steps = [step for _, step in pipeline.steps[:-1] if step is not None and step != "passthrough"]
    return steps if all(type(step).__name__ in SCALERS or _fills_gaps(step) for step in steps) else None


def _fills_gaps(step: Any) -> bool:
    """Whether a step only replaces NaN, by a number for each feature."""
    if type(step).__name__ != IMPUTER or step.add_indicator or not np.isnan(float(step.missing_values)):
        return False
    found = getattr(step, "statistics_", None)
    return found is not None and found.dtype.kind == "f" and bool(np.isfinite(found).all())


def behind_scalers(model: TreeModel, scalers: list[Any]) -> TreeModel:
    """The model for inputs before the scalers and imputers, which are float64 of any scale."""
    if not scalers:
        return model
    trees = model.trees

    largest = np.finfo(np.float64).max

    def scaled(x: Floats) -> Floats:
        for scaler in scalers:
            # Scalers refuse the infinities that others make of the largest floats.
            x = np.clip(scaler.transform(x), -largest, largest)
        return np.asarray(x.astype(model.dtype), dtype=np.float64)

    thresholds = _last_below(trees, model.features, scaled)
    moved = replace(trees, thresholds=thresholds, strict=np.zeros_like(trees.strict), dtype="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        filled = scaled(np.full((1, model.features), np.nan))[0, trees.features]
    left = np.where(trees.strict, filled < trees.thresholds, filled <= trees.thresholds)
    known = ~np.isnan(filled)
    moved = replace(
        moved,
        missing_left=np.where(known, left, trees.missing_left),
        accepts_missing=trees.accepts_missing or bool(known.all()),
    )
    return replace(model, trees=moved, dtype="float64")


def _last_below(trees: Trees, features: int, scaled: Any) -> Floats:
    """For each inner node the largest x with scaled(x) <= threshold (< where strict); -inf if there is none."""
    columns = [np.flatnonzero(trees.features == feature) for feature in range(features)]
    height = max((column.size for column in columns), default=0)
    threshold, strict = np.full((height, features), np.inf), np.zeros((height, features), dtype=bool)
    for feature, column in enumerate(columns):
        threshold[: column.size, feature] = trees.thresholds[column]
        strict[: column.size, feature] = trees.strict[column]
    least, most = _code(np.array(-np.finfo(np.float64).max)), _code(np.array(np.finfo(np.float64).max))
    # `low` is known to be below (or the code before the least), `high` not to be (or the code after the largest).
    low, high = np.full(threshold.shape, least - 1), np.full(threshold.shape, most + 1)
    with np.errstate(over="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scalers miss the names of columns
        while (high > low + 1).any():
            middle = (low >> 1) + (high >> 1) + (low & high & 1)
            found = scaled(_float(middle))
            below = np.where(strict, found < threshold, found <= threshold)
            low, high = np.where(below, middle, low), np.where(below, high, middle)
    result = np.empty(trees.features.size)
    for feature, column in enumerate(columns):
        result[column] = np.where(low < least, -np.inf, _float(low))[: column.size, feature]
    return result


def _code(values: Floats) -> npt.NDArray[np.int64]:
    """Integers in the order of the floats, by their bits."""
    magnitude = np.abs(values).view(np.int64)
    return np.where(np.signbit(values), -magnitude, magnitude)


def _float(codes: npt.NDArray[np.int64]) -> Floats:
    magnitude = np.abs(codes).view(np.float64)
    return np.where(codes < 0, -magnitude, magnitude)
