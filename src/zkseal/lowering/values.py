"""The values of an integer program: committed integers, stored parameters, and what runs over them.

A real number is `integer * 2^-exponent`. Three kinds of value exist while a graph is lowered:

- `Quantized`: committed (a tensor of the relation, or a view of one), with proven integer bounds;
- `Parameter`: a constant of the model, stored as integers in a `model` (private) or `table` (public) tensor;
- `Accumulator`: an exact integer function of these that is never committed. It is computed (`compute`) and written as
  an expression (`expression`); whoever commits it decides how it is rounded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from zkseal.errors import AccumulatorTooWide, RangeExceeded
from zkseal.quantize.integers import Integers, Narrow, narrow, widen
from zkseal.relation import Expr

if TYPE_CHECKING:
    from zkseal.lowering.emitter import Emitter
    from zkseal.lowering.view import AxisIndex

__all__ = ["MAX_ACCUMULATOR_BITS", "Accumulator", "Environment", "Operand", "Parameter", "Quantized", "Step", "Stored"]

MAX_ACCUMULATOR_BITS = 62
"""Accumulators are computed in int64; with the half that rounding adds they must stay inside."""


@dataclass(frozen=True)
class Quantized:
    """A committed value: integers in [lo, hi], real = integer * 2^-exponent.

    `feature_exponents` (graph inputs only) adds an exponent for each index of the last axis:
    real = integer * 2^-(exponent + feature_exponents[j]).

    `order` (graph inputs that only trees read): integers are codes of floats, `quantize.ordered`; then `missing` says
    whether NaN, a missing entry, is accepted.
    """

    name: str
    shape: tuple[int, ...]
    exponent: int
    lo: int
    hi: int
    feature_exponents: tuple[int, ...] | None = None
    order: str | None = None
    missing: bool = False

    @property
    def magnitude(self) -> int:
        """Largest absolute value."""
        return max(abs(self.lo), abs(self.hi))

    def check(self, integers: Integers) -> Integers:
        """`integers` if they are in range, else raises `RangeExceeded(tensor, value, lo, hi)` with real numbers."""
        for worst in (int(integers.max(initial=self.hi)), int(integers.min(initial=self.lo))):
            if not self.lo <= worst <= self.hi:
                scale = 2.0**-self.exponent
                raise RangeExceeded(
                    f"'{self.name}' reaches {worst * scale:.6g}; its integers hold {self.lo * scale:.6g} to "
                    f"{self.hi * scale:.6g}. Calibrate with samples like this one, or compile with more headroom.",
                    tensor=self.name,
                    value=worst * scale,
                    lo=self.lo * scale,
                    hi=self.hi * scale,
                )
        return integers


@dataclass(frozen=True, eq=False)
class Parameter:
    """A constant of the model as integers, in its logical shape.

    `stored` has the narrowest type: it is what is committed, and a view of the file in a proving key that was loaded.
    """

    name: str
    stored: Narrow = field(repr=False)
    exponent: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "stored", narrow(self.stored))

    @property
    def integers(self) -> Integers:
        """The integers to compute with: a copy, unless they need 64 bits."""
        return widen(self.stored)

    @property
    def shape(self) -> tuple[int, ...]:
        """Logical shape."""
        return tuple(self.stored.shape)

    @property
    def magnitude(self) -> int:
        """Largest absolute value."""
        return max(-int(self.stored.min(initial=0)), int(self.stored.max(initial=0)))


@dataclass(frozen=True)
class Operand:
    """A committed value that an accumulator reads: `axes[k]` is its axis that runs with axis k of the accumulator.

    None: no axis of the value does. An axis of size 1 is broadcast.
    """

    name: str
    axes: tuple[int | None, ...]


class Environment:
    """Integer values while a program runs, by name: graph values and hints, each in its logical shape."""

    def __init__(self) -> None:
        self._values: dict[str, Integers] = {}

    def __getitem__(self, name: str) -> Integers:
        return self._values[name]

    def __setitem__(self, name: str, integers: Integers) -> None:
        self._values[name] = integers

    def names(self) -> tuple[str, ...]:
        """All names that have a value, in order of computation."""
        return tuple(self._values)


@dataclass(frozen=True)
class Accumulator(ABC):
    """See the module. `name`: the graph value that it stands for; `node`: what made it; [lo, hi]: its bounds."""

    name: str
    node: str
    shape: tuple[int, ...]
    exponent: int
    lo: int
    hi: int

    def __post_init__(self) -> None:
        bits = max(abs(self.lo), abs(self.hi)).bit_length()
        if bits >= MAX_ACCUMULATOR_BITS:
            raise AccumulatorTooWide(
                f"The accumulator of node '{self.node}' can reach {bits} bits, more than {MAX_ACCUMULATOR_BITS - 1}. "
                "Use fewer bits for activations or weights, or split the node.",
                node=self.node,
                bits=bits,
            )

    @abstractmethod
    def operands(self) -> tuple[Operand, ...]:
        """The committed values whose layout decides how the axes of this accumulator are cut into loops."""

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(axis, sizes): axes that must be cut into loops of these sizes, for reasons of its own (groups of a Conv)."""
        return ()

    @abstractmethod
    def compute(self, environment: Environment) -> Integers:
        """The exact value, int64, of `shape`."""

    @abstractmethod
    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        """The same as an expression at `index`, one entry for each axis of `shape`."""

    @property
    def is_bounded(self) -> bool:
        """Whether [lo, hi] follows from bounds that the relation proves, not from the integers of hidden weights."""
        return False

    @property
    def magnitude(self) -> float:
        """Bound of the real value."""
        return float(max(abs(self.lo), abs(self.hi))) * 2.0**-self.exponent


@dataclass(frozen=True)
class Stored(Accumulator):
    """A committed value used as an accumulator."""

    @staticmethod
    def of(value: Quantized, node: str) -> Stored:
        """The value itself."""
        return Stored(value.name, node, value.shape, value.exponent, value.lo, value.hi)

    @property
    def is_bounded(self) -> bool:
        return True

    def operands(self) -> tuple[Operand, ...]:
        return (Operand(self.name, tuple(range(len(self.shape)))),)

    def compute(self, environment: Environment) -> Integers:
        return environment[self.name]

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        return emitter.read(self.name, index)


@runtime_checkable
class Step(Protocol):
    """One step of an integer program, in order of execution. Steps are made by rules (`lowering.rules`)."""

    def execute(self, environment: Environment) -> None:
        """Computes the step's values and hints. Raises `RangeExceeded`."""

    def constrain(self, emitter: Emitter) -> None:
        """Declares the step's tensors and everything that ties them to the tensors before."""
