"""Names of values that are computed anew in every step of a sequence or loop.

Such values hold numbers of the same kind, step after step, so calibration takes their statistics together: a scale that
fits one step only would be left by the next input. The convention: the number of the step stands in the name, as
`lstm/step_3/gates`.
"""

from __future__ import annotations

import re

__all__ = ["family", "step_scope"]

_STEP = re.compile(r"(^|/)step_[0-9]+/")


def step_scope(number: int) -> str:
    """What stands in the names of values of step `number`, in front of what they are called."""
    return f"step_{number}/"


def family(name: str) -> str | None:
    """The same for all values that differ in the number of their steps only; None for values outside of steps."""
    return _STEP.sub(r"\1step/", name) if _STEP.search(name) else None
