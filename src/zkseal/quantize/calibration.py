"""What the float model was seen to do: for every value its extremes over the calibration samples.

Source of the arrays: float runs of the graph, one entry for each sample (`FloatSession.run`), of shape
(samples, *value shape) or any shape whose last axis is the value's last axis. Only extremes are kept, and for a
percentile a histogram of magnitudes while samples are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from zkseal.errors import CalibrationMissing
from zkseal.graph import Graph
from zkseal.graph.masking import mark_masks
from zkseal.graph.steps import family
from zkseal.graph.trees import compared_inputs

__all__ = ["MAX_EXACT_EXPONENT", "Calibration", "ValueStatistics", "values_to_calibrate"]

MAX_EXACT_EXPONENT = 24
"""Inputs that are multiples of 2^-k for a k up to this are recognised as exact."""


@dataclass(frozen=True)
class ValueStatistics:
    """Extremes of one value. `feature_magnitude`: largest magnitude for each index of the last axis.

    `exact_exponent`: least k >= 0 such that every value seen is a multiple of 2^-k; None if there is none up to
    `MAX_EXACT_EXPONENT`. `typical`: the magnitude that the calibration's percentile of all entries does not exceed
    (at most 4 % above it); None if no percentile was asked for.
    """

    minimum: float
    maximum: float
    feature_magnitude: tuple[float, ...]
    exact_exponent: int | None
    typical: float | None = None

    @property
    def magnitude(self) -> float:
        """Largest absolute value."""
        return max(abs(self.minimum), abs(self.maximum))

    def merged(self, other: ValueStatistics) -> ValueStatistics:
        """The statistics of both sets of samples together, without what is typical for them."""
        exact: int | None = None
        if self.exact_exponent is not None and other.exact_exponent is not None:
            exact = max(self.exact_exponent, other.exact_exponent)
        # The last axis of a value of rank 1 counts samples, of which batches may hold different numbers: no features.
        alike = len(self.feature_magnitude) == len(other.feature_magnitude)
        pairs = zip(self.feature_magnitude, other.feature_magnitude, strict=True) if alike else ()
        features = tuple(max(pair) for pair in pairs) or (max(self.magnitude, other.magnitude),)
        return ValueStatistics(min(self.minimum, other.minimum), max(self.maximum, other.maximum), features, exact)


def _statistics(name: str, array: npt.ArrayLike) -> ValueStatistics:
    values = np.asarray(array, dtype=np.float64)
    if values.size == 0:
        raise CalibrationMissing(f"The calibration holds no samples of '{name}'. Give at least one.", tensor=name)
    if not np.isfinite(values).all():
        raise CalibrationMissing(
            f"The float model gives NaN or infinity in '{name}' on the calibration samples. Repair the samples.",
            tensor=name,
        )
    features = np.abs(values).reshape(-1, values.shape[-1] if values.ndim else 1).max(axis=0)
    return ValueStatistics(
        float(values.min()), float(values.max()), tuple(float(x) for x in features), _exact_exponent(values)
    )


def _exact_exponent(values: npt.NDArray[np.float64]) -> int | None:
    for exponent in range(MAX_EXACT_EXPONENT + 1):
        scaled = np.ldexp(values, exponent)
        if np.abs(scaled).max() >= 2.0**52:
            return None
        if (scaled == np.floor(scaled)).all():
            return exponent
    return None


class _Magnitudes:
    """How many entries of a value have which magnitude, by 32 steps for each power of two."""

    STEPS, LEAST, MOST = 32, -160, 160

    def __init__(self) -> None:
        self._counts = np.zeros((self.MOST - self.LEAST) * self.STEPS, dtype=np.int64)
        self._zeros = 0

    def add(self, array: npt.ArrayLike) -> None:
        magnitudes = np.abs(np.asarray(array, dtype=np.float64)).ravel()
        mantissa, exponent = np.frexp(magnitudes[magnitudes > 0])
        steps = (np.clip(exponent, self.LEAST + 1, self.MOST) - self.LEAST - 1) * self.STEPS
        steps += ((mantissa - 0.5) * 2 * self.STEPS).astype(np.int64)
        self._counts += np.bincount(steps, minlength=self._counts.size)
        self._zeros += int(magnitudes.size - mantissa.size)

    def percentile(self, percent: float) -> float:
        """The upper end of the step that holds the percentile."""
        total = self._zeros + np.cumsum(self._counts)
        wanted = int(np.ceil(int(total[-1]) * percent / 100.0))
        if wanted <= self._zeros:
            return 0.0
        octave, step = divmod(int(np.searchsorted(total, wanted)), self.STEPS)
        return float(np.ldexp(0.5 + (step + 1) / (2 * self.STEPS), octave + self.LEAST + 1))


def _taken_together(values: Mapping[str, ValueStatistics]) -> dict[str, ValueStatistics]:
    """The statistics of values of all steps of a sequence together (`graph.steps`)."""
    families: dict[str, ValueStatistics] = {}
    for name, own in values.items():
        key = family(name)
        if key is not None:
            families[key] = _joined(families[key], own) if key in families else own
    return {name: families.get(family(name) or "", own) for name, own in values.items()}


def _joined(left: ValueStatistics, right: ValueStatistics) -> ValueStatistics:
    typical = None if left.typical is None or right.typical is None else max(left.typical, right.typical)
    return replace(left.merged(right), typical=typical)


@dataclass(frozen=True)
class Calibration:
    """Statistics of all values by name."""

    values: Mapping[str, ValueStatistics] = field(default_factory=dict)

    @staticmethod
    def from_arrays(arrays: Mapping[str, npt.ArrayLike]) -> Calibration:
        """From arrays by value name, each holding the value for all samples. Raises `CalibrationMissing`."""
        return Calibration({name: _statistics(name, array) for name, array in arrays.items()})

    @staticmethod
    def from_runs(runs: Iterable[Mapping[str, npt.ArrayLike]], *, percentile: float = 100.0) -> Calibration:
        """From one mapping of arrays for each run or batch, merged. Raises `CalibrationMissing` without runs.

        `percentile` below 100: the statistics of values of floats say what is typical, too.
        """
        merged: dict[str, ValueStatistics] = {}
        magnitudes: dict[str, _Magnitudes] = {}
        for run in runs:
            for name, statistics in Calibration.from_arrays(run).values.items():
                merged[name] = merged[name].merged(statistics) if name in merged else statistics
                if percentile < 100.0:
                    magnitudes.setdefault(name, _Magnitudes()).add(run[name])
        if not merged:
            raise CalibrationMissing("There are no calibration samples. Give at least one.", tensor="")
        for name, found in magnitudes.items():
            typical = min(found.percentile(percentile), merged[name].magnitude)
            merged[name] = replace(merged[name], typical=typical)
        return Calibration(_taken_together(merged))

    def of(self, name: str) -> ValueStatistics:
        """The statistics of value `name`. Raises `CalibrationMissing(tensor)`."""
        try:
            return self.values[name]
        except KeyError:
            raise CalibrationMissing(
                f"The calibration does not reach '{name}'. Run the float model on samples for every value.", tensor=name
            ) from None


def values_to_calibrate(graph: Graph) -> tuple[str, ...]:
    """The values that a float run must give: inputs and everything that nodes compute.

    Not inputs that trees alone read: they are compared, not scaled, and may hold missing entries (NaN). Not masks and
    masked scores, which hold numbers that no scale is for, or minus infinity.
    """
    graph = mark_masks(graph)
    computed = (name for node in graph.nodes for name in node.outputs if name)
    names = (*(value.name for value in graph.inputs), *computed)
    compared = {name for found in compared_inputs(graph).values() for name in found.values}
    return tuple(name for name in names if name not in compared)
