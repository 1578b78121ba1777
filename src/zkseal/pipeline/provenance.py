"""Where an integer program came from, for people: small facts that a proving key keeps of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zkseal.quantize import AccuracyReport, QuantizationOptions

__all__ = ["Provenance"]


@dataclass(frozen=True)
class Provenance:
    """Nothing that a proof depends on.

    Attributes:
        name: of the model.
        operators: how often each occurs, by name in alphabetical order.
        notes: sentences about what loading and lowering changed.
        parameters: entries of all constants of the model.
        options: how it was quantized.
        accuracy: error against the float model, if compile was asked to measure it.
    """

    name: str
    operators: Mapping[str, int]
    notes: tuple[str, ...]
    parameters: int
    options: QuantizationOptions
    accuracy: AccuracyReport | None = field(default=None, repr=False)
