"""The choices that a user has when a float model is turned into integers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["QuantizationOptions"]


@dataclass(frozen=True, kw_only=True)
class QuantizationOptions:
    """How activations and weights become integers.

    - `bits`: width of committed activations, 16 (default) or 8 (or 4 .. 16): integers in
      [-2^(bits-1), 2^(bits-1)).
    - `weight_bits`: widest stored weight, 4 .. 16.
    - `headroom`: an activation may be this many times larger than the largest magnitude of the calibration; beyond
      that `RangeExceeded` is raised while proving. At least 1.
    - `function_bits`: bits of accuracy of nonlinear functions (Sigmoid, Tanh, Softmax), absolute: they reach 1.
    """

    bits: int = 16
    weight_bits: int = 16
    headroom: float = 2.0
    function_bits: int = 14

    def __post_init__(self) -> None:
        for name, value, lo, hi in (
            ("bits", self.bits, 4, 16),
            ("weight_bits", self.weight_bits, 4, 16),
            ("function_bits", self.function_bits, 4, 16),
        ):
            if not lo <= value <= hi:
                raise ValueError(f"{name} must lie in {lo} .. {hi}, got {value}.")
        if not self.headroom >= 1.0:
            raise ValueError(f"headroom must be at least 1, got {self.headroom}.")

    @property
    def limit(self) -> int:
        """The largest committed activation, 2^(bits-1) - 1."""
        return (1 << (self.bits - 1)) - 1
