"""`Relation`: what Python hands to the prover, frozen, with the names and origins that people need beside it.

The canonical bytes (`encode`) hold what the protocol defines and nothing else: names, origins, fixed contents and the
recipe for derived tensors stay in Python. `sidecar` and `restore` carry them through a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zkseal.errors import WrongInput
from zkseal.relation.expressions import Expr, Loop
from zkseal.relation.types import Column, Expression, Lookup, Table, Tensor, Zero

__all__ = ["Cost", "DerivedRange", "Names", "Origins", "Relation", "Values"]

Values = Mapping[str, np.ndarray]
"""Integer arrays by tensor name, each of the shape of its tensor."""


@dataclass(frozen=True, slots=True)
class Names:
    """A name for everything that has an index."""

    tensors: tuple[str, ...]
    loops: tuple[str, ...]
    tables: tuple[str, ...]
    lookups: tuple[str, ...]
    zeros: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origins:
    """The graph node that each tensor and constraint came from; empty where there is none."""

    tensors: tuple[str, ...]
    lookups: tuple[str, ...]
    zeros: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DerivedRange:
    """Limbs that `complete` computes: the low limbs, `limb_bits` each, of what the lookup `lookup` shows the top of."""

    lookup: int
    limbs: tuple[int, ...]
    limb_bits: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a proof of the relation has to handle, all for scope 0; lookups + table_rows are the leaves of the tree."""

    lookups: int
    table_rows: int
    committed: Mapping[Column, int]
    """Committed values of each column, multiplicities (as many as table rows) included under WITNESS."""
    product_terms: int
    """Merged terms with two accesses."""
    product_slots: int
    """Values of their shared loops, together."""
    limb_bits: int
    """The limb width that ranges were decomposed with; 0 without ranges."""


@dataclass(frozen=True)
class Relation:
    """A frozen relation. Equality is equality of what the canonical bytes hold."""

    annotation: bytes
    tensors: tuple[Tensor, ...]
    loops: tuple[int, ...]
    lists: tuple[tuple[int, ...], ...]
    tables: tuple[Table, ...]
    lookups: tuple[Lookup, ...]
    zeros: tuple[Zero, ...]
    names: Names = field(compare=False)
    origins: Origins = field(compare=False)
    fixed: Mapping[str, np.ndarray] = field(compare=False, repr=False)
    """Contents of `table` tensors that are known when the relation is written, by tensor name."""
    derived: tuple[DerivedRange, ...] = field(compare=False, default=())
    order: tuple[tuple[str, int], ...] = field(compare=False, repr=False, default=())
    """Constraints in the order in which they were written, as ("lookup" | "zero", index): the order of `check`."""
    limb_bits: int = field(compare=False, default=0)

    # Names -------------------------------------------------------------------------------------------------------

    def tensor_index(self, name: str) -> int:
        """The index of the tensor called `name`. Raises `WrongInput` if there is none."""
        try:
            return self._tensor_indices[name]
        except KeyError:
            raise WrongInput(f"The relation has no tensor '{name}'.", name=name, expected=None, got=name) from None

    def tensor(self, name: str) -> Tensor:
        """The tensor called `name`."""
        return self.tensors[self.tensor_index(name)]

    def tensors_of(self, column: Column) -> dict[str, Tensor]:
        """The tensors of a column by name, in order of declaration."""
        return {
            name: tensor
            for name, tensor in zip(self.names.tensors, self.tensors, strict=True)
            if tensor.column == column
        }

    @property
    def _tensor_indices(self) -> dict[str, int]:
        cached: dict[str, int] | None = self.__dict__.get("_index_cache")
        if cached is None:
            cached = {name: index for index, name in enumerate(self.names.tensors)}
            object.__setattr__(self, "_index_cache", cached)
        return cached

    # Bytes -------------------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """The canonical bytes of docs/protocol/2-relation.md. Raises `InvalidRelation` if a number does not fit."""
        from zkseal.relation.encoding import encode

        return encode(self)

    @staticmethod
    def decode(data: bytes) -> Relation:
        """The validated relation that `data` encodes, with generated names. Raises `InvalidRelation`."""
        from zkseal.relation.encoding import decode

        return decode(data)

    def validate(self) -> None:
        """Checks every rule of the chapter's section Validation. Raises `InvalidRelation` naming rule and place."""
        from zkseal.relation.validation import validate

        validate(self)

    def sidecar(self) -> dict[str, Any]:
        """What `encode` leaves out, but for `fixed`, as plain lists, texts and integers (for CBOR or JSON)."""
        from zkseal.relation.sidecar import sidecar

        return sidecar(self)

    @staticmethod
    def restore(data: bytes, sidecar: Mapping[str, Any], fixed: Values) -> Relation:
        """The relation of which `data`, `sidecar` and `fixed` were taken. Raises `InvalidRelation`."""
        from zkseal.relation.sidecar import restore

        return restore(data, sidecar, fixed)

    # Values ------------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        what: Expr | Expression | Zero | Lookup,
        values: Values,
        *,
        loops: Sequence[Loop] | None = None,
    ) -> np.ndarray:
        """Exact values at every index of the loops: int64, or Python integers (dtype object) where they need it.

        An expression is evaluated over `loops` (default: its free loops, ascending by declaration), a Zero over its own
        loops, a Lookup with its expressions stacked on a first axis. Raises `UnsatisfiedConstraint` if a division by a
        power of two leaves a remainder, `WrongInput` for a missing or misshapen tensor.
        """
        from zkseal.relation.evaluation import evaluate

        return evaluate(self, what, values, loops)

    def complete(self, values: Values) -> dict[str, np.ndarray]:
        """`values` and, beside them, the derived witness (limbs of ranges).

        Never fails for values that break a constraint: then `check` names the constraint.
        """
        from zkseal.relation.completion import complete

        return complete(self, values)

    def check(self, values: Values, *, fast: bool = False, sampled: int | None = None) -> None:
        """Checks bounds and every constraint, in the order in which they were written; `values` must be complete.

        By default plain loops over Python integers that share no code with `evaluate`. `sampled` looks at that many
        indices of each constraint only (the same ones every time); `fast` uses `evaluate`. Raises
        `ValueOutOfBounds(tensor, index, lo, hi)`, then `UnsatisfiedConstraint(constraint, index, node)`.
        """
        from zkseal.relation.checker import check

        check(self, values, fast=fast, sampled=sampled)

    # People ------------------------------------------------------------------------------------------------------

    @property
    def cost(self) -> Cost:
        """The predicted figures of a proof."""
        from zkseal.relation.cost import cost

        return cost(self)

    def pretty(self) -> str:
        """The relation as text: tensors by column, tables, constraints as formulas with names and origins."""
        from zkseal.relation.printer import pretty

        return pretty(self)
