"""The choices that a user has when a float model is turned into integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MAX_BITS", "MIN_BITS", "QuantizationOptions"]

MIN_BITS, MAX_BITS = 4, 16
MIN_PERCENTILE = 50.0


@dataclass(frozen=True, kw_only=True)
class QuantizationOptions:
    """How activations and weights become integers.

    - `bits`: width of committed activations, 16 (default) or 8 (or 4 .. 16): integers in
      [-2^(bits-1), 2^(bits-1)).
    - `tensor_bits`: width of single activations, by value name, where it differs (`pipeline.mixed_precision` chooses
      it).
    - `weight_bits`: widest stored weight, 4 .. 16.
    - `headroom`: an activation may be this many times larger than the largest magnitude of the calibration; beyond
      that `RangeExceeded` is raised while proving. At least 1.
    - `percentile`: 100 (default), or the share in percent, at least 50, of a computed value's entries that decides its
      scale. Entries beyond (times headroom) saturate: the proved program clamps them, by constraints of its own. Inputs
      are never clamped.
    - `function_bits`: bits of accuracy of nonlinear functions (Sigmoid, Tanh, Softmax), absolute: they reach 1.
    """

    bits: int = 16
    weight_bits: int = 16
    headroom: float = 2.0
    function_bits: int = 14
    percentile: float = 100.0
    tensor_bits: Mapping[str, int] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensor_bits", dict(sorted(self.tensor_bits.items())))
        for name, value in (
            ("bits", self.bits),
            ("weight_bits", self.weight_bits),
            ("function_bits", self.function_bits),
            *((f"tensor_bits of {name!r}", value) for name, value in self.tensor_bits.items()),
        ):
            if not MIN_BITS <= value <= MAX_BITS:
                raise ValueError(f"{name} must lie in {MIN_BITS} .. {MAX_BITS}, got {value}.")
        if not self.headroom >= 1.0:
            raise ValueError(f"headroom must be at least 1, got {self.headroom}.")
        if not MIN_PERCENTILE <= self.percentile <= 100.0:
            raise ValueError(f"percentile must lie in {MIN_PERCENTILE:g} .. 100, got {self.percentile}.")

    @property
    def limit(self) -> int:
        """The largest committed activation, 2^(bits-1) - 1."""
        return (1 << (self.bits - 1)) - 1

    def bits_of(self, name: str) -> int:
        """The width of activation `name`."""
        return self.tensor_bits.get(name, self.bits)

    def limit_of(self, name: str) -> int:
        """The largest committed integer of activation `name`."""
        return (1 << (self.bits_of(name) - 1)) - 1

    @property
    def saturates(self) -> bool:
        """Whether computed values are clamped where they leave their range."""
        return self.percentile < 100.0
