"""Chapter 3, "Mask vector mu": where its entries lie."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MaskIndex:
    """Positions in the mask vector mu; `lanes` is 0 but for the helper argument."""

    n: int
    n2: int
    row_variables: int
    lanes: int = 0

    u = 0
    v = 1

    def pad(self, kind: str, j: int, b: int) -> int:
        """[p, j, b] or [q, j, b], j = 1 .. n."""
        return 2 + 4 * (j - 1) + 2 * "pq".index(kind) + b

    def tree(self, j: int, i: int, d: int) -> int:
        """The mask of layer j, variable i = 0 .. j, d = 1, 2."""
        return 2 + 4 * self.n + j * (j + 1) + 2 * i + d - 1

    def key_pad(self, lane: int) -> int:
        """[k_l]."""
        return 2 + lane

    @property
    def helper_pad(self) -> int:
        """[h]."""
        return 2 + self.lanes

    @property
    def multiplicity_pad(self) -> int:
        """[m]."""
        return 3 + self.lanes

    def g1(self, i: int, d: int) -> int:
        """The mask of the helper argument: variable i = 0 .. n, d = 1 .. L + 2."""
        return 4 + self.lanes + i * (self.lanes + 2) + d - 1

    def g2(self, i: int, d: int) -> int:
        lookups = self.g1(self.n + 1, 1) if self.lanes else self.tree(self.n, 0, 1)
        return lookups + 2 * i + d - 1

    def g3(self, i: int, d: int) -> int:
        return self.g2(self.n2, 1) + 2 * i + d - 1

    @property
    def length(self) -> int:
        return self.g3(self.row_variables, 1)
