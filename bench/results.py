"""Figures of measured records. One that is missing, not finite or not positive is an error, never 0."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

FORMAT = "zkseal bench v2"

BUSY = 0.2
"""Time that threads waited for a core, over CPU time, above which wall times are marked."""


class MissingFigure(Exception):
    """A record lacks a figure, or holds something that no measurement gives."""


def figure(record: Record, *path: str, zero: bool = False) -> float:
    """The number at `path`; the median where repetitions are listed. `zero` allows 0, as for errors.

    Raises:
        MissingFigure
    """
    values = _at(record, path)
    numbers = values if isinstance(values, list) else [values]
    if not numbers:
        raise MissingFigure(f"{'.'.join(path)} was not measured")
    return statistics.median(_number(number, path, zero) for number in numbers)


def least(record: Record, *path: str) -> float:
    """The smallest of the repetitions at `path`. Raises `MissingFigure`."""
    values = _at(record, path)
    if not isinstance(values, list) or not values:
        raise MissingFigure(f"{'.'.join(path)} was not repeated")
    return min(_number(number, path, False) for number in values)


def phase_medians(record: Record, unit: str = "cpu_s") -> dict[str, float]:
    """Seconds of each phase of proving, medians over repetitions; `unit` is cpu_s or wall_s.

    Raises:
        MissingFigure: there are no phases, or repetitions differ in their phases.
    """
    return {phase: statistics.median(repeated) for phase, repeated in _phases(record, unit).items()}


def phase_least(record: Record, unit: str = "cpu_s") -> dict[str, float]:
    """As `phase_medians`, but of each phase the least of the repetitions."""
    return {phase: min(repeated) for phase, repeated in _phases(record, unit).items()}


def _phases(record: Record, unit: str) -> dict[str, list[float]]:
    repetitions = [repetition[unit] for repetition in record["prove"]["phases"]]
    if not repetitions or any(repetition.keys() != repetitions[0].keys() for repetition in repetitions):
        raise MissingFigure("prove.phases: the repetitions do not have the same phases")
    return {phase: [repetition[phase] for repetition in repetitions] for phase in repetitions[0]}


def contention(record: Record, *path: str) -> float:
    """How much longer threads waited for a core than they ran, at `path`: 0 on an idle machine."""
    return figure(record, *path, "waited_s", zero=True) / figure(record, *path, "cpu_s")


def busy(record: Record, *path: str) -> bool:
    """Whether wall times at `path` say more about what else the machine did."""
    return contention(record, *path) > BUSY


def _at(record: Record, path: tuple[str, ...]) -> Any:
    value: Any = record
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            raise MissingFigure(f"{'.'.join(path)} was not measured")
        value = value[key]
    return value


def _number(value: Any, path: tuple[str, ...], zero: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MissingFigure(f"{'.'.join(path)} is {value!r}, not a number")
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise MissingFigure(f"{'.'.join(path)} is {value}, which no measurement gives")
    return float(value)
